/*
 * A client in one namespace, as app.ts has it: emit, on, join, set. namespace.ts makes the socket
 * when the client joins. A client has one session for all namespaces (session/session.ts). Packets
 * that a socket sends wait in the session for the next connection.
 */
import { EventEmitter } from 'events';
import type { Handshake } from '../api';
import type { Log } from '../logging';
import type { Packet } from '../protocol/types';
import { encodePacket } from '../protocol/write';
import { NOBODY } from '../session/keeper';
import { kindOf } from '../session/newest';
import type { Session } from '../session/session';
import { callHandlers, caught, Handler, once } from './handlers';
import type { Flags } from './legacy';
import { GONE_FROM_SOCKET } from './old-api';
import type { Rooms } from './rooms';

/**
 * The events that the server itself uses. If a client sends such an event, the server ignores it.
 */
const RESERVED = [
  'error', 'connect', 'connection', 'disconnect', 'newListener', 'removeListener',
];
/**
 * The largest number of acknowledgements for which a socket waits. Beyond this number, the socket
 * forgets the oldest ones.
 */
const MOST_ACKS = 10000;
/** The error of calls that need the client's session, if this process does not have the session. */
const NOT_HERE = 'a client that is not with this process: only emit, send and disconnect reach it';
const NO_FLAGS: Flags = { exceptions: [] };
/** The acknowledgement of an event whose handler has thrown an error. */
const FAILED = { error: 'the server failed to handle this' };
/** The acknowledging functions that were given to an application's own $emit. */
const acknowledgements = new WeakSet<Handler>();

/** The part of the manager that a socket needs. */
export interface SocketHost {
  readonly log: Log;
  /** Whether there may be other processes that have clients. */
  readonly hasOthers: boolean;
  readonly allRooms: Rooms;
  get(setting: string): any;
  sendTo(session: Session | string, packet: string, volatile?: string): void;
  disconnect(session: Session | string): void;
  failed(what: string, error: unknown): void;
}

/** The part of its namespace that a socket needs. */
export interface SocketHome {
  readonly name: string;
  readonly volatile: this;
  key(room: unknown): string;
  in(room?: string): this;
  except(id: string): this;
  packet(packet: Partial<Packet>): this;
  remove(socket: Socket, session: Session, reason: string): void;
}

/**
 * 0.9's socket, with four differences. Flags are for one emit only. (If an emit throws in 0.9, the
 * next emit has its flags, too, and a private message can go to everyone.) The server calls each
 * handler by itself, so an error in one does not stop the others. An acknowledgement counts once. A
 * socket takes a quarter of the memory that 0.9's socket takes.
 */
export class Socket extends EventEmitter {
  disconnected = false;
  /**
   * Whether the session comes from another process. Then the socket has its rooms and its values of
   * socket.set already.
   */
  recovered = false;
  /** The socket itself. broadcast, volatile and so on are views of it with flags. */
  private readonly self: Socket = this;
  private readonly forNext: Flags = NO_FLAGS;
  /**
   * By the id of a packet: the function that waits for the packet's acknowledgement. The oldest
   * function is the first. The map is made when the first acknowledgement is asked for.
   */
  private acks: Map<number, (...args: any[]) => void> | null = null;
  /** The number of acknowledgements that were asked for while messages had no numbers. */
  private asked = 0;

  /** @param session null if this process does not have the client */
  constructor(
    readonly manager: SocketHost,
    private readonly session: Session | null,
    readonly id: string,
    readonly namespace: SocketHome,
  ) {
    super();
  }

  get handshake(): Handshake | undefined {
    return this.session ? this.session.handshake : undefined;
  }

  get transport(): string | undefined {
    return this.session ? this.session.transport.name : undefined;
  }

  get log(): Log { return this.manager.log; }
  get broadcast(): this { return this.flagged({ broadcast: true }); }
  get volatile(): this { return this.flagged({ volatile: true }); }
  get json(): this { return this.flagged({ json: true }); }
  to(room: string): this { return this.flagged({ room }); }
  in(room: string): this { return this.flagged({ room }); }

  private flagged(flags: Partial<Flags>): this {
    const value = { ...this.forNext, ...flags };
    return Object.create(this.self, { forNext: { value } }) as this;
  }

  override emit(event: string, ...args: unknown[]): any {
    // node's EventEmitter emits these events itself, when listeners are added or removed.
    if (event === 'newListener' || event === 'removeListener') return this.$emit(event, ...args);
    const hasCallback = typeof args[args.length - 1] === 'function';
    const callback = hasCallback ? args.pop() as () => void : undefined;
    return this.request({ type: 'event', name: event, args }, callback);
  }

  send(data: unknown, callback?: () => void): this {
    return this.request({ type: this.forNext.json ? 'json' : 'message', data }, callback);
  }

  private request(packet: Partial<Packet>, callback?: (...args: any[]) => void): this {
    if (callback) {
      const { self, session } = this;
      const acks = self.acks || (self.acks = new Map());
      // The number of the packet's message, if messages are numbered.
      const delivery = this.namespace.name === '' && session ? session.delivery : null;
      const number = delivery ? delivery.next : 0;
      const id = number || ++self.asked;
      packet.id = id;
      // As in 0.9, a function without parameters is called when the client has the event. A client
      // of realtime.js does not acknowledge events by itself, so there the page has to acknowledge.
      const takesAnswer = packet.type === 'event' && callback.length > 0;
      packet.ack = takesAnswer || number > 0 ? 'data' : true;
      acks.set(id, callback);
      if (acks.size > MOST_ACKS) acks.delete(acks.keys().next().value as number);
    }
    return this.packet(packet);
  }

  packet(packet: Partial<Packet>): this {
    const { broadcast, volatile, room = '' } = this.forNext;
    if (broadcast) {
      const others = this.namespace.in(room).except(this.id);
      (volatile ? others.volatile : others).packet(packet);
    } else {
      packet.endpoint = this.namespace.name;
      // A packet that is to be acknowledged must not be lost, so it is not volatile.
      const isVolatile = volatile && packet.id === undefined;
      const { name } = this.namespace;
      const kind = isVolatile ? kindOf(packet.name || 'message', `to ${name}`) : undefined;
      this.manager.sendTo(this.session || this.id, encodePacket(packet), kind);
    }
    return this;
  }

  /**
   * Adds the client to a room. A client that has left its namespace, or whose session has ended,
   * joins no room here, because nothing would take it out again. But another process may have the
   * session now.
   */
  join(room: string, done?: () => void): this {
    const { session } = this;
    if (!session) return this.callBackWithout(done);
    const key = this.namespace.key(room);
    if (session.ended) session.keeper.roomOn(key, true);
    else if (!this.disconnected) this.manager.allRooms.join(session, key);
    return this.callBack(done);
  }

  leave(room: string, done?: () => void): this {
    const { session } = this;
    if (!session) return this.callBackWithout(done);
    const key = this.namespace.key(room);
    // In a handler of 'disconnect', the client is still in its rooms.
    this.manager.allRooms.leave(session, key);
    if (session.ended) session.keeper.roomOn(key, false);
    return this.callBack(done);
  }

  /**
   * Calls a callback. If an async callback fails, its error is logged. If a callback throws, its
   * caller gets the error.
   */
  private callBack(done: Handler | undefined, ...args: unknown[]): this {
    if (done) caught(done(...args), error => this.manager.failed('a callback', error));
    return this;
  }

  set(key: string, value: unknown, done?: (error: Error | null) => void): this {
    return this.changeData(key, data => data.set(key, value), done);
  }

  private changeData(
    key: string, change: (data: Map<string, unknown>) => void,
    done: ((error: Error | null) => void) | undefined,
  ): this {
    const { session } = this;
    if (!session) return this.callBackWithout(done);
    change(session.data);
    session.keeper.valueSet(key);
    return this.callBack(done, null);
  }

  get(key: string, done: (error: Error | null, value: unknown) => void): this {
    const { session } = this;
    if (!session) return this.callBackWithout(done, null);
    session.keeper.valueUsed(key);
    const value = session.data.get(key);
    return this.callBack(done, null, value === undefined ? null : value);
  }

  has(key: string, done: (error: Error | null, has: boolean) => void): this {
    const { session } = this;
    if (!session) return this.callBackWithout(done, false);
    session.keeper.valueUsed(key);
    return this.callBack(done, null, session.data.has(key));
  }

  del(key: string, done?: (error: Error | null) => void): this {
    return this.changeData(key, data => data.delete(key), done);
  }

  /**
   * Calls a callback for a client that this process does not have. If there are several processes,
   * another process may have the client, and its values and rooms are out of reach. The callback
   * then gets an error. If there is no callback, the error is logged.
   */
  private callBackWithout(done: Handler | undefined, ...args: unknown[]): this {
    const error = this.manager.hasOthers ? new Error(`${NOT_HERE}: ${this.id}`) : null;
    if (error && !done) this.manager.failed('a socket of another process', error);
    return this.callBack(done, error, ...args);
  }

  disconnect(): this {
    if (this.disconnected) return this;
    if (this.namespace.name === '') this.manager.disconnect(this.session || this.id);
    else if (this.session) {
      this.packet({ type: 'disconnect' });
      this.namespace.remove(this.self, this.session, 'booted');
    }
    return this;
  }

  onDisconnect(reason: string): void {
    const { self } = this;
    if (self.disconnected) return;
    this.$emit('disconnect', reason);
    self.disconnected = true;
  }

  /**
   * Calls the handlers of an event that this server makes. An application of 0.9 may have replaced
   * this method, and call it for the events of a client.
   * @returns whether the event has handlers
   */
  $emit(event: string, ...args: unknown[]): boolean {
    const handlers = this.rawListeners(event) as Handler[];
    callHandlers(handlers, this.self, args, error => {
      this.manager.failed(event, error);
      const last = args[args.length - 1];
      if (acknowledgements.has(last as Handler)) (last as Handler)(FAILED);
    });
    return handlers.length > 0;
  }

  /** Calls the handlers of an event that the client has sent. */
  onPacket(event: string, args: unknown[], packet: Packet): void {
    if (RESERVED.includes(event)) return;
    if ((this.manager.get('blacklist') as string[]).includes(event)) return;
    // An application of 0.9 may have replaced $emit, to hear of all events.
    const isHeard = this.$emit !== OWN_EMIT;
    const handlers = isHeard
      ? [(...all: unknown[]) => this.$emit(event, ...all)]
      : this.rawListeners(event) as Handler[];
    if (handlers.length === 0) return;
    const { session } = this;
    const keeper = session ? session.keeper : NOBODY;
    if (packet.ack === 'data') keeper.asks(packet.id!);
    const acknowledge = packet.ack === 'data' && once((...answer: unknown[]) => {
      keeper.answered(packet.id!);
      this.packet({ type: 'ack', ackId: packet.id, args: answer });
    });
    if (acknowledge) args.push(acknowledge);
    if (isHeard && acknowledge) acknowledgements.add(acknowledge);
    callHandlers(handlers, this.self, args, error => {
      this.manager.failed(event, error);
      // Only the log gets the error itself: it may say something that is not for the client.
      if (acknowledge) acknowledge(FAILED);
    });
  }

  /**
   * Calls the function that waits for an acknowledgement. If the client acknowledges a packet
   * again, the server ignores it.
   */
  onAck(id: number, args: unknown[]): void {
    const { acks } = this.self;
    const callback = acks && acks.get(id);
    if (!callback) return;
    acks.delete(id);
    const failed = (error: unknown) => this.manager.failed('an acknowledgement', error);
    callHandlers([callback], this.self, args, failed);
  }
}

// eslint-disable-next-line @typescript-eslint/unbound-method -- the method is compared, not called
const OWN_EMIT = Socket.prototype.$emit;

Object.defineProperties(Socket.prototype, GONE_FROM_SOCKET);
