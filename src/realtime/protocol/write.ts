/*
 * Packets are written here: what sockets and namespaces emit becomes the text that waits for
 * clients. read.ts reads the packets of clients.
 */
import type { Packet } from './types';

/** By type: the number that a packet's text begins with. */
const TYPES: { [type in Packet['type']]: string } = {
  disconnect: '0',
  connect: '1',
  heartbeat: '2',
  message: '3',
  json: '4',
  event: '5',
  ack: '6',
  error: '7',
  noop: '8',
};

/** @returns a packet as 0.9 writes it: type : id + : endpoint : data */
export function encodePacket(packet: Partial<Packet>): string {
  const { type, id, ack, endpoint = '' } = packet;
  const plus = ack === 'data' ? '+' : '';
  const data = encodeData(packet);
  return `${TYPES[type!]}:${id || ''}${plus}:${endpoint}${data === '' ? '' : `:${data}`}`;
}

function encodeData({ type, data, name, args = [], ackId, reason }: Partial<Packet>): string {
  switch (type) {
    case 'event': return encodeEvent(name, args);
    case 'message': return data === undefined || data === null ? '' : `${data as string}`;
    // undefined and functions are no JSON. As in a list of arguments, they are null.
    case 'json': return JSON.stringify(data) || 'null';
    case 'ack': {
      if (args.length === 0) return String(ackId);
      // 0.9's client reads an acknowledgement up to the first U+2028 or U+2029 only. They are
      // escaped, as JSON allows.
      return `${ackId}+${JSON.stringify(args).replace(/[\u2028\u2029]/g, escape)}`;
    }
    case 'error': return reason === 'unauthorized' ? '2' : '';
    default: return '';
  }
}

/**
 * A name that is no text, such as a number or undefined, becomes one: without a name it is no event
 * to a page, which would come back for it for ever.
 */
function encodeEvent(name: unknown, args: unknown[]): string {
  const text = String(name);
  return JSON.stringify(args.length > 0 ? { name: text, args } : { name: text });
}

function escape(letter: string): string {
  return letter === '\u2028' ? '\\u2028' : '\\u2029';
}

/** @returns packets that go together, each with its length before it; a single one as it is */
export function encodePayload(packets: string[]): string {
  if (packets.length === 1) return packets[0]!;
  let payload = '';
  for (const packet of packets) payload += `\ufffd${packet.length}\ufffd${packet}`;
  return payload;
}
