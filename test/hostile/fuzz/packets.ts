/*
 * Makes packets of Socket.IO 0.9, right ones and bent ones. Their format is: type ':' id '+'? ':'
 * endpoint (':' data)?
 */
import { PROTOTYPE_NAMES, Random } from '../../support/random';

/**
 * Where a session numbers its messages, the number of the next message replaces this text. The
 * number has as many letters as this text, so that the lengths around it still hold.
 */
export const NEXT = '~next~';

/** A body of several packets has this mark before and after the length of each packet. */
const MARK = '\ufffd';

const EVENTS = [
  'connection', 'connect', 'disconnect', 'error', 'newListener', 'removeListener', 'anything', 'status', 'message ', '', ' ', '\u0000', ...PROTOTYPE_NAMES,
];
const ENDPOINTS = ['/chat', '/', '/a/b', 'x', '?a=b', '/chat?a=b', '/\u00fc', '\u0000', '+', '//', '/%00', ...PROTOTYPE_NAMES];
const KEYS = ['name', 'args', 'length', 'toJSON', '', '0', 'then', ...PROTOTYPE_NAMES];
const STRINGS = ['', 'hello', '\u0000', MARK, '"', '\\', '5:::', '\u2028', '\ud83d\ude00', '<script>', 'ü€', '-1', 'Infinity'];
/** More JSON values, as they stand in a JSON text. */
const LITERALS = ['null', 'true', 'false', '0', '-0', '-1', '1.5', '1e999', '1e-999', '123456789012345678901234567890', '"\\ud800"', '"\\udc00x"'];

/** @returns the text of a JSON value, of any type */
export function json(r: Random, depth = 0): string {
  const kind = r.below(depth > 3 ? 2 : 4);
  if (kind === 0) return r.pick(LITERALS);
  if (kind === 1) return JSON.stringify(r.chance(0.02) ? r.word(1000).repeat(r.below(40)) : r.pick(STRINGS));
  const parts = Array.from({ length: r.below(4) }, () => (kind === 2 ? '' : `${JSON.stringify(r.pick(KEYS))}:`) + json(r, depth + 1));
  return kind === 2 ? `[${parts.join()}]` : `{${parts.join()}}`;
}

/**
 * Makes few bytes that need much work. Depth is hard for a function that calls itself. Length is
 * hard for a call that passes each value as an argument.
 */
function excess(r: Random): string {
  const many = Math.ceil(10 ** (2 + r.next() * 3.3)); // 100 to 200,000, the small ones more often
  return r.pick([
    () => '['.repeat(many) + ']'.repeat(many),
    () => '{"a":'.repeat(many / 4) + '1' + '}'.repeat(many / 4),
    () => `[${'0,'.repeat(many)}0]`,
    () => JSON.stringify('x'.repeat(many)),
    () => '['.repeat(many),
  ])();
}

function eventData(r: Random): string {
  const name = r.weighed([[8, '"message"'], [3, JSON.stringify(r.pick(EVENTS))], [0.5, json(r)]]);
  const list = () => `[${Array.from({ length: r.below(4) }, () => json(r)).join()}]`;
  const args = r.weighed([[8, list], [1, () => json(r)], [0.12, () => excess(r)], [0.12, () => `[${excess(r)}]`]])();
  return r.weighed([
    [10, `{"name":${name},"args":${args}}`], [1, `{"name":${name}}`], [0.3, `{"args":${args}}`],
    [1, `{"name":${name},"args":${args},${JSON.stringify(r.pick(KEYS))}:${json(r)}}`],
    [0.3, `[${name},${args}]`], [0.3, args], [0.2, ''], [0.2, '{'],
  ]);
}

const TYPES: [number, string][] = [
  [0.3, '0'], [1, '1'], [1, '2'], [2, '3'], [2, '4'], [18, '5'], [3, '6'], [1, '7'], [1, '8'],
  ...['9', '10', '-1', '05', '5.0', '5e0', ' 5', '', 'x', 'length', 'push', '__proto__', 'constructor', MARK].map((type): [number, string] => [0.12, type]),
];
const IDS = ['1', '2', '0', '00', '99999999999999999999999', '-1', 'x', '1.5', ' 1', '__proto__', '1'.repeat(500)];

/** Makes one packet of the right format, or nearly so. Its fields have values of every kind. */
export function packet(r: Random): string {
  const type = r.weighed(TYPES);
  const id = r.weighed([[5, ''], [4, String(1 + r.below(20))], [4, NEXT], [1, r.pick(IDS)]]);
  const plus = r.weighed([[6, ''], [id === '' ? 0.3 : 4, '+'], [0.2, '++']]);
  const endpoint = r.weighed([[16, ''], [3, r.pick(ENDPOINTS)], [0.5, `/${r.word(1 + r.below(20))}`], [0.05, '/' + 'e'.repeat(r.below(9000))]]);
  // A session that ends itself leaves nothing to try. So most of these packets do not end the
  // session.
  if (type === '0' && endpoint === '' && r.chance(0.7)) return '0::/chat';
  const data = new Map<string, () => string>([
    ['1', () => r.pick(['', '?a=b', '?__proto__=1', '?' + 'a=b&'.repeat(200)])],
    ['3', () => r.pick(STRINGS)],
    ['4', () => (r.chance(0.03) ? excess(r) : json(r))],
    ['5', () => eventData(r)],
    ['6', () => r.pick(IDS) + r.pick(['', '+', '+[]', '+{}', '+null', '+[1', `+${json(r)}`, `+[${json(r)}]`])],
    ['7', () => r.pick(['', '0', '1+0', '2+0', '9+9', '+', 'x+y', '__proto__+constructor'])],
  ]);
  const text = (data.get(type) ?? (() => json(r)))();
  return `${type}:${id}${plus}:${endpoint}${text === '' && r.chance(0.5) ? '' : ':'}${text}`;
}

/** @returns the text with a few letters gone, doubled, changed or moved */
export function bend(r: Random, text: string): string {
  const spare = [':', '+', MARK, '"', '{', '[', '}', ']', ',', '\\', '0', '-', '\u0000', '\n', ' ', 'ü', '\ud800', '/'];
  for (let times = 1 + r.below(3); times > 0; times -= 1) {
    const at = r.below(text.length + 1);
    const to = Math.min(text.length, at + 1 + r.below(6));
    text = r.pick([
      () => text.slice(0, at) + text.slice(to),
      () => text.slice(0, at) + r.pick(spare) + text.slice(at),
      () => text.slice(0, at) + r.pick(spare) + text.slice(at + 1),
      () => text.slice(0, to) + text.slice(at),
      () => text.slice(0, at),
      () => text.slice(at) + text.slice(0, at),
    ])();
  }
  return text;
}

/**
 * Most packets are right, because a single wrong packet can make the server refuse the whole body.
 */
const bent = (r: Random): string => (r.chance(0.12) ? bend(r, packet(r)) : packet(r));

/** Texts that are not the length of a packet. */
const LENGTHS = [
  '-1', '-2', '-3', '-100', '0', '0.5', '2.5', '1e1', '1e999', '0x10', '', ' ', '+3', '3 ', 'NaN', 'Infinity', '-Infinity', '9007199254740993', '99999999999999999999',
  '2147483648', '4294967295', '-0', 'x', '__proto__', '\u0663', '1'.repeat(2000),
];

/**
 * Puts several packets in one body, each with its length before it. In some bodies a length is
 * wrong, or there is a mark too many or too few.
 */
export function payload(r: Random): string {
  const wrong = r.chance(0.5);
  const count = r.weighed([[8, 1 + r.below(6)], [0.6, r.below(60)], [0.03, 500], [0.03, 3000]]);
  let text = '';
  for (let n = 0; n < count; n += 1) {
    const one = count === 500 ? '5:1+::{"name":"message","args":["x"]}' : count === 3000 ? '2::' : bent(r);
    const near = [-1, 1, one.length].map(off => String(one.length + off));
    const length = wrong && r.chance(0.4) ? r.pick([...LENGTHS, ...near]) : String(one.length);
    text += r.weighed([[30, MARK + length + MARK + one], [1, length + MARK + one], [1, MARK + length + one], [1, MARK + MARK + one]]);
  }
  return wrong && r.chance(0.3) ? bend(r, text) : text + r.weighed([[8, ''], [1, MARK], [0.5, `${MARK}5`], [0.5, MARK.repeat(50)]]);
}

/** Makes the body of a POST. */
export function body(r: Random): Buffer {
  return r.weighed([
    [60, () => Buffer.from(bent(r))],
    [25, () => Buffer.from(payload(r))],
    [4, () => spoil(r, Buffer.from(packet(r)))],
    [4, () => spoil(r, Buffer.from(payload(r)))],
    [3, () => r.bytes(r.below(200))],
    [2, () => Buffer.from('d=' + encodeURIComponent(JSON.stringify(packet(r))))],
    [1, () => Buffer.alloc(0)],
    [0.2, () => Buffer.from(MARK.repeat(1 + r.below(3000)))],
  ])();
}

/** Changes some bytes. Then the bytes are no UTF-8 any more, or they are other letters. */
export function spoil(r: Random, bytes: Buffer): Buffer {
  for (let times = 1 + r.below(4); times > 0 && bytes.length > 0; times -= 1) {
    bytes[r.below(bytes.length)] = r.pick([0x80, 0xc0, 0xff, 0xed, 0xf8, r.below(256)]);
  }
  return bytes;
}
