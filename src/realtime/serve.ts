/*
 * The way from a request to a session; index.ts hands it all of Socket.IO's. Whatever is wrong with a request, it gets an answer: of a
 * connection that is cut, iisnode makes a 500.1013.
 */
import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'http';
import type { Duplex } from 'stream';
import type { Config } from '../config';
import { Trust } from '../iisnode';
import { atMostOneASecond, Log } from '../log';
import { Bodies } from './bodies';
import { readHandshake } from './handshake';
import type { Manager } from './manager';
import { admit, handOn, shutOut } from './moving';
import { readOrigin } from './origins';
import { readPayload } from './packets';
import { receive } from './receive';
import { answer, notHandshaken, Refusal, unauthorized } from './refusal';
import { Delivered, readDelivery, readRequest, Request } from './requests';
import type { Session } from './session';
import { asksForWebSocket, refuseUpgrade, serveWithoutUpgrade } from './upgrades';
import { createAccept } from './websocket';

export interface Serve {
  /** Answers a request. */
  request: (req: IncomingMessage, res: ServerResponse) => void;
  /** Answers a request for a WebSocket. One for anything else is served as if it had not asked. */
  upgrade: (this: HttpServer, req: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** From now on every request is told that the server is stopping. */
  close: () => void;
  /** Gives up what takes too long. To be called about once a second. */
  sweep: (now: number) => void;
}

/** @param owns whether a request is Socket.IO's */
export function createServe(config: Config, manager: Manager, log: Log, owns: (req: IncomingMessage) => boolean): Serve {
  const bodies = new Bodies(config.maxMessageBytes);
  const trust = new Trust(config);
  const warn = atMostOneASecond(log.warn);
  let closing = false;
  const accept = config.transports.includes('websocket')
    ? createAccept(config.maxMessageBytes, (session, packets) => receive(manager, session, packets), log)
    : null;

  /**
   * @param origin the page's
   * @throws Refusal for a request that is not to reach a session
   */
  function read(req: IncomingMessage, origin: string | null | undefined, upgrade: boolean): Request {
    if (origin === undefined) throw new Refusal(403, 'pages of this origin may not connect');
    if (closing) throw new Refusal(503, 'the server is stopping', { Connection: 'close' });
    if (Number(req.headers['content-length']) > config.maxMessageBytes) {
      throw new Refusal(413, `a message may have ${config.maxMessageBytes} bytes`);
    }
    const asked = readRequest(req, req.url!.slice(config.resource.length), config.transports);
    if ((asked.kind === 'upgrade') !== upgrade) throw new Refusal(400, upgrade ? 'no WebSocket here' : 'a WebSocket is meant here');
    return asked;
  }

  function note(req: IncomingMessage, { status, reason }: Refusal): void {
    const { address } = trust.address(req);
    const page = (req.headers.origin || req.headers.referer || 'by its word in Sec-Fetch-Site').slice(0, 200);
    if (status === 403) warn(reason, address, page, '(see ALLOWED_ORIGINS)');
    else if (status === 400 || status === 404 || status === 405 || closing) log.debug('refused', status, reason, address);
    else warn(reason, address);
  }

  /** Does what a request asks for, or answers why not. */
  function attempt(req: IncomingMessage, res: ServerResponse, origin: string | null, act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      refuse(req, res, origin, error);
    }
  }

  function refuse(req: IncomingMessage, res: ServerResponse, origin: string | null, refusal: Refusal): void {
    note(req, refusal);
    answer(res, refusal.status, refusal.reason, origin, refusal.headers);
  }

  function handshake(req: IncomingMessage, res: ServerResponse, origin: string | null, { query }: Request): void {
    const data = readHandshake(req, query, trust);
    const enter = () => {
      if (manager.cluster) answerLater(req, res, origin, admit(manager, data));
      else answer(res, 200, manager.admit(data), origin);
    };
    const check = manager.get('authorization');
    if (!check) return enter();
    manager.ask(check, manager, data, (error, authorized, why) => attempt(req, res, origin, () => {
      if (error) answer(res, 500, 'handshake error', origin);
      else if (authorized) enter();
      else {
        warn('handshake unauthorized', data.address.address);
        const refused = unauthorized(data.query.got !== undefined, why);
        const tell = () => answer(res, 403, refused, origin, UNAUTHORIZED);
        if (manager.cluster) attemptAfter(req, res, origin, shutOut(manager, data), tell);
        else {
          manager.shutOut(data);
          tell();
        }
      }
    }));
  }

  function post(req: IncomingMessage, res: ServerResponse, origin: string | null, session: Session | undefined, by: string): void {
    if (!session || session.isOver) throw notHandshaken();
    const handle = (text: string) => (to: Session) => {
      if (to.isOver) throw notHandshaken(); // it ended while its body came
      const packets = readPayload(text, config.maxPackets);
      to.begin();
      receive(manager, to, packets);
    };
    bodies.read(req, text => attempt(req, res, origin, () => {
      if (session.shared) return answerLater(req, res, origin, handOn(manager, session, by, handle(text)).then(() => '1'));
      handle(text)(session);
      answer(res, 200, '1', origin);
    }), refusal => refuse(req, res, origin, refusal));
  }

  /** The same, with what takes a while before it. */
  function attemptAfter<T>(
    req: IncomingMessage, res: ServerResponse, origin: string | null, wait: Promise<T>, act: (got: T) => void,
  ): void {
    wait.then(got => attempt(req, res, origin, () => act(got)), error => attempt(req, res, origin, () => { throw error; }));
  }

  function answerLater(req: IncomingMessage, res: ServerResponse, origin: string | null, text: Promise<string>): void {
    attemptAfter(req, res, origin, text, told => answer(res, 200, told, origin));
  }

  function request(req: IncomingMessage, res: ServerResponse): void {
    const page = readOrigin(req, config.allowedOrigins, trust);
    const origin = page === undefined ? null : page; // a page elsewhere is not to read even a refusal
    attempt(req, res, origin, () => {
      const asked = read(req, page, false);
      // A body that nobody reads stays in memory, up to 64 KB of it, for as long as a poll waits. And node
      // does not hear that the client has gone.
      if (req.method === 'GET' && hasBody(req)) req.resume();
      switch (asked.kind) {
        case 'welcome': return answer(res, 200, 'Welcome to socket.io.', origin);
        case 'preflight': return answer(res, 204, '', origin, PREFLIGHT);
        case 'handshake': {
          if (req.method === 'GET') return handshake(req, res, origin, asked);
          // What it carries means nothing, but it is read, and bounded as a message is.
          return bodies.read(
            req, () => attempt(req, res, origin, () => handshake(req, res, origin, asked)),
            refusal => refuse(req, res, origin, refusal),
          );
        }
      }
      const delivery = readDelivery(asked.query);
      const go = () => proceed(req, res, origin, asked, delivery);
      const session = manager.sessions.get(asked.id);
      if (!manager.cluster || delivery.attempt === 'undefined' || (session && session.isOf(delivery.attempt))) return go();
      attemptAfter(req, res, origin, manager.fetch(asked.id, delivery.attempt), go);
    });
  }

  /** A request of a session. */
  function proceed(req: IncomingMessage, res: ServerResponse, origin: string | null, asked: Request, delivered: Delivered): void {
    const known = manager.sessions.get(asked.id);
    const session = known && known.isOf(delivered.attempt) ? known : undefined;
    if (asked.kind === 'post') return post(req, res, origin, session, delivered.attempt);
    if (asked.kind === 'leave') {
      if (session) session.onLeave();
      return answer(res, 200, '', origin);
    }
    if (!session) throw notHandshaken();
    // While it waits it keeps nothing but its answer: what its request said is a kilobyte.
    req.headers = NO_HEADERS;
    req.rawHeaders = NO_RAW_HEADERS;
    session.transport.onPoll(res, req.socket, origin, delivered);
  }

  function upgrade(
    this: HttpServer, req: IncomingMessage, socket: Duplex, head: Buffer,
  ): void {
    if (!asksForWebSocket(req)) {
      serveWithoutUpgrade(this, req, socket, head);
      return;
    }
    try {
      if (!owns(req)) throw new Refusal(404, 'not found');
      const version = req.headers['sec-websocket-version'];
      if (version !== '13' && version !== DRAFT) throw new Refusal(426, 'WebSockets of version 13', VERSION);
      const { id, query } = read(req, readOrigin(req, config.allowedOrigins, trust), true);
      const session = manager.sessions.get(id);
      if (!session || session.ended || !session.isOf(readDelivery(query).attempt)) throw notHandshaken();
      accept!(req, socket, head, session);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      note(req, error);
      refuseUpgrade(socket, error);
    }
  }

  return { request, upgrade, close: () => { closing = true; }, sweep: now => bodies.sweep(now) };
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
}

/** An application's own text is in it: no browser is to take it for a page. */
const UNAUTHORIZED = { 'X-Content-Type-Options': 'nosniff' };
const VERSION = { 'Sec-WebSocket-Version': '13' };
/** The last draft before the standard. Clients of 0.9 in Java speak it; its frames are those of version 13. */
const DRAFT = '8';
const NO_HEADERS = {};
const NO_RAW_HEADERS: string[] = [];
const PREFLIGHT = {
  Allow: 'GET, POST, OPTIONS', 'Access-Control-Allow-Methods': 'GET, POST', 'Access-Control-Allow-Headers': 'Content-Type, X-Requested-With',
  'Access-Control-Max-Age': '600',
};
