import { randomBytes } from 'crypto';
import { EventEmitter } from 'events';
import type { IncomingMessage } from 'http';
import type { ParsedUrlQuery } from 'querystring';
import type { Config } from '../config';
import { atMostOneASecond, Log } from '../log';
import { clientAddress } from './address';
import type { Authorization, Handshake } from './api';
import { callHandlers, once } from './handlers';
import { BaseManager, encodePacket, Packet } from './legacy';
import { Limits } from './limits';
import { Namespace } from './namespace';
import { Rooms } from './rooms';
import { Session } from './session';
import type { Socket } from './socket';

/** 0.9's manager, which app.ts knows as `io`: its settings and namespaces, with sessions and rooms of our own. */
export class Manager extends BaseManager {
  /** By session id. Those that have ended stay until their client has been told. */
  readonly sessions = new Map<string, Session>();
  readonly rooms = new Rooms();
  readonly limits: Limits;
  /** How many clients are connected. */
  clients = 0;
  /** How long a client of public/realtime.js may be absent, s. */
  readonly sessionTimeout: number;
  declare namespaces: { [name: string]: Namespace };
  declare transports: { [id: string]: Session | undefined };

  private readonly debug: Log['debug'];
  private readonly reportError: (kind: string, ...more: unknown[]) => void;
  private toFlush: Session[] = [];

  constructor(config: Config, log: Log) {
    // 0.9's info is one line a client and more: debug, by any other name.
    super(new EventEmitter(), { resource: /^/, transports: config.transports, logger: { ...log, info: log.debug } });
    this.handshaken = Object.create(null);
    this.transports = Object.create(null);
    this.sessionTimeout = config.sessionTimeout;
    this.debug = log.debug;
    this.reportError = atMostOneASecond(log.error);
    this.limits = new Limits(config, this.sessions, atMostOneASecond(log.warn));
  }

  /** A namespace, made at its first use. Names are the application's: a client cannot make one. */
  override of(name: string): Namespace {
    const known = this.namespace(name);
    return known || (this.namespaces[name] = new Namespace(this, name));
  }

  /** A namespace that there is. */
  private namespace(name: string): Namespace | undefined {
    return Object.prototype.hasOwnProperty.call(this.namespaces, name) ? this.namespaces[name] : undefined;
  }

  /**
   * Asks the application whether a client may connect, and answers `done` once, whatever it does: 0.9 answers the client
   * each time it is told.
   */
  ask(check: Authorization, self: object, handshake: Handshake, done: (error: unknown, authorized: boolean) => void): void {
    const answer = once(done);
    callHandlers([check], self, [handshake, answer], error => {
      this.failed('authorization', error);
      answer(error, false);
    });
  }

  /**
   * Makes a session of a handshake, or finds the one that its client has (session=<id> in the query).
   * @returns what the client is told: the session's id, time-outs and transports
   * @throws Refusal if there are too many
   */
  admit(handshake: Handshake): string {
    const { got, session: id, try: attempt } = handshake.query;
    const known = typeof id === 'string' && this.sessions.get(id);
    const session = known && known.delivery && known.connected ? known : this.newSession(handshake, got !== undefined);
    if (session === known) session.resume(String(attempt), Number(got));
    else session.start(String(attempt));
    const heartbeat = this.enabled('heartbeats') ? this.get('heartbeat timeout') : '';
    return [session.id, heartbeat, this.get('close timeout'), this.get('transports').join(',')].join(':');
  }

  private newSession(handshake: Handshake, delivers: boolean): Session {
    const id = randomBytes(15).toString('base64').replace(/\//g, '_').replace(/\+/g, '-');
    const session = new Session(id, handshake.address.address, this, delivers);
    this.limits.beforeOpen(session);
    this.sessions.set(id, session);
    this.handshaken[id] = handshake;
    this.debug('handshake', id, session.address);
    return session;
  }

  /** What app.ts sees as socket.handshake. */
  readHandshake(request: IncomingMessage, query: ParsedUrlQuery): Handshake {
    return { ...this.handshakeData({ request, headers: request.headers, query }), address: clientAddress(request) };
  }

  /** A session has its first poll, or its WebSocket. */
  onConnect(session: Session): void {
    const { id } = session;
    this.clients += 1;
    this.debug('connected', id, session.name);
    this.limits.onUse(session);
    this.transports[id] = session;
    delete this.handshaken[id]!.issued;
    this.namespaces['']!.join(id);
  }

  /**
   * What a client sent.
   * @throws Refusal if one of the packets is not to be taken; then none is
   */
  onPackets(session: Session, packets: Packet[]): void {
    const refused = packets.find(packet => packet.refused);
    if (refused && !session.delivery) throw refused.refused!;
    for (const packet of packets) {
      if (session.ended) return;
      if (session.delivery && packet.endpoint === '' && !this.isToHandle(session, packet)) continue;
      if (packet.type === 'heartbeat') session.onHeartbeat();
      else if (packet.type === 'disconnect' && packet.endpoint === '') session.onLeave();
      else if (packet.type === 'connect' && packet.endpoint === '') continue; // it is connected
      else this.onPacket(session, packet);
    }
  }

  private onPacket(session: Session, packet: Packet): void {
    const namespace = this.namespace(packet.endpoint);
    if (!namespace) return;
    if (packet.ack === true && !session.delivery) {
      session.send(encodePacket({ type: 'ack', ackId: packet.id, endpoint: packet.endpoint }));
    }
    namespace.handlePacket(session.id, packet);
  }

  /** Whether a packet of a client whose messages are numbered is to be handled: what is about the numbers is done here. */
  private isToHandle(session: Session, packet: Packet): boolean {
    if (packet.id !== undefined) {
      if (!session.isNext(packet.id, packet.size)) return false;
      if (!packet.refused) return true;
      // It counts, or the client would send it again for ever.
      this.reportError('a message that cannot be taken', packet.refused.message, session.address);
      if (packet.ack === 'data') session.send(encodePacket({ type: 'ack', ackId: packet.id, args: [{ error: packet.refused.message }] }));
      return false;
    }
    if (packet.type !== 'ack') return true;
    session.outbox.onGot(packet.ackId!);
    return false;
  }

  /** The number of the next message to a client, if its messages are numbered; the packet's id has to be the same. */
  nextNumber({ id, namespace }: Socket): number {
    const session = this.sessions.get(id);
    return namespace.name === '' && session && session.delivery ? session.delivery.next : 0;
  }

  /** Sends a packet to one client. */
  sendTo(id: string, packet: string, volatile?: boolean): void {
    const session = this.sessions.get(id);
    if (session) session.send(packet, volatile);
  }

  /** Sends a packet to everyone in a room. */
  onDispatch(room: string, packet: string, volatile: boolean | undefined, exceptions: string[]): void {
    for (const id of this.rooms.in(room)) {
      if (!exceptions.includes(id)) this.sendTo(id, packet, volatile);
    }
  }

  /** A session has ended: tells the handlers of 'disconnect', which can still use its rooms. */
  onEnd(session: Session, reason: string): void {
    const { id } = session;
    this.debug('ended', id, reason);
    if (session.connected) this.clients -= 1;
    this.limits.onUse(session);
    for (const namespace of Object.values(this.namespaces)) namespace.handleDisconnect(id, reason);
    this.rooms.leaveAll(id);
    delete this.handshaken[id];
    delete this.transports[id];
    // 0.9 keeps what socket.set was given for handlers that are still at work.
    this.store.destroyClient(id, this.get('client store expiration'));
  }

  /** Sends what waits for a session at the end of this tick. */
  flushSoon(session: Session): void {
    if (this.toFlush.push(session) > 1) return;
    process.nextTick(() => {
      const sessions = this.toFlush;
      this.toFlush = [];
      for (const one of sessions) one.flush();
    });
  }

  /** A handler of the application has failed. */
  failed(what: string, error: unknown): void {
    this.reportError(`handler of ${what}`, error);
  }

  /** Ends a session for good. */
  disconnect(id: string): void {
    const session = this.sessions.get(id);
    if (session) session.disconnect();
  }
}
