/*
 * What the URL of a request under the resource says: what it asks for, of which session, and what public/realtime.js adds. serve.ts
 * acts on it.
 */
import type { IncomingMessage } from 'http';
import { Refusal } from '../protocol/refusal';

/** What a request under the resource asks for. */
export interface Request {
  /** 'leave' is how 0.9's client says goodbye while its page goes. */
  kind: 'welcome' | 'preflight' | 'handshake' | 'poll' | 'post' | 'leave' | 'upgrade';
  /** The session id, '' for a handshake. It has the form of one; whether there is such a session is another question. */
  id: string;
  /** Without its question mark. */
  query: string;
}

/** /1/ is a handshake, /1/<transport>/<session id> a poll, a POST or an upgrade. The transport of a goodbye can be missing. */
const PATH = /^\/([^/]*)(?:\/([^/]*)(?:\/([^/]*))?)?\/?$/;
/** 15 bytes in base64, as in a URL. */
const SESSION_ID = /^[\w-]{20}$/;
/** How nearly all requests begin: it is not worth taking these apart. */
const POLLING = '/1/xhr-polling/';

const JSONP = /(?:^|&)jsonp(?:[=&]|$)/;
const DISCONNECT = /(?:^|&)disconnect(?:[=&]|$)/;
const DELIVERY = /(?:^|&)got=([0-9]{1,15})(?:&try=([0-9]{1,15})(?:&wait=([0-9]{1,2}))?)?(?:&|$)/;

/** What public/realtime.js says with each request. */
export interface Delivered {
  /** The number of the last message of ours that it has. */
  got: number;
  /** Which of its handshakes the request belongs to; 'undefined' if it is another client. */
  attempt: string;
  /**
   * How long a poll is to wait at most, s: 0 where the page's tab leaves the browser's connections
   * to other tabs. Infinity if the page does not say, and for another client.
   */
  wait: number;
}

const NO_DELIVERY = { got: 0, attempt: 'undefined', wait: Infinity };

/** What public/realtime.js says, or nothing, if it is another client. */
export function readDelivery(query: string): Delivered {
  const parts = DELIVERY.exec(query);
  if (!parts) return NO_DELIVERY;
  const wait = parts[3] === undefined ? Infinity : Number(parts[3]);
  return { got: Number(parts[1]), attempt: parts[2] || 'undefined', wait };
}

/**
 * Takes the URL of a request apart.
 * @param path what of it comes after the resource, with the query string
 * @param transports those that the server offers
 * @throws Refusal if 0.9's client would not send it
 */
export function readRequest(req: IncomingMessage, path: string, transports: readonly string[]): Request {
  const mark = path.indexOf('?');
  const query = mark < 0 ? '' : path.slice(mark + 1);
  if (mark === POLLING.length + 20 && path.startsWith(POLLING) && transports.includes('xhr-polling') && !DISCONNECT.test(query)) {
    const id = path.slice(POLLING.length, mark);
    if (SESSION_ID.test(id)) {
      if (req.method === 'GET') return { kind: 'poll', id, query };
      if (req.method === 'POST') return { kind: 'post', id, query };
    }
  }
  const [, protocol, transport = '', id = ''] = PATH.exec(mark < 0 ? path || '/' : path.slice(0, mark) || '/') || [];
  if (protocol === undefined || (protocol === '' && transport + id !== '')) throw new Refusal(404, 'not found');
  if (req.method === 'OPTIONS') return { kind: 'preflight', id, query };
  if (req.method !== 'GET' && req.method !== 'POST') throw new Refusal(405, 'GET or POST', { Allow: 'GET, POST, OPTIONS' });
  if (protocol === '') return { kind: 'welcome', id, query };
  if (protocol !== '1') throw new Refusal(400, 'this server speaks protocol 1');
  if (transport === '' && id === '') {
    // A GET from browsers. 0.9's protocol document says POST, and some clients in other languages do it.
    if (JSONP.test(query)) throw new Refusal(400, 'jsonp-polling is not offered');
    return { kind: 'handshake', id, query };
  }
  const leaves = DISCONNECT.test(query);
  if (!leaves && !transports.includes(transport)) throw new Refusal(400, 'this transport is not offered');
  if (!SESSION_ID.test(id)) throw new Refusal(400, 'not a session id');
  if (leaves) return { kind: 'leave', id, query };
  if (transport === 'websocket') return { kind: 'upgrade', id, query };
  return { kind: req.method === 'GET' ? 'poll' : 'post', id, query };
}
