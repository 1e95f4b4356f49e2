/* What a client said when it came, as app.ts sees it in socket.handshake. serve.ts reads it from the request of each handshake. */
import type { IncomingMessage } from 'http';
import { parse } from 'querystring';
import type { Trust } from '../iisnode';
import type { Handshake } from './api';
import { Refusal } from './refusal';

/** Values of headers that were seen: nearly all clients send the same ones. */
const seen = new Map<string, string>();
const MOST_SEEN = 1000;
/**
 * How many headers a handshake may have, and how many parts its query. A browser behind IIS sends some 30
 * headers. Each is a property, which takes 100 bytes where the request had 5: without this bound, 16 KB of
 * short ones make a session keep five times as much.
 */
const MOST_PARTS = 200;
const MOST_HEADERS = 1500;

/**
 * Reads a handshake. It is kept for as long as its session: small copies of what node has read, which would be a third of what a
 * waiting client takes.
 * @param query the query string
 * @param trust knows what of the request can be believed
 * @throws Refusal if it has more parts than any client would send
 */
export function readHandshake(req: IncomingMessage, query: string, trust: Trust): Handshake {
  if (req.rawHeaders.length / 2 > MOST_HEADERS) {
    throw new Refusal(431, `a handshake may have ${MOST_HEADERS} headers`);
  }
  if (query.length > MOST_PARTS && query.split('&', MOST_PARTS + 1).length > MOST_PARTS) {
    throw new Refusal(400, `the query of a handshake may have ${MOST_PARTS} parts`);
  }
  const address = trust.address(req);
  trust.trustHeaders(req);
  const headers = { ...req.headers };
  for (const name in headers) {
    const value = headers[name];
    if (typeof value === 'string') headers[name] = shared(value);
  }
  const handshake = {
    headers,
    address,
    // No name in it means anything to JavaScript, nor after the copy.
    query: Object.setPrototypeOf({ ...parse(query) }, null) as Handshake['query'],
    url: req.url!,
    xdomain: headers.origin !== undefined,
    issued: Date.now(),
  };
  return Object.defineProperty(handshake, 'time', TIME) as Handshake;
}

/** 0.9 has it as a text. Who asks for it gets one. */
const TIME = { enumerable: true, configurable: true, get(this: Handshake): string { return new Date(this.issued).toString(); } };

/** The text of that value that others hold already. */
function shared(value: string): string {
  const known = seen.get(value);
  if (known !== undefined) return known;
  if (seen.size >= MOST_SEEN) seen.clear();
  if (value.length < 300) seen.set(value, value);
  return value;
}
