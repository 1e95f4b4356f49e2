/*
 * Reads the handshake of a client from its request, for serve.ts. app.ts sees the handshake as
 * socket.handshake.
 */
import type { IncomingMessage } from 'http';
import { parse } from 'querystring';
import type { Handshake } from '../api';
import type { Trust } from '../options';
import { Refusal } from '../protocol/refusal';

/** The values of headers that have come before. Nearly all clients send the same values. */
const seen = new Map<string, string>();
const MOST_SEEN = 1000;
/** The length from which a value is not worth a place in `seen`, characters. */
const LONGEST_SEEN = 300;
/**
 * The largest number of parts in the query of a handshake. Each part becomes a property of an
 * object. A part may have 2 bytes in the request, but its property takes 100 bytes and more.
 */
const MOST_PARTS = 200;
/**
 * From this number of headers on, the handshake keeps the headers as text. A browser behind IIS
 * sends some 30 headers. Each header is a property, too: 16 KB of short headers would make a
 * session keep more than 300 KB. One header that comes thousands of times would do the same,
 * because V8 keeps the parts that node has joined.
 */
const MANY_HEADERS = 100;

/**
 * Reads a handshake. A session keeps its handshake, so the handshake has small copies of the texts
 * that node has read. The texts themselves would be a third of the memory of a waiting client.
 * @param query the query string
 * @param trust decides which parts of the request can be believed
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
    // The object has no prototype, so no name in the query has a meaning to JavaScript. `parse`
    // returns such an object, but a copy with `...` has a prototype again.
    query: Object.setPrototypeOf({ ...parse(query) }, null) as Handshake['query'],
    url: req.url!,
    xdomain: req.headers.origin !== undefined,
    secure: trust.protocol(req) === 'https',
    issued: Date.now(),
  };
  keepHeaders(handshake, req.rawHeaders.length / 2);
  return Object.defineProperty(handshake, 'time', TIME) as Handshake;
}

/** 0.9's handshake has the time as text, too. This text is made when somebody reads it. */
const TIME = {
  enumerable: true,
  configurable: true,
  get(this: Handshake): string { return new Date(this.issued).toString(); },
};

/**
 * Replaces the headers of a handshake by small copies. The texts that node has read are not kept.
 * @param count the number of headers that came. A header that came twice counts as two
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

/** @returns the value, as the same text that other handshakes hold, if there is one */
function sameText(value: string): string {
  const known = seen.get(value);
  if (known !== undefined) return known;
  if (seen.size >= MOST_SEEN) seen.clear();
  if (value.length < LONGEST_SEEN) seen.set(value, value);
  return value;
}
