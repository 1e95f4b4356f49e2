/*
 * 0.9's manager, which app.ts knows as `io`. Its settings and namespaces are 0.9's, its sessions
 * and rooms are our own. The manager does all work that concerns several clients.
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
import { Turn } from '../turn';
import { ClientCount } from './client-count';
import { callHandlers, once } from './handlers';
import { BaseManager } from './legacy';
import { Middleware } from './middleware';
import { Namespace } from './namespace';
import { GONE_FROM_MANAGER, Views, viewsOf } from './old-api';
import { Rooms } from './rooms';
import { checkSetting, refuseToTell } from './settings';
import { Users } from './users';

/**
 * The part of a handshake's answer that says: the page's last session was another user's. The page
 * then drops the messages that it had for that user.
 */
const ANOTHER_USER = 'another-user';
/** The number of random bytes in a session's id. */
const ID_LENGTH = 15;

export class Manager extends BaseManager implements Core, SessionHost {
  /** The sessions by their ids. A session that has ended stays until its client has been told. */
  readonly sessions = new Map<string, Session>();
  readonly allRooms = new Rooms();
  readonly limits: Limits;
  /** What is written at the end of this turn of the event loop. */
  readonly turn = new Turn();
  readonly users = new Users(this);
  readonly middleware: Middleware;
  readonly backplane: Backplane;
  /** The number of clients that are connected to this process. */
  clients = 0;
  private readonly clientCount = new ClientCount(
    () => this.total, total => this.emit('clients', total),
  );

  private readonly views = viewsOf(this);
  readonly sessionTimeout: number;
  declare namespaces: { [name: string]: Namespace };
  declare readonly log: Log;

  private readonly debug: Log['debug'];
  /** Logs an error, at most one a second of each kind. */
  readonly report: Report;

  /**
   * @param backplane makes the backplane that this manager shares with the managers of other
   * processes
   */
  constructor(options: RealtimeOptions, log: Log, backplane: (core: Manager) => Backplane) {
    // 0.9 logs at least one line for each client at level info. Here, such lines have the level
    // debug.
    const logger = { ...log, info: log.debug };
    super(new EventEmitter(), { transports: ['xhr-polling'], logger });
    refuseToTell(this.settings);
    this.sessionTimeout = options.sessionTimeout;
    this.debug = log.debug;
    this.report = atMostOneASecond(log.error);
    this.limits = new Limits(options, this.sessions, atMostOneASecond(log.warn), this.turn);
    this.middleware = new Middleware(this, options.maxHandshakes);
    this.backplane = backplane(this);
    Object.defineProperty(this, 'log', { value: log });
  }

  get rooms(): Views['rooms'] { return this.views.rooms; }
  get roomClients(): Views['roomClients'] { return this.views.roomClients; }
  get connected(): Views['connected'] { return this.views.connected; }
  get handshaken(): Views['handshaken'] { return this.views.handshaken; }

  /** Calls the handlers of `io` itself, such as those of io.on('connection'). */
  override emit(event: string, ...args: unknown[]): boolean {
    const handlers = this.rawListeners(event);
    callHandlers(handlers, this, args, error => this.failed(event, error));
    return handlers.length > 0;
  }

  /**
   * Changes a setting, as in 0.9.
   * @returns the manager; with a name alone, the value of the setting
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
   * Adds middleware of Express, which runs for each handshake, before authorization.
   * @throws Error with one line, if the argument is no function of (req, res, next)
   */
  use(middleware: MiddlewareFunction): this {
    this.middleware.add(middleware);
    return this;
  }

  /**
   * Returns the namespace of this name, and makes it at the first call. Only the application calls
   * this function, so a client cannot make a namespace.
   */
  override of(name: string): Namespace {
    const known = this.namespace(name);
    if (known) return known;
    const made = new Namespace(this, name);
    this.namespaces[name] = made;
    return made;
  }

  /** @returns the namespace of this name; undefined if the application has not made one */
  namespace(name: string): Namespace | undefined {
    const isKnown = Object.prototype.hasOwnProperty.call(this.namespaces, name);
    return isKnown ? this.namespaces[name] : undefined;
  }

  /**
   * Asks the application whether a client may connect, or join a namespace.
   * @param self the value of `this` in the application's function
   * @param done takes the answer. It is called once, even if the application answers again. In 0.9,
   * the client would get each answer
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
   * Gives a handshake a session: a new one, or the session that the handshake names (session=<id>
   * in the query). A session that goes on has the new handshake from then on. If the handshake is
   * from another user, it gets a new session, because packets that wait for one user are not for
   * the other.
   * @returns the text of the answer: the session's id, time-outs and transports, and ANOTHER_USER
   * if the session that the handshake names was another user's. 0.9's client reads only the first
   * four parts
   * @throws Refusal if there are too many sessions, or the client has come with a newer handshake
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
      // The client has given this handshake up, and the handshake came late.
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
   * @returns the session that a handshake names, if its client is a client of public/realtime.js;
   * undefined if there is no such session
   */
  private ofRealtime({ query: { session: id } }: Handshake): Session | undefined {
    const known = typeof id === 'string' ? this.sessions.get(id) : undefined;
    return known && known.delivery ? known : undefined;
  }

  /**
   * Decides whether a session can go on. If the client has got more messages than the session knows
   * of, the session ends. A session that is only a handshake cannot go on.
   * @param got the number of the last message that the client has
   * @returns whether the session can go on
   */
  private canGoOn(known: Session, got: number): boolean {
    if (known.ended) return known.isForGood;
    if (!(got >= known.delivery!.next)) return known.isUsed;
    known.end('its last messages are missing');
    return false;
  }

  /**
   * Ends the session that a refused handshake names. The user of the session may not come in any
   * more, but an older poll may still wait.
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
   * Makes the session here that another process had until now.
   * @param handshake the handshake with which the session goes on
   * @throws Refusal if there are too many sessions
   */
  adopt(id: string, handshake: Handshake): Session {
    return this.addSession(new Session(id, handshake, this, true));
  }

  private addSession(session: Session): Session {
    this.limits.beforeSession(session);
    this.sessions.set(session.id, session);
    return session;
  }

  /** Connects a client that uses its session for the first time. */
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

  /** The number of clients that are connected to all processes. */
  get total(): number {
    return this.clients + this.backplane.elsewhere;
  }

  /**
   * Tells the application the number of clients, if the number may have changed: at most once a
   * second.
   */
  onCount(): void {
    if (this.rawListeners('clients').length > 0) this.clientCount.onChange();
  }

  /**
   * Sends a packet to a client.
   * @param session the client's session, or its id if another process may have the session
   * @param volatile the kind of a volatile packet (kindOf)
   */
  sendTo(session: Session | string, packet: string, volatile?: string): void {
    if (typeof session !== 'string') session.send(packet, volatile);
    else this.backplane.publish({ to: session, packet });
  }

  /**
   * Ends a session for good.
   * @param session the session, or its id if another process may have the session
   */
  disconnect(session: Session | string): void {
    if (typeof session !== 'string') {
      if (session.keeper.boots()) session.end('booted');
    } else this.backplane.publish({ end: session });
  }

  /**
   * Sends a packet to the clients of this process that are in a room.
   * @param room the key of the room
   * @param volatile the name of the packet's event, if the emit is volatile
   * @param except the ids of the sessions that do not get the packet
   */
  sendToRoom(
    room: string, packet: string, volatile: string | undefined, except: string[],
  ): void {
    const kind = volatile === undefined ? undefined : kindOf(volatile, room);
    // `except` is mostly empty, or has only the sender of a broadcast.
    const left = except.length > 1 ? new Set(except) : null;
    for (const session of this.allRooms.in(room)) {
      const isLeft = left ? left.has(session.id) : except[0] === session.id;
      if (!isLeft) session.send(packet, kind);
    }
  }

  /**
   * Tells handlers of 'disconnect' that a session has ended. They can still use the session's
   * rooms.
   */
  onEnd(session: Session, says: string, wasUsed: boolean): void {
    this.debug('ended', session.id, says);
    if (wasUsed) this.clients -= 1;
    this.limits.onUse(session);
    for (const namespace of Object.values(this.namespaces)) namespace.onEnd(session, says);
    this.allRooms.leaveAll(session);
    if (wasUsed) this.backplane.onClients();
  }

  /**
   * Logs that a handler of the application has failed.
   * @param what the event of the handler
   */
  failed(what: string, error: unknown): void {
    this.report(`handler of ${what}`, error);
  }
}

Object.defineProperties(Manager.prototype, GONE_FROM_MANAGER);

/** @returns whether a handshake is older than the last handshake of the session's client */
function isLate({ handshakeNumber: last }: Session, handshakeNumber: number | null): boolean {
  return handshakeNumber !== null && last !== null && handshakeNumber < last;
}
