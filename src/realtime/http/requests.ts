/*
 * The URL of a request under the resource is read here: it says the request's purpose, its session,
 * and the numbers that public/realtime.js adds. serve.ts acts on it.
 */
import type { IncomingMessage } from 'http';
import { Refusal } from '../protocol/refusal';

/** The purpose of a request under the resource. */
export interface Asked {
  /** 'goodbye' is how 0.9's client ends its session while its page goes. */
  kind: 'welcome' | 'preflight' | 'handshake' | 'poll' | 'post' | 'goodbye' | 'upgrade';
  /**
   * The session id, '' for a handshake. It has the form of one; whether there is such a session is
   * another question.
   */
  id: string;
  /** The query string without its question mark. */
  query: string;
}

/** The numbers that public/realtime.js adds to each request of a session. */
export interface Delivered {
  /** The number of the last message of ours that the client has. */
  got: number;
  /** Which of the client's handshakes the request belongs to; null for another client. */
  handshakeNumber: number | null;
  /**
   * How long a poll is to wait at most, s: 0 where the page's tab leaves the browser's connections
   * to other tabs. Infinity if the page does not say, and for another client.
   */
  wait: number;
}

/**
 * /1/ is a handshake, /1/<transport>/<session id> a poll, a POST or an upgrade. The transport of a
 * goodbye can be missing.
 */
const PATH = /^\/([^/]*)(?:\/([^/]*)(?:\/([^/]*))?)?\/?$/;
/** 15 bytes in base64, as in a URL. */
const SESSION_ID = /^[\w-]{20}$/;
const SESSION_ID_LENGTH = 20;
/** How nearly all requests begin: it is not worth taking these apart. */
const POLLING = '/1/xhr-polling/';

const JSONP = /(?:^|&)jsonp(?:[=&]|$)/;
const DISCONNECT = /(?:^|&)disconnect(?:[=&]|$)/;
const DELIVERED =
  /(?:^|&)got=([0-9]{1,15})(?:&try=([0-9]{1,15})(?:&wait=([0-9]{1,2}))?)?(?:&|$)/;

const NOTHING_DELIVERED = { got: 0, handshakeNumber: null, wait: Infinity };

/** @returns what public/realtime.js says in a query string, or nothing, for another client */
export function readDelivered(query: string): Delivered {
  const parts = DELIVERED.exec(query);
  if (!parts) return NOTHING_DELIVERED;
  const [, got, handshakeNumber, wait] = parts;
  return {
    got: Number(got),
    handshakeNumber: handshakeNumber === undefined ? null : Number(handshakeNumber),
    wait: wait === undefined ? Infinity : Number(wait),
  };
}

/**
 * `readRequest` takes the URL of a request apart.
 * @param path what of it comes after the resource, with the query string
 * @param transports those that the server offers
 * @throws Refusal if 0.9's client would not send it
 */
export function readRequest(
  req: IncomingMessage, path: string, transports: readonly string[],
): Asked {
  const mark = path.indexOf('?');
  const query = mark < 0 ? '' : path.slice(mark + 1);
  const isPolling = mark === POLLING.length + SESSION_ID_LENGTH && path.startsWith(POLLING);
  if (isPolling && transports.includes('xhr-polling') && !DISCONNECT.test(query)) {
    const id = path.slice(POLLING.length, mark);
    if (SESSION_ID.test(id)) {
      if (req.method === 'GET') return { kind: 'poll', id, query };
      if (req.method === 'POST') return { kind: 'post', id, query };
    }
  }
  const parts = PATH.exec((mark < 0 ? path : path.slice(0, mark)) || '/') || [];
  return readParts(req, parts, query, transports);
}

function readParts(
  { method }: IncomingMessage,
  [, protocol, transport = '', id = '']: string[],
  query: string,
  transports: readonly string[],
): Asked {
  if (protocol === undefined || (protocol === '' && transport + id !== '')) {
    throw new Refusal(404, 'not found');
  }
  if (method === 'OPTIONS') return { kind: 'preflight', id, query };
  if (method !== 'GET' && method !== 'POST') {
    throw new Refusal(405, 'GET or POST', { Allow: 'GET, POST, OPTIONS' });
  }
  if (protocol === '') return { kind: 'welcome', id, query };
  if (protocol !== '1') throw new Refusal(400, 'this server speaks protocol 1');
  if (transport === '' && id === '') {
    // Browsers send a GET. 0.9's protocol document says POST, and some clients in other languages
    // send that.
    if (JSONP.test(query)) throw new Refusal(400, 'jsonp-polling is not offered');
    return { kind: 'handshake', id, query };
  }
  const isGoodbye = DISCONNECT.test(query);
  if (!isGoodbye && !transports.includes(transport)) {
    throw new Refusal(400, 'this transport is not offered');
  }
  if (!SESSION_ID.test(id)) throw new Refusal(400, 'not a session id');
  if (isGoodbye) return { kind: 'goodbye', id, query };
  if (transport === 'websocket') return { kind: 'upgrade', id, query };
  return { kind: method === 'GET' ? 'poll' : 'post', id, query };
}
