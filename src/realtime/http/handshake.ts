/*
 * The handshake that a client came with, as app.ts sees it in socket.handshake. serve.ts reads it
 * from the request of each handshake.
 */
import type { IncomingMessage } from 'http';
import { parse } from 'querystring';
import type { Handshake } from '../api';
import type { Trust } from '../options';
import { Refusal } from '../protocol/refusal';

/** Values of headers that were seen: nearly all clients send the same ones. */
const seen = new Map<string, string>();
const MOST_SEEN = 1000;
/** Longer ones are not worth it, characters. */
const LONGEST_SEEN = 300;
/**
 * How many parts the query of a handshake may have. Each is a property of an object, which takes
 * 100 bytes and more, where the request had 2.
 */
const MOST_PARTS = 200;
/**
 * From so many headers on they are kept as text. A browser behind IIS sends some 30. Each header is
 * a property, too: 16 KB of short headers would make a session keep more than 300 KB. So would one
 * header that comes thousands of times: V8 keeps its value as the parts that node has joined.
 */
const MANY_HEADERS = 100;

/**
 * `readHandshake` reads a handshake. It is kept for as long as its session: small copies of what
 * node has read, which would be a third of what a waiting client takes.
 * @param query the query string
 * @param trust knows what of the request can be believed
 * @throws Refusal if the query has more parts than any client would send
 */
export function readHandshake(req: IncomingMessage, query: string, trust: Trust): Handshake {
  if (query.length > MOST_PARTS && query.split('&', MOST_PARTS + 1).length > MOST_PARTS) {
    throw new Refusal(400, `the query of a handshake may have ${MOST_PARTS} parts`);
  }
  const address = trust.address(req);
  trust.trustHeaders(req);
  const handshake = {
    headers: req.headers,
    address,
    // No name in it means anything to JavaScript, nor after the copy.
    query: Object.setPrototypeOf({ ...parse(query) }, null) as Handshake['query'],
    url: req.url!,
    xdomain: req.headers.origin !== undefined,
    secure: trust.protocol(req) === 'https',
    issued: Date.now(),
  };
  keepHeaders(handshake, req.rawHeaders.length / 2);
  return Object.defineProperty(handshake, 'time', TIME) as Handshake;
}

/** 0.9 has the time as a text, too. It is made when somebody asks for it. */
const TIME = {
  enumerable: true,
  configurable: true,
  get(this: Handshake): string { return new Date(this.issued).toString(); },
};

/**
 * The handshake keeps small copies of the headers, not the texts that node has read.
 * @param count how many headers came, each as often as it did
 */
function keepHeaders(handshake: Pick<Handshake, 'headers'>, count: number): void {
  const { headers } = handshake;
  if (count < MANY_HEADERS) {
    const copy = { ...headers };
    for (const name in copy) {
      const value = copy[name];
      if (typeof value === 'string') copy[name] = sameText(value);
    }
    handshake.headers = copy;
    return;
  }
  const text = JSON.stringify(headers);
  Object.defineProperty(handshake, 'headers', {
    enumerable: true,
    configurable: true,
    get: () => JSON.parse(text) as Handshake['headers'],
    set: (value: Handshake['headers']) => {
      Object.defineProperty(handshake, 'headers', { value, writable: true });
    },
  });
}

/** @returns the text of that value that other handshakes hold already */
function sameText(value: string): string {
  const known = seen.get(value);
  if (known !== undefined) return known;
  if (seen.size >= MOST_SEEN) seen.clear();
  if (value.length < LONGEST_SEEN) seen.set(value, value);
  return value;
}
