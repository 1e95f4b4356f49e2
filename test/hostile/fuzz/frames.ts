/* WebSockets: upgrade requests, and frames that a browser would not send. */
import { resource } from '../../support/template';
import { bend, packet, payload } from './packets';
import { Part, request } from './requests';
import { Random } from '../../support/random';

/**
 * Makes a request for a WebSocket, with or without mistakes. The request is complete HTTP, so the
 * server owes an answer.
 */
export function upgrade(r: Random): Part {
  const target = r.weighed([
    [8, `${resource}/1/websocket/{session}`], [1, `${resource}/1/websocket/${r.word(20)}`], [1, `${resource}/1/xhr-polling/{session}`],
    [0.5, `${resource}/1/websocket/__proto__`], [0.5, `${resource}/1/websocket`], [0.5, `${resource}/2/websocket/{session}`], [0.5, `${resource}/1/`],
    [0.3, '/elsewhere'], [0.3, `${resource}/1/websocket/{session}?disconnect=1`], [0.3, `${resource}/1/flashsocket/{session}`],
  ]);
  const headers = [
    r.weighed([[9, 'Connection: Upgrade'], [1, 'Connection: keep-alive, Upgrade']]),
    r.weighed([[9, 'Upgrade: websocket'], [1, 'Upgrade: WebSocket'], [0.5, 'Upgrade: h2c'], [0.3, 'Upgrade: ']]),
  ];
  const version = r.weighed([[9, '13'], [1, '8'], [0.5, '7'], [0.5, '0'], [0.5, '99'], [0.3, '__proto__'], [0.3, 'default'], [0.3, 'x'], [0.5, undefined]]);
  if (version !== undefined) headers.push(`Sec-WebSocket-Version: ${version}`);
  if (r.chance(0.93)) headers.push(`Sec-WebSocket-Key: ${r.weighed([[9, 'dGhlIHNhbXBsZSBub25jZQ=='], [1, ''], [1, 'x'.repeat(2000)]])}`);
  // The drafts before the standard asked for two numbers, hidden among spaces.
  if (r.chance(0.1)) headers.push(`Sec-WebSocket-Key1: ${r.pick(['1 2 3', 'x', '9'.repeat(50)])}`, `Sec-WebSocket-Key2: ${r.pick(['4 5 6', ''])}`);
  if (r.chance(0.1)) headers.push('Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits');
  return request(r, r.chance(0.97) ? 'GET' : 'POST', target, undefined, headers);
}

/** @returns the bytes that go over the connection once it is a WebSocket */
export function frames(r: Random): Buffer {
  const made = Array.from({ length: 1 + r.below(5) }, () => frame(r));
  const all = Buffer.concat(made);
  return r.weighed([[8, all], [1, all.subarray(0, r.below(all.length))], [1, r.bytes(1 + r.below(100))]]);
}

function frame(r: Random): Buffer {
  const text = r.weighed([[6, packet(r)], [2, bend(r, packet(r))], [1, payload(r)], [0.5, '']]);
  const content = r.chance(0.08) ? r.bytes(r.below(300)) : Buffer.from(text);
  const opcode = r.weighed([[12, 1], [1, 0], [1, 2], [1, 8], [2, 9], [1, 10], [1, 3 + r.below(5)], [0.5, 11 + r.below(5)]]);
  const first = opcode | (r.chance(0.85) ? 0x80 : 0) | (r.chance(0.05) ? r.pick([0x40, 0x20, 0x10]) : 0);
  const masked = r.chance(0.93);
  // Some frames announce more bytes than they bring, or write a short length in the long form.
  const size = r.weighed<number | bigint>([
    [20, content.length], [1, content.length + 1 + r.below(1000)],
    [0.3, 0x7fffffff], [0.3, 0xffffffff], [0.3, 0x20000000000000n], [0.3, 0xffffffffffffffffn],
  ]);
  const head = size > 0xffff || r.chance(0.03)
    ? Buffer.concat([Buffer.from([first, 127]), eight(BigInt(size))])
    : size > 125 ? Buffer.from([first, 126, Number(size) >> 8, Number(size) & 0xff]) : Buffer.from([first, Number(size)]);
  if (!masked) return Buffer.concat([head, content]);
  head[1] |= 0x80;
  const mask = r.bytes(4);
  return Buffer.concat([head, mask, content.map((byte, at) => byte ^ mask[at % 4]!)]);
}

function eight(size: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(size);
  return bytes;
}
