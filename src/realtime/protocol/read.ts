/*
 * Reads the packets of clients. A client may have written them to do harm. http/serve.ts has the
 * packets of a POST, and http/websocket.ts has the packet of a WebSocket's message. write.ts writes
 * the packets of the server.
 */
import { withoutPrototypes } from './json';
import { Refusal } from './refusal';
import type { Packet } from './types';

/** The types of packets, by the number with which the text of a packet begins. */
const TYPES: Packet['type'][] = [
  'disconnect', 'connect', 'heartbeat', 'message', 'json', 'event', 'ack', 'error', 'noop',
];
/** The id of a packet. If it has a plus, a handler acknowledges the packet. */
const ID = /^[0-9]{1,15}\+?$/;
const LENGTH = /^[0-9]{1,9}$/;
const NUMBER = /^[0-9]{1,15}$/;
const ACK = /^([0-9]{1,15})(?:\+([^]*))?$/;
/**
 * The largest number of arguments. No handler has more arguments. 0.9 passes 450,000 arguments to a
 * function, and the stack overflows.
 */
const MOST_ARGS = 100;

/**
 * Reads the body of a POST: one packet, or several packets. Each of several packets has its length
 * before it, between two U+FFFD.
 * @param most the largest number of packets in the body
 * @throws Refusal if 0.9's client would not write such a body
 */
export function readPayload(text: string, most: number): Packet[] {
  if (text[0] !== '\ufffd') return [readPacket(text)];
  const { stackTraceLimit } = Error;
  // A packet that is refused costs two errors, and nobody reads their stacks. With stacks, 2,000
  // such packets in one POST took 18 ms of processor. Without stacks, the packets took 7 ms (node
  // 20).
  Error.stackTraceLimit = 0;
  try {
    return readPackets(text, most);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function readPackets(text: string, most: number): Packet[] {
  const packets: Packet[] = [];
  for (let at = 0; at < text.length;) {
    const mark = text.indexOf('\ufffd', at + 1);
    const length = text.slice(at + 1, mark);
    const start = mark + 1;
    const isPacket = text[at] === '\ufffd' && mark >= 0 && LENGTH.test(length);
    if (!isPacket || start + Number(length) > text.length) throw new Refusal(400, 'not a payload');
    if (packets.length === most) throw new Refusal(413, `a POST may have ${most} packets`);
    at = start + Number(length);
    packets.push(readPacket(text.slice(start, at)));
  }
  return packets;
}

/**
 * Reads one packet. If a packet with an id is refused, it has the refusal (`refused`), because the
 * sender may wait for an answer.
 * @throws Refusal if 0.9's client would not write such a packet
 */
export function readPacket(text: string): Packet {
  // In 0.9's protocol document, a text that is only 0 ends the whole session.
  if (text === '0') return { type: 'disconnect', endpoint: '', size: 1 };
  // The form is type : id + : endpoint : data. 0.9's own regular expression for this form takes
  // minutes for a megabyte without a colon.
  const type = TYPES[text.charCodeAt(0) - 0x30];
  const second = text.indexOf(':', 2);
  const id = text.slice(2, second);
  if (type === undefined || text[1] !== ':' || second < 0 || (id !== '' && !ID.test(id))) {
    throw new Refusal(400, 'not a packet');
  }
  const third = text.indexOf(':', second + 1);
  const endpoint = text.slice(second + 1, third < 0 ? text.length : third);
  const packet: Packet = { type, endpoint, size: text.length };
  if (id !== '') {
    packet.id = parseInt(id, 10);
    packet.ack = id.endsWith('+') ? 'data' : true;
  }
  try {
    readBody(packet, third < 0 ? '' : text.slice(third + 1));
  } catch (error) {
    if (id === '' || !(error instanceof Refusal)) throw error;
    packet.refused = error;
  }
  return packet;
}

function readBody(packet: Packet, body: string): void {
  switch (packet.type) {
    case 'message':
      packet.data = body;
      break;
    case 'json':
      packet.data = readJson(body);
      break;
    case 'event': {
      const event = readJson(body) as { name?: unknown; args?: unknown } | null;
      if (typeof event !== 'object' || event === null || typeof event.name !== 'string') {
        throw new Refusal(400, 'not an event');
      }
      packet.name = event.name;
      packet.args = readArgs(event.args === undefined ? [] : event.args);
      break;
    }
    case 'ack': {
      const ack = ACK.exec(body);
      if (!ack) throw new Refusal(400, 'not an acknowledgement');
      packet.ackId = Number(ack[1]);
      packet.args = readArgs(ack[2] === undefined ? [] : readJson(ack[2]));
    }
  }
}

function readArgs(args: unknown): unknown[] {
  if (!Array.isArray(args) || args.length > MOST_ARGS) {
    throw new Refusal(400, 'not a list of arguments');
  }
  return args;
}

/**
 * @returns the number that public/realtime.js has written in a query string; null if the text is no
 * number
 */
export function readNumber(text: unknown): number | null {
  return typeof text === 'string' && NUMBER.test(text) ? Number(text) : null;
}

/** One error for all packets, because a POST can have 2,000 packets that are not JSON. */
const NOT_JSON = new Refusal(400, 'not JSON');

/**
 * Reads JSON without the keys that reach an object's prototype (json.ts). Otherwise a handler that
 * copies or merges an object could change the prototype of all objects.
 */
function readJson(text: string): unknown {
  const safe = withoutPrototypes(text);
  if (safe === null) throw new Refusal(400, 'JSON that is too deep');
  try {
    return JSON.parse(safe);
  } catch {
    throw NOT_JSON;
  }
}
