/*
 * A seed and a number make a case. A case is a request, or other bytes in its place, and the manner
 * in which its sender goes on.
 */
import { resource } from '../../support/template';
import { frames, upgrade } from './frames';
import { body, NEXT, packet, payload } from './packets';
import { Random } from '../../support/random';
import { address, anyRequest, handshake, malformed, noise, Part, poll, request } from './requests';

/** How many sessions of its own the sender has at a time. */
export const SLOTS = 12;

/**
 * The sender treats a case in one of these manners:
 * - ask: the sender sends correct requests on a kept connection, one after the other without
 *   waiting. The server owes an answer to each.
 * - apart: the sender sends each request on a connection of its own, all at once. The server owes
 *   an answer to each.
 * - upgrade: the sender sends one request in the same way. If the connection becomes a WebSocket,
 *   frames follow.
 * - leave: the sender sends, and cuts the connection after `pause` ms, whatever has come. If
 *   `pause` is an even number, the sender resets the connection. In this manner and the next ones,
 *   the server owes nothing.
 * - finish: the sender sends, ends its side of the connection, and cuts the connection after
 *   `pause` ms.
 * - dribble: the sender sends the head, then the body a little at a time, and cuts the connection
 *   before the end.
 * - stay: the sender sends, and leaves the connection open.
 */
export type Manner = 'ask' | 'apart' | 'upgrade' | 'leave' | 'finish' | 'dribble' | 'stay';

export interface Case {
  index: number;
  /** A name for the reader of a failure. */
  kind: string;
  manner: Manner;
  parts: Part[];
  /** The number of the session that `{session}` stands for, among the sender's own. */
  slot: number;
  /** How long a sender waits before it leaves, or between two pieces that it sends, in ms. */
  pause: number;
  frames?: Buffer;
}

type Make = (r: Random) => Pick<Case, 'manner' | 'parts'> & Partial<Case>;

const post = (r: Random, content: Buffer): Part => request(r, 'POST', poll(r), content);
const ask = (...parts: Part[]): ReturnType<Make> => ({ manner: 'ask', parts });

/** Makes a POST that is sent without the end of its body. */
function half(r: Random): Part {
  const part = post(r, r.chance(0.3) ? Buffer.alloc(r.below(300000), '5:::{"name":"message"}') : Buffer.from(payload(r).padEnd(20, 'x')));
  return { ...part, body: part.body.subarray(0, r.below(part.body.length)) };
}

/**
 * Makes several requests on one connection. Only the last may say that it is the last. No request
 * waits for 100 Continue, because node writes 100 Continue into the answer to the request before,
 * if node is still writing that answer.
 */
function pipelined(r: Random): Part[] {
  const parts = Array.from({ length: 2 + r.below(5) }, () => (r.chance(0.5) ? post(r, body(r)) : anyRequest(r)))
    .map(part => ({ ...part, head: part.head.replace(/\r\nExpect: [^\r]*/, '') }));
  const last = parts.findIndex(part => / HTTP\/1\.0\r\n|\r\nConnection: close/.test(part.head));
  return last < 0 ? parts : parts.slice(0, last + 1);
}

/**
 * Makes a POST with a large body. The size is between a fifth of what a POST may carry and one and
 * a half times as much.
 */
function big(r: Random): Part {
  const size = r.pick([200000, 990000, 1000000, 1000001, 1500000]);
  const one = `\ufffd3\ufffd2::`;
  return post(r, r.pick([
    () => Buffer.alloc(size, 'x'),
    () => Buffer.alloc(size, one),
    () => Buffer.from('5:1+::{"name":"message","args":["'.padEnd(size - 3, 'y') + '"]}'),
    () => Buffer.alloc(size, packet(r) || 'x'),
  ])());
}

const KINDS: [weight: number, kind: string, make: Make][] = [
  [36, 'packet', r => ask(post(r, Buffer.from(packet(r))))],
  [16, 'body', r => ask(post(r, body(r)))],
  [18, 'request', r => ask(anyRequest(r))],
  [6, 'poll', r => ask(request(r, 'GET', poll(r)))],
  [1.5, 'polls doubled', r => ({ manner: 'apart', parts: [request(r, 'GET', poll(r)), request(r, 'GET', poll(r))] })],
  // The server keeps the headers of a handshake as long as its session. The header is long, so that
  // the memory shows a session that stays too long.
  [8, 'handshake', r => ask(request(r, 'GET', handshake(r), undefined, [`X-Long: ${'x'.repeat(10000)}`]))],
  [1, 'disconnect', r => ask(request(r, r.weighed([[9, 'GET'], [1, 'POST']]), `${resource}/1/${r.pick(['xhr-polling', '', 'websocket'])}/{session}/?disconnect=1`))],
  [2.5, 'pipelined', r => ask(...pipelined(r))],
  [0.3, 'big', r => ask(big(r))],
  [5, 'malformed', r => ({ manner: 'leave', parts: [malformed(r)] })],
  [2, 'noise', r => ({ manner: 'leave', parts: [noise(r)] })],
  [3, 'vanishes mid-body', r => ({ manner: 'leave', parts: [half(r)] })],
  [2, 'poll aborted', r => ({ manner: 'leave', parts: [request(r, 'GET', poll(r))] })],
  [1, 'answer not read', r => ({ manner: 'leave', parts: [request(r, 'GET', address(r)), anyRequest(r)], pause: 0 })],
  [1, 'half-closed', r => ({ manner: 'finish', parts: [r.pick([half, malformed, anyRequest])(r)] })],
  [1, 'slow', r => ({ manner: 'dribble', parts: [post(r, Buffer.from(payload(r).padEnd(60, ' ')))], pause: 50 + r.below(250) })],
  [0.5, 'half-open', r => {
    const part = half(r);
    return { manner: 'stay', parts: [r.chance(0.5) ? part : { ...part, head: part.head.slice(0, r.below(part.head.length - 2)), body: Buffer.alloc(0) }] };
  }],
  [0.5, 'upgrade abandoned', r => ({ manner: 'leave', parts: [upgrade(r), { method: 'GET', head: '', body: frames(r) }], pause: r.below(6) })],
  [1, 'upgrade', r => ({ manner: 'upgrade', parts: [upgrade(r)], frames: frames(r) })],
];

/** If the server takes WebSockets, two fifths of the cases are upgrades. */
const WITH_WEBSOCKETS = KINDS.map(([weight, kind, make]) => [weight * (kind.startsWith('upgrade') ? 50 : 1), [kind, make]] as const);
const WITHOUT = KINDS.map(([weight, kind, make]) => [weight, [kind, make]] as const);

export function makeCase(seed: number, index: number, webSockets: boolean): Case {
  const r = new Random(seed, index);
  const [kind, make] = r.weighed(webSockets ? WITH_WEBSOCKETS : WITHOUT);
  return { index, kind, slot: r.below(SLOTS), pause: r.below(60), ...make(r) };
}

/**
 * @returns the bytes that go over the wire
 * @param next returns the number of the session's next message
 */
export function wire(part: Part, session: string, next: () => number): Buffer {
  const encoded = `%${(session || '0').charCodeAt(0).toString(16)}${session.slice(1)}`;
  const head = part.head.replaceAll('{session}', session).replaceAll('{encoded}', encoded);
  const numbered = () => part.body.toString('latin1').replaceAll(NEXT, () => String(next()).padStart(NEXT.length, '0'));
  return Buffer.concat([Buffer.from(head, 'latin1'), part.body.includes(NEXT) ? Buffer.from(numbered(), 'latin1') : part.body]);
}

/** Describes a case in one line, for the message of a failure. */
export function describe(one: Case): string {
  const parts = one.parts.map(part => show(part.head + part.body.toString('latin1')));
  const then = one.frames ? `, then the frames ${one.frames.subarray(0, 100).toString('hex')}` : '';
  return `case ${one.index} (${one.kind}): ${parts.join(', ')}${then}`;
}

/** @returns bytes in printable letters, without the middle of a long text */
function show(bytes: string): string {
  const letters = (text: string) => JSON.stringify(text).slice(1, -1).replace(/[^ -~]/g, letter => `\\x${letter.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return bytes.length > 600 ? `"${letters(bytes.slice(0, 450))}" … ${bytes.length - 550} bytes … "${letters(bytes.slice(-100))}"` : `"${letters(bytes)}"`;
}
