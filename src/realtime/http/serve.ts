/*
 * Leads requests to their sessions. index.ts hands all requests of Socket.IO to this file. Each
 * request gets an answer, even a wrong request: if the server cuts a connection, iisnode answers
 * with 500.1013.
 */
import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'http';
import type { Duplex } from 'stream';
import type { Handshake, Refused } from '../api';
import type { Manager } from '../io/manager';
import { receive } from '../io/receive';
import { atMostOneASecond, Log, Report } from '../logging';
import type { RealtimeOptions } from '../options';
import { readPayload } from '../protocol/read';
import { notHandshaken, Refusal } from '../protocol/refusal';
import type { Session } from '../session/session';
import { Bodies } from './bodies';
import { Exchange, MiddlewareExchange } from './exchange';
import { readHandshake } from './handshake';
import { readOrigin } from './origins';
import { Asked, Delivered, readDelivered, readRequest } from './requests';
import { Resource } from './resource';
import { unauthorized } from './unauthorized';
import { asksForWebSocket, refuseUpgrade, serveWithoutUpgrade } from './upgrades';
import { createWebSockets, OpenWebSocket } from './websocket';

export class Serve {
  private readonly bodies: Bodies;
  private readonly warn: Report;
  private resource: Resource;
  /** null until the server offers WebSockets. A server that only polls need not load them. */
  private openWebSocket: OpenWebSocket | null = null;
  private isClosing = false;

  constructor(
    private readonly options: RealtimeOptions,
    private readonly manager: Manager,
    private readonly log: Log,
  ) {
    this.bodies = new Bodies(options.maxMessageBytes);
    this.warn = atMostOneASecond(log.warn);
    this.resource = new Resource(manager.get('resource') as string);
    manager.on('set:resource', (path: string) => { this.resource = new Resource(path); });
    manager.on('set:transports', (transports: string[]) => {
      if (this.openWebSocket || !transports.includes('websocket')) return;
      this.openWebSocket = createWebSockets(
        options.maxMessageBytes, (session, packets) => receive(manager, session, packets), log,
      );
    });
  }

  /** @returns whether a request is for Socket.IO */
  owns({ url = '' }: IncomingMessage): boolean {
    return this.resource.has(url);
  }

  /** Refuses all requests from now on, because the server is stopping. */
  close(): void {
    this.isClosing = true;
  }

  /** Gives up the bodies that take too long. To be called about once a second. */
  sweep(time: number): void {
    this.bodies.sweep(time);
  }

  /** Answers a request for Socket.IO: now, or later, when there is something to send. */
  request(req: IncomingMessage, res: ServerResponse): void {
    const page = readOrigin(req, this.options.allowedOrigins, this.options.trust);
    // A page that may not connect may not read the refusal, either.
    const exchange = new Exchange(req, res, page === undefined ? null : page, this);
    try {
      const asked = this.read(req, page);
      // If nobody read this body, up to 64 KB of it would stay in memory as long as a poll waits.
      // And node would not notice that the client has gone.
      if (req.method === 'GET' && hasBody(req)) req.resume();
      this.dispatch(exchange, asked);
    } catch (error) {
      exchange.fail(error);
    }
  }

  /**
   * Answers a request for a WebSocket. A request for another kind of upgrade is served as if it
   * asked for no upgrade.
   */
  upgrade(server: HttpServer, req: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (!asksForWebSocket(req)) {
      serveWithoutUpgrade(server, req, socket, head);
      return;
    }
    try {
      const session = this.sessionOfUpgrade(req);
      this.openWebSocket!(req, socket, head, session);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.onRefusal(req, error);
      refuseUpgrade(socket, error);
    }
  }

  /** @throws Refusal if there is no such session, or the request cannot have a WebSocket */
  private sessionOfUpgrade(req: IncomingMessage): Session {
    if (!this.owns(req)) throw new Refusal(404, 'not found');
    const version = req.headers['sec-websocket-version'];
    if (version !== '13' && version !== DRAFT) {
      throw new Refusal(426, 'WebSockets of version 13', VERSION);
    }
    const page = readOrigin(req, this.options.allowedOrigins, this.options.trust);
    const { kind, id, query } = this.read(req, page);
    if (kind !== 'upgrade') throw new Refusal(400, 'no WebSocket here');
    const session = this.find(id, readDelivered(query).handshakeNumber);
    if (!session || session.ended) throw notHandshaken();
    return session;
  }

  /**
   * @param page the result of readOrigin: undefined if the page may not connect
   * @throws Refusal for a request that must not reach a session
   */
  private read(req: IncomingMessage, page: string | null | undefined): Asked {
    const { maxMessageBytes } = this.options;
    if (page === undefined) throw new Refusal(403, 'pages of this origin may not connect');
    if (this.isClosing) throw new Refusal(503, 'the server is stopping', { Connection: 'close' });
    if (Number(req.headers['content-length']) > maxMessageBytes) {
      throw new Refusal(413, `a message may have ${maxMessageBytes} bytes`);
    }
    const path = this.resource.rest(req.url!);
    return readRequest(req, path, this.manager.get('transports') as string[]);
  }

  /** Logs the reason why a request is refused. */
  onRefusal(req: IncomingMessage, { status, reason }: Refusal): void {
    const { address } = this.options.trust.address(req);
    if (status === 403) {
      const { origin, referer } = req.headers;
      const page = (origin || referer || 'by its word in Sec-Fetch-Site').slice(0, 200);
      this.warn(reason, address, page, '(see ALLOWED_ORIGINS)');
    } else if (QUIET.includes(status) || this.isClosing) {
      this.log.debug('refused', status, reason, address);
    } else this.warn(reason, address);
  }

  private dispatch(exchange: Exchange, asked: Asked): void {
    switch (asked.kind) {
      case 'welcome': return exchange.answer('Welcome to socket.io.');
      case 'preflight': return exchange.answer('', 204, PREFLIGHT);
      case 'upgrade': throw new Refusal(400, 'a WebSocket is meant here');
      case 'handshake': {
        if (exchange.req.method === 'GET') return this.handshake(exchange, asked.query);
        // The body of this POST means nothing. But it is read, with the bounds of a message.
        return this.bodies.read(
          exchange.req,
          () => exchange.guard(() => this.handshake(exchange, asked.query)),
          refusal => exchange.refuse(refusal),
        );
      }
      default: return this.bring(exchange, asked);
    }
  }

  /**
   * Handles the handshake of a client that comes, or comes back. If there is middleware, it runs
   * first.
   */
  private handshake(exchange: Exchange, query: string): void {
    const { middleware } = this.manager;
    const handshake = readHandshake(exchange.req, query, this.options.trust);
    if (middleware.isEmpty) return this.authorize(exchange, handshake);
    middleware.run(handshake, (decision, response) => {
      const answered = new MiddlewareExchange(exchange, response);
      answered.guard(() => {
        if (decision.is === 'let in') this.authorize(answered, handshake);
        else if (decision.is === 'refused') this.shutOut(answered, handshake, decision.why);
        else answered.answer('handshake error', 500);
      });
    });
  }

  /** Asks the application's authorization, if there is one, whether a client may come in. */
  private authorize(exchange: Exchange, handshake: Handshake): void {
    const { manager } = this;
    const check = manager.get('authorization');
    if (!check) return this.enter(exchange, handshake);
    manager.ask(check, manager, handshake, (error, authorized, why) => exchange.guard(() => {
      if (error) exchange.answer('handshake error', 500);
      else if (authorized) this.enter(exchange, handshake);
      else this.shutOut(exchange, handshake, why);
    }));
  }

  private enter(exchange: Exchange, handshake: Handshake): void {
    const { manager } = this;
    const told = manager.backplane.enter(handshake, () => manager.admit(handshake));
    if (typeof told === 'string') exchange.answer(told);
    else exchange.later(told, text => exchange.answer(text));
  }

  /**
   * Refuses a handshake.
   * @param why the reason that the application has given
   */
  private shutOut(
    exchange: Exchange, handshake: Handshake, why: Partial<Refused> | undefined,
  ): void {
    const { manager } = this;
    const { session: id, got } = handshake.query;
    this.warn('handshake unauthorized', handshake.address.address);
    const tell = () => {
      manager.shutOut(handshake);
      exchange.answer(unauthorized(got !== undefined, why), 403, UNAUTHORIZED);
    };
    const comes = typeof id === 'string' && got !== undefined
      ? manager.backplane.bring(manager.sessions.get(id), id, null, 0)
      : null;
    if (comes) exchange.later(comes, tell);
    else tell();
  }

  /**
   * Handles a request of a session. If another process has the session, the session comes here
   * first.
   */
  private bring(exchange: Exchange, asked: Asked): void {
    const { backplane, sessions } = this.manager;
    const delivered = readDelivered(asked.query);
    const { handshakeNumber, got } = delivered;
    const comes = handshakeNumber === null
      ? null
      : backplane.bring(sessions.get(asked.id), asked.id, handshakeNumber, got);
    if (comes) exchange.later(comes, () => this.proceed(exchange, asked, delivered));
    else this.proceed(exchange, asked, delivered);
  }

  private proceed(exchange: Exchange, asked: Asked, delivered: Delivered): void {
    const session = this.find(asked.id, delivered.handshakeNumber);
    if (asked.kind === 'goodbye') {
      if (session) session.end('goodbye');
      return exchange.answer('');
    }
    if (!session) throw notHandshaken();
    if (asked.kind === 'post') return this.post(exchange, session, delivered.handshakeNumber);
    exchange.forgetRequest();
    session.transport.onPoll(exchange, delivered);
  }

  /** @returns the session, if the request belongs to the last handshake of the session's client */
  private find(id: string, handshakeNumber: number | null): Session | undefined {
    const session = this.manager.sessions.get(id);
    return session && session.isOf(handshakeNumber) ? session : undefined;
  }

  private post(exchange: Exchange, session: Session, handshakeNumber: number | null): void {
    if (session.isGivenUp) throw notHandshaken();
    const { backplane } = this.manager;
    this.bodies.read(exchange.req, text => exchange.guard(() => {
      const counts = backplane.handle(session, handshakeNumber, to => this.handleBody(to, text));
      if (counts) exchange.later(counts, () => exchange.answer('1'));
      else this.manager.turn.answer(() => exchange.answer('1'));
    }), refusal => exchange.refuse(refusal));
  }

  /** @param text the body of a POST of the session's client */
  private handleBody(session: Session, text: string): void {
    if (session.isGivenUp) throw notHandshaken(); // the session has ended while the body came
    const packets = readPayload(text, this.options.maxPackets);
    session.open();
    receive(this.manager, session, packets);
  }
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
}

/**
 * The statuses of mistakes that any client makes now and then. The log has them at level debug
 * only.
 */
const QUIET = [400, 404, 405];
/**
 * The answer has a text of the application. With this header, no browser takes the text for a page.
 */
const UNAUTHORIZED = { 'X-Content-Type-Options': 'nosniff' };
const VERSION = { 'Sec-WebSocket-Version': '13' };
/**
 * The version of the last draft before the standard. Clients of 0.9 in Java use this version. Its
 * frames are the same as those of version 13.
 */
const DRAFT = '8';
const PREFLIGHT = {
  Allow: 'GET, POST, OPTIONS',
  'Access-Control-Allow-Methods': 'GET, POST',
  'Access-Control-Allow-Headers': 'Content-Type, X-Requested-With',
  'Access-Control-Max-Age': '600',
};
