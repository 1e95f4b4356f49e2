/* The requests of cost.test.ts. Most of each request is one piece of text, again and again. */
import type { Random } from '../../support/random';
import { resource } from '../../support/template';

/**
 * A text of any length: `before`, then `unit` again and again, then `after`. In a unit, $ stands
 * for a number that counts up.
 */
export interface Text { before: string; unit: string; after: string }

/** A request of any size. It has one text or two. Each of two texts has half of the bytes. */
export interface Recipe {
  place: string;
  text: Text;
  /** A header that the request has besides `text`, with a text of its own. */
  beside?: { header: string; text: Text };
}

/** A place is a part of a request that a text can fill. */
export interface Place {
  /** The most bytes that the text may have in this place. */
  most: number;
  /**
   * @returns the bytes that go over the wire; for a WebSocket, those after its opening
   * @param id the id of an open session
   */
  write: (text: Buffer, id: string, beside: string) => Buffer;
  /** Whether the text goes over a WebSocket. */
  webSocket?: true;
  /** Whether the text is many messages, and not one. */
  many?: true;
  /** Makes the repeated text, if plain repetition is not enough. */
  repeat?: (text: Text, bytes: number) => Buffer;
}

/** node takes 16 KB of headers, and a request has some headers anyway. */
const HEAD = 14000;
const BODY = 990000;

const HEADERS = [
  'Origin', 'Referer', 'Host', 'Cookie', 'User-Agent', 'Accept', 'Accept-Language', 'Content-Type',
  'Sec-Fetch-Site', 'X-Forwarded-For', 'X-Forwarded-Proto', 'X-Forwarded-Host', 'Forwarded',
  'X-iisnode-AUTH_USER', 'X-iisnode-REMOTE_ADDR', 'X-iisnode-HTTPS', 'Access-Control-Request-Headers',
  'Sec-WebSocket-Protocol', 'Sec-WebSocket-Extensions', 'Sec-WebSocket-Key', 'Sec-WebSocket-Version',
  'Sec-WebSocket-Origin', 'Upgrade', 'If-None-Match',
];

/** @returns the text for a header or a URL, without the letters that node would refuse */
const printable = (text: Buffer) => text.toString('latin1').replace(/[^\x20-\x7e\x80-\xff]/g, '');
const unspaced = (text: Buffer) => printable(text).replace(/[^\x21-\x7e]/g, '');

function head(line: string, more: string): Buffer {
  const host = /^Host:/m.test(more) ? '' : 'Host: localhost\r\n';
  const origin = /^(Origin|Referer|Sec-Fetch-Site):/m.test(more) ? '' : 'Origin: http://localhost\r\n';
  return Buffer.from(`${line} HTTP/1.1\r\n${host}${origin}${more}\r\n`, 'latin1');
}

function post(path: string, body: Buffer, more: string): Buffer {
  return Buffer.concat([head(`POST ${path}`, `${more}Content-Length: ${body.length}\r\n`), body]);
}

const polling = (id: string) => `${resource}/1/xhr-polling/${id}`;

/** Makes a frame as a browser sends it. The mask is zeros, so that the text stays as it is. */
function frame(opcode: number, text: Buffer, last = true): Buffer {
  const begin = [(last ? 0x80 : 0) | opcode];
  if (text.length < 126) begin.push(0x80 | text.length);
  else if (text.length < 65536) begin.push(0x80 | 126, text.length >> 8, text.length & 255);
  else begin.push(0x80 | 127, 0, 0, 0, 0, ...[24, 16, 8, 0].map(shift => text.length >>> shift & 255));
  return Buffer.concat([Buffer.from([...begin, 0, 0, 0, 0]), text]);
}

/** @returns the text in pieces: the unit again and again, between the two other texts */
function pieces({ before, unit, after }: Text, bytes: number): string[] {
  const all = [before];
  let left = bytes - Buffer.byteLength(before + after);
  for (let number = 0; left > 0; number++) {
    const one = unit.replace(/\$/g, String(number));
    left -= Buffer.byteLength(one);
    if (left >= 0 || number === 0) all.push(one);
  }
  all.push(after);
  return all;
}

function plain(text: Text, bytes: number): Buffer {
  const { before, unit, after } = text;
  if (unit.includes('$')) return Buffer.from(pieces(text, bytes).join(''));
  // It takes longer to make a million pieces of one letter than to send them.
  const left = bytes - Buffer.byteLength(before + after);
  const times = Math.max(1, Math.floor(left / Buffer.byteLength(unit)));
  return Buffer.from(before + unit.repeat(times) + after);
}

/** Puts the length of each piece before it, as 0.9 does to put packets together. */
function payload(text: Text, bytes: number): Buffer {
  const packets = pieces(text, bytes * 0.6).filter(piece => piece !== '').slice(0, 2000);
  return Buffer.from(packets.map(packet => `\ufffd${packet.length}\ufffd${packet}`).join(''));
}

/** Makes frames of a WebSocket, one for each piece. A client might send as many in a second. */
const frames = (opcode: number) => (text: Text, bytes: number) => {
  const all = pieces(text, bytes).filter(piece => piece !== '');
  return Buffer.concat(all.map(piece => frame(opcode, Buffer.from(piece).subarray(0, 125))));
};

function fragments(text: Text, bytes: number): Buffer {
  const all = pieces(text, bytes).filter(piece => piece !== '').map(piece => Buffer.from(piece));
  return Buffer.concat(all.map((piece, i) => frame(i === 0 ? 1 : 0, piece, i === all.length - 1)));
}

/**
 * @returns a function that makes a POST. The packet has `begin` before the text, and `end` after it
 */
function packet(begin: string, end: string): Place['write'] {
  return (text, id, beside) => {
    const body = Buffer.concat([Buffer.from(begin), text, Buffer.from(end)]);
    return post(polling(id), body, beside);
  };
}

function message(begin: string, end: string): Place {
  return {
    most: BODY,
    webSocket: true,
    write: text => frame(1, Buffer.concat([Buffer.from(begin), text, Buffer.from(end)])),
  };
}

/**
 * Frames cost more than their bytes, in a bare server, too. So a small text is enough to show the
 * cost.
 */
const SMALL: Place = { most: 20000, webSocket: true, many: true, write: text => text };

/** All places where a text can be put, by name. */
export const PLACES: Record<string, Place> = {
  ...Object.fromEntries(HEADERS.map((name): [string, Place] => [`${name} of a handshake`, {
    most: HEAD,
    write: (text, _id, beside) => head(`GET ${resource}/1/?t=1`, `${name}: ${printable(text)}\r\n${beside}`),
  }])),
  ...Object.fromEntries(['Origin', 'Cookie', 'Host', 'Content-Type'].map((name): [string, Place] => [
    `${name} of a POST`, {
      most: HEAD,
      write: (text, id, beside) => {
        return post(polling(id), Buffer.from('2::'), `${name}: ${printable(text)}\r\n${beside}`);
      },
    },
  ])),
  'headers of a handshake': {
    most: HEAD,
    write: (text, _id, beside) => {
      const names = printable(text).split(/[^!#$%&'*+.^_`|~\w-]+/).filter(name => name !== '');
      return head(`GET ${resource}/1/?t=1`, `${names.map(name => `x${name}: 1\r\n`).join('')}${beside}`);
    },
  },
  'query of a handshake': {
    most: HEAD,
    write: (text, _id, beside) => head(`GET ${resource}/1/?${unspaced(text)}`, beside),
  },
  'query of a poll': {
    most: HEAD,
    write: (text, _id, beside) => head(`GET ${polling('x'.repeat(20))}?${unspaced(text)}`, beside),
  },
  'query of a POST': {
    most: HEAD,
    write: (text, id, beside) => post(`${polling(id)}?${unspaced(text)}`, Buffer.from('2::'), beside),
  },
  'path under the resource': {
    most: HEAD,
    write: (text, _id, beside) => head(`GET ${resource}/${unspaced(text)}`, beside),
  },
  'path of a preflight': {
    most: HEAD,
    write: (text, _id, beside) => head(`OPTIONS ${resource}/1/${unspaced(text)}`, beside),
  },
  'a body': { most: BODY, write: packet('', '') },
  'a payload of a body': { most: BODY, write: packet('', ''), repeat: payload },
  'arguments of an event': { most: BODY, write: packet('5:::{"name":"x","args":[', '1]}') },
  'arguments of an event with an id': { most: BODY, write: packet('5:1+::{"name":"x","args":[', '1]}') },
  'an object of an event': { most: BODY, write: packet('5:::{"name":"x","args":[{', '"z":1}]}') },
  'a text of an event': { most: BODY, write: packet('5:::{"name":"x","args":["', '"]}') },
  'a name of an event': { most: BODY, write: packet('5:::{"name":"', '"}') },
  JSON: { most: BODY, write: packet('4:::', '') },
  'a message': { most: BODY, write: packet('3:::', '') },
  'a namespace': { most: BODY, write: packet('5::', ':{"name":"x"}') },
  'an id': { most: BODY, write: packet('5:', '::{"name":"x"}') },
  'an acknowledgement': { most: BODY, write: packet('6:::', '') },
  'arguments of an acknowledgement': { most: BODY, write: packet('6:::1+[', '1]') },
  'a message of a WebSocket': message('', ''),
  'an event of a WebSocket': message('5:::{"name":"x","args":[', '1]}'),
  'an object of a WebSocket': message('5:::{"name":"x","args":[{', '"z":1}]}'),
  'frames of a WebSocket': { ...SMALL, repeat: frames(1) },
  'pings of a WebSocket': { ...SMALL, repeat: frames(9) },
  'fragments of a WebSocket': { ...SMALL, repeat: fragments },
};

/** @returns a function that makes the bytes for the wire from the id of a session */
export function prepare({ place, text, beside }: Recipe, bytes: number): (id: string) => Buffer {
  const { write, repeat = plain } = PLACES[place]!;
  const half = beside ? bytes / 2 : bytes;
  const header = beside ? `${beside.header}: ${printable(plain(beside.text, half))}\r\n` : '';
  const repeated = repeat(text, half);
  return id => write(repeated, id, header);
}

/** Random texts are made of these parts. */
const ATOMS = [
  ',', ';', ':', '/', '\\', '?', '&', '=', '%', '+', '.', '-', '@', '#', '[', ']', '{', '}', '"', '\'',
  '(', ')', '|', '*', '~', '_', ' ', '\t', '\n', '0', '1', '9', 'a', 'Z', 'é', '漢', '😀', '\ufffd', '\u2028',
  '%41', '%zz', '%u0041', '\\"', '\\\\', '\\u0041', '\\u005f', '\\ud800', '\\n', '1e9', '-0.1e-9', 'null', '[]', '{}',
  '""', '"",', '1,', '{"a":1},', '"k$":1,', '"constructor":1,', '"constructor":{"prototype":1},',
  '"__proto__":1,', '"\\u005f_proto__":{},', '{"constructor":', '[[', ']]', '5:::', '6:::', '2::', '::', ':::',
  '\ufffd1\ufffd', '\ufffd0\ufffd', '5:::{"name":"x"}', '5:$+::{"name":"x"}', '3:::a', '6:::1+[1]', 'got=1&', 'try=1&',
  'got=1&try=', 'disconnect&', 'jsonp=', 'k$=1&', 'session=', 'http://', 'https', 'http://localhost',
  'localhost:', 'a.b', 'xn--', '127.0.0.1', '127.0.0.1, ', '::1', 'websocket', 'permessage-deflate; ', '$',
];
const NAMES = Object.keys(PLACES);

function randomText(random: Random): Text {
  const few = (most: number) => Array.from({ length: random.below(most + 1) }, () => random.pick(ATOMS)).join('');
  return { before: few(2), unit: random.pick(ATOMS) + few(2), after: few(1) };
}

/** @param place the place of the text, by default any place */
export function randomRecipe(random: Random, place = random.pick(NAMES)): Recipe {
  const recipe: Recipe = { place, text: randomText(random) };
  const beside = random.chance(0.3) && !PLACES[place]!.webSocket;
  if (beside) recipe.beside = { header: random.pick(HEADERS), text: randomText(random) };
  return recipe;
}

/** @returns a recipe that differs from the given one in one part */
export function mutate(random: Random, recipe: Recipe): Recipe {
  const other = randomRecipe(random);
  switch (random.below(6)) {
    case 0: return { ...recipe, text: { ...recipe.text, unit: other.text.unit } };
    case 1: return { ...recipe, text: { ...recipe.text, unit: recipe.text.unit + random.pick(ATOMS) } };
    case 2: return { ...recipe, text: { ...recipe.text, before: other.text.before } };
    case 3: return { ...recipe, text: { ...recipe.text, after: other.text.after } };
    case 4: return { ...recipe, beside: randomRecipe(random, 'Origin of a handshake').beside };
    default: return { ...recipe, place: other.place, beside: undefined };
  }
}
