/* A namespace, as app.ts has it: io.sockets, io.of('/chat'). manager.ts makes each namespace. */
import type { Authorization, Handshake, Refused } from '../api';
import type { Entry } from '../backplane';
import type { Log } from '../logging';
import type { View } from '../old-api';
import type { Packet } from '../protocol/types';
import { encodePacket } from '../protocol/write';
import type { Session } from '../session/session';
import { callHandlers } from './handlers';
import { BaseManager, BaseNamespace, Flags } from './legacy';
import { GONE_FROM_NAMESPACE, view } from './old-api';
import { roomKey } from './rooms';
import { Socket, SocketHost } from './socket';

const ASK = `io.set('authorization', …) decides who may connect`;

/** The part of the manager that a namespace needs. */
export interface NamespaceHost extends SocketHost, InstanceType<typeof BaseManager> {
  readonly log: Log;
  readonly backplane: { publish(entry: Entry): void };
  get(setting: string): any;
  sendToRoom(room: string, packet: string, volatile: string | undefined, except: string[]): void;
  ask(
    check: Authorization, self: object, handshake: Handshake,
    done: (error: unknown, authorized?: boolean, why?: Partial<Refused>) => void,
  ): void;
}

/**
 * 0.9's namespace, with four differences. A namespace hears only clients that have joined it. A
 * client that joins twice has joined once, and is out when it leaves once. A room cannot be taken
 * for a namespace of the same name. Flags are for one emit only.
 */
export class Namespace extends BaseNamespace {
  declare auth: false | Authorization;
  /** By session id: the sockets of the clients that have joined. */
  private readonly joined = new Map<string, Socket>();
  /** The view of `joined` that the application gets. */
  readonly sockets: View<Socket>;
  /** The sessions whose authorization is under way. */
  private readonly joining = new Set<Session>();
  /** The namespace itself. volatile, in(room) and so on are views of it with flags. */
  private readonly self: Namespace;
  /** The key of the room that has all clients of the namespace. */
  private readonly everyone: string;
  /** The beginning of the keys of the namespace's rooms. */
  private readonly roomsBegin: string;

  constructor(readonly manager: NamespaceHost, name: string) {
    super(manager, name);
    this.flags = { exceptions: [] };
    this.self = this;
    Object.defineProperties(this, GONE_FROM_NAMESPACE);
    this.everyone = roomKey(name);
    this.roomsBegin = roomKey(name, '');
    const ofName = name === '' ? 'io.sockets' : `io.of('${name}')`;
    this.sockets = view(`${ofName}.sockets`, 'clients join and leave by themselves', {
      get: id => this.joined.get(id),
      names: () => this.joined.keys(),
    });
  }

  get log(): Log { return this.manager.log; }
  get volatile(): this { return this.flagged({ volatile: true }); }
  get json(): this { return this.flagged({ json: true }); }
  to(room?: string): this { return this.in(room); }
  /**
   * Limits the next emit to a room. As in 0.9, a room without a name ('', undefined, null) is the
   * namespace itself.
   */
  in(room?: string): this {
    return this.flagged({ endpoint: room ? this.key(room) : this.everyone });
  }

  /** The next emit goes to the clients of this process only. */
  get local(): this { return this.flagged({ local: true }); }
  except(id: string): this { return this.flagged({ exceptions: [...this.flags.exceptions, id] }); }

  private flagged(flags: Partial<Flags>): this {
    const view = Object.create(this.self) as this;
    view.flags = { ...this.flags, ...flags };
    return view;
  }

  /**
   * Makes the key of a room. As in 0.9, '' is a room, too, and a room's name becomes a text. So a
   * socket that leaves a room without a name stays in its namespace.
   * @returns the key of a room of this namespace, among the rooms of all namespaces
   */
  key(room: unknown): string {
    return `${this.roomsBegin}${String(room)}`;
  }

  override emit(event: string, ...args: unknown[]): this {
    if (event === 'newListener' || event === 'removeListener') return this.$emit(event, ...args);
    return this.packet({ type: 'event', name: event, args });
  }

  send(data: unknown): this {
    return this.packet({ type: this.flags.json ? 'json' : 'message', data });
  }

  packet(packet: Partial<Packet>): this {
    const { manager } = this;
    const { endpoint: room = this.everyone, exceptions, local } = this.flags;
    packet.endpoint = this.name;
    const text = encodePacket(packet);
    const volatile = this.flags.volatile ? packet.name || 'message' : undefined;
    if (local) manager.sendToRoom(room, text, volatile, exceptions);
    else {
      manager.backplane.publish({ room, packet: text, volatile, except: exceptions });
    }
    return this;
  }

  clients(room?: string): Socket[] {
    const key = room === undefined ? this.everyone : this.key(room);
    return Array.from(this.manager.allRooms.in(key), ({ id }) => this.socket(id));
  }

  /**
   * Returns the socket of a client. If the client has not joined the namespace in this process, the
   * socket is for a client of another process.
   */
  socket(id: string): Socket {
    return this.joined.get(id) || new Socket(this.manager, null, id, this.self);
  }

  /**
   * Sets the function that decides which clients may join.
   * @throws Error with one line for the main namespace, because 0.9 never asks the function there
   */
  authorization(check: false | Authorization): this {
    if (this.name === '') throw new Error(`io.sockets.authorization is never asked: ${ASK}`);
    this.self.auth = check;
    return this;
  }

  /** Calls the handlers of an event of the namespace, such as 'connection'. */
  $emit(event: string, ...args: unknown[]): this {
    const handlers = this.rawListeners(event);
    callHandlers(handlers, this.self, args, error => this.manager.failed(event, error));
    return this;
  }

  /** Handles a packet of a client. */
  onPacket(session: Session, packet: Packet): void {
    if (packet.type === 'connect') {
      this.authorizeAndJoin(session);
      return;
    }
    const socket = this.joined.get(session.id);
    if (!socket) return;
    switch (packet.type) {
      case 'event': return socket.onPacket(packet.name!, packet.args!, packet);
      case 'message': case 'json': return socket.onPacket('message', [packet.data], packet);
      case 'ack': return socket.onAck(packet.ackId!, packet.args!);
      case 'disconnect': this.remove(socket, session, 'packet');
    }
  }

  private authorizeAndJoin(session: Session): void {
    if (this.joined.has(session.id) || this.joining.has(session)) return;
    if (!this.auth) {
      this.join(session);
      return;
    }
    this.joining.add(session);
    this.manager.ask(this.auth, this, session.handshake, (error, authorized) => {
      if (!this.joining.delete(session)) return; // the client has gone meanwhile
      if (authorized && !error) {
        this.join(session);
        return;
      }
      const reason = error ? undefined : 'unauthorized';
      session.send(encodePacket({ type: 'error', endpoint: this.name, reason }));
    });
  }

  /**
   * Lets a client join. Tells the client, and calls the handlers of 'connection'.
   * @param recovered whether the client was in the namespace before, in another process. Then the
   * client is not told
   */
  join(session: Session, recovered = false): void {
    const socket = new Socket(this.manager, session, session.id, this.self);
    this.joined.set(session.id, socket);
    this.manager.allRooms.join(session, this.everyone);
    socket.recovered = recovered;
    if (!recovered) socket.packet({ type: 'connect' });
    this.$emit('connection', socket);
  }

  /** Takes a client out of this namespace and out of its rooms. */
  remove(socket: Socket, session: Session, reason: string): void {
    if (!this.joined.delete(session.id)) return;
    this.manager.allRooms.leave(session, this.everyone);
    this.manager.allRooms.leaveAll(session, this.roomsBegin);
    socket.onDisconnect(reason);
  }

  /** Tells handlers of 'disconnect' that a session has ended, and removes the session's socket. */
  onEnd(session: Session, reason: string): void {
    this.joining.delete(session);
    const socket = this.joined.get(session.id);
    if (!socket) return;
    socket.onDisconnect(reason);
    this.joined.delete(session.id);
  }
}
