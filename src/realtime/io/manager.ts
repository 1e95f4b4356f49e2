import { randomBytes } from 'crypto';
import { EventEmitter } from 'events';
import type { Authorization, Handshake, Refused } from '../api';
import type { Backplane, Core } from '../backplane';
import { atMostOneASecond, Log, Report } from '../logging';
import type { RealtimeOptions } from '../options';
import { callHandlers, once } from './handlers';
import { BaseManager } from './legacy';
import { Limits } from '../session/limits';
import { Namespace } from './namespace';
import { notHandshaken } from '../protocol/refusal';
import { Rooms } from './rooms';
import { checkSetting } from './settings';
import { Session } from '../session/session';
import { Told } from './told';
import type { Transport } from '../session/transport';
import { Users } from './users';

/** Says with a handshake's answer that the page must not send as this user what it had for another. */
const ANOTHER_USER = 'another-user';

/**
 * 0.9's manager, which app.ts knows as `io`: its settings and namespaces, with sessions and rooms of our own. Whatever concerns
 * more than one client goes by it.
 */
export class Manager extends BaseManager implements Core {
  /** By session id. Those that have ended stay until their client has been told. */
  readonly sessions = new Map<string, Session>();
  readonly rooms = new Rooms();
  readonly limits: Limits;
  readonly users = new Users(this);
  readonly backplane: Backplane;
  /** How many clients are connected. */
  clients = 0;
  private readonly told = new Told(() => this.total, total => this.emit('clients', total));
  /** How long a client of public/realtime.js may be absent, s. */
  readonly sessionTimeout: number;
  declare namespaces: { [name: string]: Namespace };

  private readonly debug: Log['debug'];
  /** Logs an error, at most one a second of each kind. */
  readonly report: Report;
  private toFlush: Transport[] = [];

  constructor(options: RealtimeOptions, log: Log, backplane: (core: Manager) => Backplane) {
    // 0.9's info is one line a client and more: debug, by any other name.
    super(new EventEmitter(), { transports: ['xhr-polling'], logger: { ...log, info: log.debug } });
    this.sessionTimeout = options.sessionTimeout;
    this.debug = log.debug;
    this.report = atMostOneASecond(log.error);
    this.limits = new Limits(options, this.sessions, atMostOneASecond(log.warn));
    this.backplane = backplane(this);
  }

  /** Calls the handlers of `io` itself, such as those of io.on('connection'). */
  override emit(event: string, ...args: unknown[]): boolean {
    const handlers = this.rawListeners(event);
    callHandlers(handlers, this, args, error => this.failed(event, error));
    return handlers.length > 0;
  }

  /**
   * @returns this; with a name alone, its value
   * @throws Error with one line, where that would change nothing, or not as it should
   */
  override set(name: string, ...value: unknown[]): unknown {
    if (value.length === 0) return this.get(name);
    checkSetting(name, value[0]);
    return super.set(name, value[0]);
  }

  override enable(name: string): unknown { return this.set(name, true); }
  override disable(name: string): unknown { return this.set(name, false); }

  /** A namespace, made at its first use. Names are the application's: a client cannot make one. */
  override of(name: string): Namespace {
    const known = this.namespace(name);
    return known || (this.namespaces[name] = new Namespace(this, name));
  }

  /** A namespace that there is. */
  namespace(name: string): Namespace | undefined {
    return Object.prototype.hasOwnProperty.call(this.namespaces, name) ? this.namespaces[name] : undefined;
  }

  /**
   * Asks the application whether a client may connect, and answers `done` once, whatever it does: 0.9 answers the client
   * each time it is told.
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
   * Makes a session of a handshake, or finds the one that its client has (session=<id> in the
   * query). One that goes on has the new handshake from then on. If that is another user's, it is
   * another session: nothing that waits for the one is for the other.
   * @returns what the client is told: the session's id, time-outs and transports; where the one
   * that it had was another user's, that too. 0.9's client reads four parts, and no fifth
   * @throws Refusal if there are too many, or the client has come with another one since
   */
  admit(handshake: Handshake): string {
    const { got, session: id, try: attempt } = handshake.query;
    const known = typeof id === 'string' && this.sessions.get(id);
    const isLate = known && Number(attempt) < Number(known.attempt);
    const isOthers = known && known.delivery && !isLate && !this.users.isSame(known, handshake);
    if (known && isOthers) known.endUntold('another user');
    // One that the client knows more of than we do, as Redis lost that, does not go on.
    if (known && known.delivery && Number(got) >= known.delivery.next) known.end('its last messages are missing');
    const mayGoOn = known && known.delivery && !isOthers && !known.isOver;
    const goesOn = mayGoOn && (known.connected || known.ended) && this.sessions.has(known.id);
    const session = goesOn ? known : this.newSession(handshake, got !== undefined);
    // A handshake that was given up, and came late.
    if (session === known && isLate) throw notHandshaken();
    if (session === known) {
      session.resume(String(attempt), Number(got));
      session.renew(handshake);
    } else session.attempt = String(attempt);
    const heartbeat = this.enabled('heartbeats') ? this.get('heartbeat timeout') : '';
    const told = [session.id, heartbeat, this.get('close timeout'), this.get('transports').join(',')];
    if (isOthers) told.push(ANOTHER_USER);
    return told.join(':');
  }

  /**
   * A handshake was refused. The session that it wanted to go on with ends: whoever it was may not
   * be let in any more, and a poll of before may still be open.
   */
  shutOut({ query: { got, session: id, try: attempt } }: Handshake): void {
    const known = typeof id === 'string' && got !== undefined && this.sessions.get(id);
    if (!known || !known.delivery || Number(attempt) < Number(known.attempt)) return;
    known.endUntold('unauthorized');
  }

  private newSession(handshake: Handshake, delivers: boolean): Session {
    const id = randomBytes(15).toString('base64').replace(/\//g, '_').replace(/\+/g, '-');
    const session = new Session(id, handshake, this, delivers);
    this.limits.beforeOpen(session);
    this.sessions.set(id, session);
    this.debug('handshake', id, session.address);
    return session;
  }

  /** A session has its first poll, or its WebSocket. */
  onConnect(session: Session, recovered: boolean): void {
    this.clients += 1;
    this.debug('connected', session.id, session.transport.name);
    this.limits.onUse(session);
    this.namespaces['']!.join(session, recovered);
    if (!recovered) this.told.onNewcomer();
    this.backplane.onClients();
  }

  /** How many clients are connected, to all processes. */
  get total(): number {
    return this.clients + this.backplane.elsewhere;
  }

  /** The number of clients may have changed: tells the application, at most once a second. */
  onCount(): void {
    if (this.rawListeners('clients').length > 0) this.told.onChange();
  }

  /**
   * A session that another process had goes on here.
   * @throws Refusal if there are as many sessions as there may be
   */
  adopt(id: string, handshake: Handshake): Session {
    const session = new Session(id, handshake, this, true);
    this.limits.beforeOpen(session);
    this.sessions.set(id, session);
    return session;
  }

  /** Sends a packet to a client: of this process, or, by its id, of any. */
  sendTo(session: Session | string, packet: string, volatile?: boolean): void {
    if (typeof session !== 'string') session.send(packet, volatile);
    else this.backplane.publish({ to: session, packet });
  }

  /** Ends a session for good. */
  disconnect(session: Session | string): void {
    if (typeof session !== 'string') session.disconnect();
    else this.backplane.publish({ end: session });
  }

  /**
   * Sends a packet to everyone in a room who is connected to this process.
   * @param exceptions the ids of those who do not get it
   */
  sendToRoom(
    room: string, packet: string, volatile: boolean | undefined, exceptions: string[],
  ): void {
    // Mostly there is none or one: the sender of a broadcast.
    const left = exceptions.length > 1 ? new Set(exceptions) : null;
    for (const session of this.rooms.in(room)) {
      const isLeft = left ? left.has(session.id) : exceptions[0] === session.id;
      if (!isLeft) session.send(packet, volatile);
    }
  }

  /** A session has ended: tells the handlers of 'disconnect', which can still use its rooms. */
  onEnd(session: Session, reason: string): void {
    this.debug('ended', session.id, reason);
    if (session.connected) this.clients -= 1;
    this.limits.onUse(session);
    for (const namespace of Object.values(this.namespaces)) namespace.handleDisconnect(session, reason);
    this.rooms.leaveAll(session);
    if (session.connected) this.backplane.onClients();
  }

  /** Sends what waits for a client at the end of this tick. */
  flushSoon(transport: Transport): void {
    if (this.toFlush.push(transport) > 1) return;
    process.nextTick(() => {
      const transports = this.toFlush;
      this.toFlush = [];
      for (const one of transports) one.flush();
    });
  }

  /** A handler of the application has failed. */
  failed(what: string, error: unknown): void {
    this.report(`handler of ${what}`, error);
  }
}
