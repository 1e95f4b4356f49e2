/*
 * 0.9's manager, which app.ts knows as `io`: 0.9's settings and namespaces, with sessions and rooms
 * of our own. Whatever concerns more than one client goes by it.
 */
import { randomBytes } from 'crypto';
import { EventEmitter } from 'events';
import type { Authorization, Handshake, MiddlewareFunction, Refused } from '../api';
import type { Backplane, Core } from '../backplane';
import { atMostOneASecond, Log, Report } from '../logging';
import type { RealtimeOptions } from '../options';
import { readNumber } from '../protocol/read';
import { notHandshaken } from '../protocol/refusal';
import { Limits } from '../session/limits';
import { kindOf } from '../session/newest';
import { Session, SessionHost } from '../session/session';
import type { Transport } from '../session/transport';
import { ClientCount } from './client-count';
import { callHandlers, once } from './handlers';
import { BaseManager } from './legacy';
import { Middleware } from './middleware';
import { Namespace } from './namespace';
import { GONE_FROM_MANAGER, Views, viewsOf } from './old-api';
import { Rooms } from './rooms';
import { checkSetting } from './settings';
import { Users } from './users';

/** In a handshake's answer: the page must not send as this user what it had for another. */
const ANOTHER_USER = 'another-user';
/** How long a session's id is, bytes. */
const ID_LENGTH = 15;

export class Manager extends BaseManager implements Core, SessionHost {
  /** By their ids. Those that have ended stay until their client has been told. */
  readonly sessions = new Map<string, Session>();
  readonly allRooms = new Rooms();
  readonly limits: Limits;
  readonly users = new Users(this);
  readonly middleware: Middleware;
  readonly backplane: Backplane;
  /** How many clients are connected to this process. */
  clients = 0;
  private readonly clientCount = new ClientCount(
    () => this.total, total => this.emit('clients', total),
  );

  private readonly views = viewsOf(this);
  readonly sessionTimeout: number;
  declare namespaces: { [name: string]: Namespace };
  declare readonly log: Log;

  private readonly debug: Log['debug'];
  /** An error is logged, at most one a second of each kind. */
  readonly report: Report;
  private toFlush: Transport[] = [];

  /** @param backplane makes what this manager shares with those of other processes */
  constructor(options: RealtimeOptions, log: Log, backplane: (core: Manager) => Backplane) {
    // 0.9's info is one line a client and more: that is debug, by any other name.
    const logger = { ...log, info: log.debug };
    super(new EventEmitter(), { transports: ['xhr-polling'], logger });
    this.sessionTimeout = options.sessionTimeout;
    this.debug = log.debug;
    this.report = atMostOneASecond(log.error);
    this.limits = new Limits(options, this.sessions, atMostOneASecond(log.warn));
    this.middleware = new Middleware(this, options.maxHandshakes);
    this.backplane = backplane(this);
    Object.defineProperty(this, 'log', { value: log });
  }

  get rooms(): Views['rooms'] { return this.views.rooms; }
  get roomClients(): Views['roomClients'] { return this.views.roomClients; }
  get connected(): Views['connected'] { return this.views.connected; }
  get handshaken(): Views['handshaken'] { return this.views.handshaken; }

  /** The handlers of `io` itself are called, such as those of io.on('connection'). */
  override emit(event: string, ...args: unknown[]): boolean {
    const handlers = this.rawListeners(event);
    callHandlers(handlers, this, args, error => this.failed(event, error));
    return handlers.length > 0;
  }

  /**
   * A setting is changed, as in 0.9, if it means something here.
   * @returns the manager; with a name alone, the value
   * @throws Error with one line, if the setting would change nothing (settings.ts)
   */
  override set(name: string, ...value: unknown[]): unknown {
    if (value.length === 0) return this.get(name);
    checkSetting(name, value[0]);
    return super.set(name, value[0]);
  }

  override enable(name: string): unknown { return this.set(name, true); }
  override disable(name: string): unknown { return this.set(name, false); }

  /**
   * Middleware of Express runs for each handshake, before authorization.
   * @throws Error with one line, if the argument is no function of (req, res, next)
   */
  use(middleware: MiddlewareFunction): this {
    this.middleware.add(middleware);
    return this;
  }

  /** A namespace, made at its first use. Names are the application's: a client cannot make one. */
  override of(name: string): Namespace {
    const known = this.namespace(name);
    if (known) return known;
    const made = new Namespace(this, name);
    this.namespaces[name] = made;
    return made;
  }

  /** @returns a namespace that there is */
  namespace(name: string): Namespace | undefined {
    const isKnown = Object.prototype.hasOwnProperty.call(this.namespaces, name);
    return isKnown ? this.namespaces[name] : undefined;
  }

  /**
   * The application is asked whether a client may connect, or join a namespace.
   * @param self what the application's function has for `this`
   * @param done takes the answer, once, whatever the application does: 0.9 answers the client each
   * time that it is told
   */
  ask(
    check: Authorization, self: object, handshake: Handshake,
    done: (error: unknown, authorized?: boolean, why?: Partial<Refused>) => void,
  ): void {
    const answer = once(done);
    callHandlers([check], self, [handshake, answer], error => {
      this.failed('authorization', error);
      answer(error || new Error('authorization failed'));
    });
  }

  /**
   * A handshake gets a session: a new one, or the one that its client has (session=<id> in the
   * query). One that goes on has the new handshake from then on. If that is another user's, it is
   * another session: nothing that waits for the one is for the other.
   * @returns what the client is told: the session's id, time-outs and transports; where the session
   * that it had was another user's, that too. 0.9's client reads four parts, and no fifth
   * @throws Refusal if there are too many sessions, or the client has come with another handshake
   * since
   */
  admit(handshake: Handshake): string {
    const { got } = handshake.query;
    const handshakeNumber = readNumber(handshake.query.try);
    const known = this.ofRealtime(handshake);
    const late = known !== undefined && isLate(known, handshakeNumber);
    const isOthers = known !== undefined && !late && !this.users.isSame(known, handshake);
    if (isOthers) known.end('another user');
    let session: Session;
    if (known && !isOthers && this.canGoOn(known, Number(got))) {
      // A handshake that was given up, and came late.
      if (late) throw notHandshaken();
      session = known;
      session.resume(handshakeNumber, Number(got));
      session.renew(handshake);
    } else {
      session = this.newSession(handshake, got !== undefined);
      session.handshakeNumber = handshakeNumber;
    }
    const heartbeat = this.enabled('heartbeats') ? this.get('heartbeat timeout') : '';
    const transports = this.get('transports').join(',');
    const told = [session.id, heartbeat, this.get('close timeout'), transports];
    if (isOthers) told.push(ANOTHER_USER);
    return told.join(':');
  }

  /**
   * @returns the session that a handshake names, of a client of public/realtime.js; undefined if
   * there is none
   */
  private ofRealtime({ query: { session: id } }: Handshake): Session | undefined {
    const known = typeof id === 'string' ? this.sessions.get(id) : undefined;
    return known && known.delivery ? known : undefined;
  }

  /**
   * A session that its client knows more of than we do ends.
   * @param got the number of the last message that the client has
   * @returns whether a session can go on. One that is a handshake and no more does not
   */
  private canGoOn(known: Session, got: number): boolean {
    if (known.ended) return known.isForGood;
    if (!(got >= known.delivery!.next)) return known.isUsed;
    known.end('its last messages are missing');
    return false;
  }

  /**
   * A handshake was refused. The session that it wanted to go on with ends: whoever it was may not
   * be let in any more, and a poll of before may still be open.
   */
  shutOut(handshake: Handshake): void {
    const known = this.ofRealtime(handshake);
    if (!known || handshake.query.got === undefined) return;
    if (!isLate(known, readNumber(handshake.query.try))) known.end('unauthorized');
  }

  private newSession(handshake: Handshake, delivers: boolean): Session {
    const random = randomBytes(ID_LENGTH).toString('base64');
    const id = random.replace(/\//g, '_').replace(/\+/g, '-');
    const session = this.addSession(new Session(id, handshake, this, delivers));
    this.debug('handshake', id, session.address);
    return session;
  }

  /**
   * A session that another process had goes on here.
   * @param handshake the one that it had there
   * @throws Refusal if there are as many sessions as there may be
   */
  adopt(id: string, handshake: Handshake): Session {
    return this.addSession(new Session(id, handshake, this, true));
  }

  private addSession(session: Session): Session {
    this.limits.beforeSession(session);
    this.sessions.set(session.id, session);
    return session;
  }

  /** A session has its first poll, or its WebSocket. */
  onOpen(session: Session, recovered: boolean): void {
    this.clients += 1;
    this.debug('connected', session.id, session.transport.name);
    this.limits.onUse(session);
    this.namespaces['']!.join(session, recovered);
    if (!recovered) this.clientCount.onNewcomer();
    this.backplane.onClients();
  }

  /** Whether there may be other processes that have clients. */
  get hasOthers(): boolean {
    return this.backplane.state !== undefined;
  }

  /** How many clients are connected, to all processes. */
  get total(): number {
    return this.clients + this.backplane.elsewhere;
  }

  /** The number of clients may have changed: the application is told, at most once a second. */
  onCount(): void {
    if (this.rawListeners('clients').length > 0) this.clientCount.onChange();
  }

  /** A packet goes to a client: of this process, or, by its session's id, of any. */
  sendTo(session: Session | string, packet: string, volatile?: string): void {
    if (typeof session !== 'string') session.send(packet, volatile);
    else this.backplane.publish({ to: session, packet });
  }

  /** A session ends for good: of this process, or, by its id, of any. */
  disconnect(session: Session | string): void {
    if (typeof session !== 'string') {
      if (session.keeper.boots()) session.end('booted');
    } else this.backplane.publish({ end: session });
  }

  /**
   * A packet goes to everyone in a room who is connected to this process.
   * @param room its key
   * @param volatile the name of the packet's event, if the emit is volatile
   * @param except the ids of those who do not get it
   */
  sendToRoom(
    room: string, packet: string, volatile: string | undefined, except: string[],
  ): void {
    const kind = volatile === undefined ? undefined : kindOf(volatile, room);
    // Mostly there is none or one: the sender of a broadcast.
    const left = except.length > 1 ? new Set(except) : null;
    for (const session of this.allRooms.in(room)) {
      const isLeft = left ? left.has(session.id) : except[0] === session.id;
      if (!isLeft) session.send(packet, kind);
    }
  }

  /** A session has ended: handlers of 'disconnect' are told, and can still use its rooms. */
  onEnd(session: Session, says: string, wasUsed: boolean): void {
    this.debug('ended', session.id, says);
    if (wasUsed) this.clients -= 1;
    this.limits.onUse(session);
    for (const namespace of Object.values(this.namespaces)) namespace.onEnd(session, says);
    this.allRooms.leaveAll(session);
    if (wasUsed) this.backplane.onClients();
  }

  /** A transport is to send what waits for its client at the end of this tick. */
  flushSoon(transport: Transport): void {
    if (this.toFlush.push(transport) > 1) return;
    process.nextTick(() => {
      const transports = this.toFlush;
      this.toFlush = [];
      for (const one of transports) one.flush();
    });
  }

  /** A handler of the application has failed. @param what its event */
  failed(what: string, error: unknown): void {
    this.report(`handler of ${what}`, error);
  }
}

Object.defineProperties(Manager.prototype, GONE_FROM_MANAGER);

/** @returns whether a handshake is an older one than the session's client came with last */
function isLate({ handshakeNumber: last }: Session, handshakeNumber: number | null): boolean {
  return handshakeNumber !== null && last !== null && handshakeNumber < last;
}
