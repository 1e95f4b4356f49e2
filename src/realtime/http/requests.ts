/*
 * Reads the URL of a request under the resource, for serve.ts. The URL has the purpose of the
 * request, its session, and the numbers that public/realtime.js adds.
 */
import type { IncomingMessage } from 'http';
import { Refusal } from '../protocol/refusal';

/** The purpose of a request under the resource. */
export interface Asked {
  /** A 'goodbye' is the request with which 0.9's client ends its session while its page goes. */
  kind: 'welcome' | 'preflight' | 'handshake' | 'poll' | 'post' | 'goodbye' | 'upgrade';
  /**
   * The session id, '' for a handshake. If the request is for a session, the id has the right form.
   * But there may be no session of this id.
   */
  id: string;
  /** The query string without its question mark. */
  query: string;
}

/** The numbers that public/realtime.js adds to each request of a session. */
export interface Delivered {
  /** The number of the last message of the server that the client has. */
  got: number;
  /**
   * The number of the handshake that the request belongs to; null for a client without realtime.js.
   */
  handshakeNumber: number | null;
  /**
   * The time that a poll is to wait at most, s. If the page's tab leaves the browser's connections
   * to other tabs, the time is 0. If the page does not name a time, it is Infinity.
   */
  wait: number;
}

/**
 * /1/ is a handshake. /1/<transport>/<session id> is a poll, a POST, a goodbye or an upgrade. The
 * transport of a goodbye can be missing.
 */
const PATH = /^\/([^/]*)(?:\/([^/]*)(?:\/([^/]*))?)?\/?$/;
/** A session id: 15 bytes in the base64 of URLs. */
const SESSION_ID = /^[\w-]{20}$/;
const SESSION_ID_LENGTH = 20;
/**
 * The beginning of nearly all requests. For such a request, PATH would cost more than it is worth.
 */
const POLLING = '/1/xhr-polling/';

const JSONP = /(?:^|&)jsonp(?:[=&]|$)/;
const DISCONNECT = /(?:^|&)disconnect(?:[=&]|$)/;
const DELIVERED =
  /(?:^|&)got=([0-9]{1,15})(?:&try=([0-9]{1,15})(?:&wait=([0-9]{1,2}))?)?(?:&|$)/;

const NOTHING_DELIVERED = { got: 0, handshakeNumber: null, wait: Infinity };

/**
 * @returns the numbers of public/realtime.js in a query string; default values for another client
 */
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
 * Reads the URL of a request.
 * @param path the part of the URL after the resource, with the query string
 * @param transports the transports that the server offers
 * @throws Refusal if 0.9's client would not send such a request
 */
export function readRequest(
  req: IncomingMessage, path: string, transports: readonly string[],
): Asked {
  const mark = path.indexOf('?');
  const query = mark < 0 ? '' : path.slice(mark + 1);
  const isPolling = mark === POLLING.length + SESSION_ID_LENGTH && path.startsWith(POLLING);
  if (isPolling && transports.includes('xhr-polling') && !query.includes('disconnect')) {
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
    // send a POST.
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
