import type { Authorization, Handshake, Refused } from '../api';
import type { Entry } from '../backplane';
import { encodePacket } from '../protocol/write';
import { callHandlers } from './handlers';
import type { Packet } from '../protocol/types';
import { BaseManager, BaseNamespace, Flags } from './legacy';
import type { Session } from '../session/session';
import { Hub, Socket } from './socket';

/** What all namespaces have: the manager, as far as they need it. */
export interface Io extends Hub, InstanceType<typeof BaseManager> {
  readonly backplane: { publish(entry: Entry): void };
  get(setting: string): any;
  sendToRoom(room: string, packet: string, volatile: boolean | undefined, except: string[]): void;
  ask(
    check: Authorization, self: object, handshake: Handshake,
    done: (error: unknown, authorized?: boolean, why?: Partial<Refused>) => void,
  ): void;
}

/**
 * 0.9's namespace. What is different: only who has joined it is heard in it, joining twice counts once and leaving ends it, a
 * room cannot be mistaken for a namespace of its name, and flags hold for one emit only.
 */
export class Namespace extends BaseNamespace {
  declare auth: false | Authorization;
  /** By session id: those that have joined. */
  private readonly joined = new Map<string, Socket>();
  /** Those whose authorization is under way. */
  private readonly joining = new Set<Session>();
  private readonly self: Namespace;
  /** The key of all who are in the namespace, and how the keys of its rooms begin. */
  private readonly everyone: string;
  private readonly roomsBegin: string;

  constructor(readonly manager: Io, name: string) {
    super(manager, name);
    this.flags = { exceptions: [] };
    this.self = this;
    // No room can be taken for a namespace, nor for a room of another one: only a room's key has
    // a line feed that is not escaped, and the first of them ends the name of its namespace.
    this.everyone = name.replace(/[\\\n]/g, letter => letter === '\n' ? '\\n' : '\\\\');
    this.roomsBegin = `${this.everyone}\n`;
  }

  get volatile(): this { return this.flagged({ volatile: true }); }
  get json(): this { return this.flagged({ json: true }); }
  to(room?: string): this { return this.in(room); }
  /** As in 0.9, a room without a name ('', undefined, null) is the namespace itself. */
  in(room?: string): this {
    return this.flagged({ endpoint: room ? this.key(room) : this.everyone });
  }

  /** The next emit is for the clients of this process only. */
  get local(): this { return this.flagged({ local: true }); }
  except(id: string): this { return this.flagged({ exceptions: [...this.flags.exceptions, id] }); }

  private flagged(flags: Partial<Flags>): this {
    const view = Object.create(this.self) as this;
    view.flags = { ...this.flags, ...flags };
    return view;
  }

  /**
   * What a room of this namespace is called among all rooms. 0.9 writes /, with which a room can
   * have the name of a namespace. As in 0.9, '' is a room too, and what is no text becomes one:
   * a socket that leaves a room without a name stays in its namespace.
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
    const { endpoint = this.everyone, volatile, exceptions, local } = this.flags;
    packet.endpoint = this.name;
    const text = encodePacket(packet);
    const { manager } = this;
    if (local) manager.sendToRoom(endpoint, text, volatile, exceptions);
    else manager.backplane.publish({ room: endpoint, packet: text, volatile: volatile || undefined, except: exceptions });
    return this;
  }

  clients(room?: string): Socket[] {
    const key = room === undefined ? this.everyone : this.key(room);
    return Array.from(this.manager.rooms.in(key), ({ id }) => this.socket(id));
  }

  /** The socket of a client. For one that has not joined, a socket that reaches nobody. */
  socket(id: string): Socket {
    return this.joined.get(id) || new Socket(this.manager, null, id, this.self);
  }

  /** Calls the handlers of 'connection'. */
  $emit(event: string, ...args: unknown[]): this {
    callHandlers(this.rawListeners(event), this.self, args, error => this.manager.failed(event, error));
    return this;
  }

  /** A packet of a client. */
  handlePacket(session: Session, packet: Packet): void {
    if (packet.type === 'connect') {
      this.authorizeAndJoin(session);
      return;
    }
    const socket = this.joined.get(session.id);
    if (!socket) return;
    switch (packet.type) {
      case 'event': socket.onPacket(packet.name!, packet.args!, packet); break;
      case 'message': case 'json': socket.onPacket('message', [packet.data], packet); break;
      case 'ack': socket.onAck(packet.ackId!, packet.args!); break;
      case 'disconnect': this.leave(socket, session, 'packet');
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
      if (!this.joining.delete(session)) return; // gone meanwhile
      if (authorized && !error) this.join(session);
      else session.send(encodePacket({ type: 'error', endpoint: this.name, reason: error ? undefined : 'unauthorized' }));
    });
  }

  /**
   * Lets a client in, and tells it and the handlers of 'connection'.
   * @param recovered whether it was in before, in another process
   */
  join(session: Session, recovered = false): void {
    const socket = new Socket(this.manager, session, session.id, this.self);
    this.joined.set(session.id, socket);
    this.manager.rooms.join(session, this.everyone);
    socket.recovered = recovered;
    if (!recovered) socket.packet({ type: 'connect' });
    this.$emit('connection', socket);
  }

  /** A client leaves this namespace, and the rooms in it. */
  leave(socket: Socket, session: Session, reason: string): void {
    if (!this.joined.delete(session.id)) return;
    this.manager.rooms.leave(session, this.everyone);
    this.manager.rooms.leaveAll(session, this.roomsBegin);
    socket.onDisconnect(reason);
  }

  /** A session ends. */
  handleDisconnect(session: Session, reason: string): void {
    this.joining.delete(session);
    const socket = this.joined.get(session.id);
    if (!socket) return;
    socket.onDisconnect(reason);
    this.joined.delete(session.id);
  }
}
