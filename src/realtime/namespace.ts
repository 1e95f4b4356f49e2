import type { Authorization } from './api';
import { callHandlers } from './handlers';
import { BaseNamespace, encodePacket, Flags, Packet } from './legacy';
import type { Manager } from './manager';
import { Socket } from './socket';

/**
 * 0.9's namespace. What is different: only who has joined it is heard in it, joining twice counts once and leaving ends it, a
 * room cannot be mistaken for a namespace of its name, and flags hold for one emit only.
 */
export class Namespace extends BaseNamespace {
  declare auth: false | Authorization;
  /** By session id: those that have joined. */
  declare sockets: { [id: string]: Socket };
  /** Those whose authorization is under way. */
  private readonly joining = new Set<string>();
  private readonly self: Namespace;

  constructor(readonly manager: Manager, name: string) {
    super(manager, name);
    this.sockets = Object.create(null);
    this.self = this;
  }

  get volatile(): this { return this.flagged({ volatile: true }); }
  get json(): this { return this.flagged({ json: true }); }
  to(room: string): this { return this.flagged({ endpoint: this.key(room) }); }
  in(room: string): this { return this.flagged({ endpoint: this.key(room) }); }
  except(id: string): this { return this.flagged({ exceptions: [...this.flags.exceptions, id] }); }

  private flagged(flags: Partial<Flags>): this {
    const view = Object.create(this.self) as this;
    view.flags = { ...this.flags, ...flags };
    return view;
  }

  /** What a room of this namespace is called among all rooms. 0.9 writes /, with which a room can have the name of a namespace. */
  key(room?: string): string {
    return room === undefined || room === '' ? this.name : `${this.name}\n${room}`;
  }

  emit(event: string, ...args: unknown[]): this {
    if (event === 'newListener' || event === 'removeListener') return this.$emit(event, ...args);
    return this.packet({ type: 'event', name: event, args });
  }

  send(data: unknown): this {
    return this.packet({ type: this.flags.json ? 'json' : 'message', data });
  }

  packet(packet: Partial<Packet>): this {
    const { endpoint, volatile, exceptions } = this.flags;
    packet.endpoint = this.name;
    this.manager.onDispatch(endpoint, encodePacket(packet), volatile, exceptions);
    return this;
  }

  clients(room?: string): Socket[] {
    return this.manager.rooms.in(this.key(room)).map(id => this.socket(id));
  }

  /** The socket of a client. For one that has not joined, a socket that reaches nobody. */
  socket(id: string): Socket {
    const known = this.sockets[id];
    if (known) return known;
    const nobody = new Socket(this.manager, id, this.self);
    if (!this.manager.sessions.has(id)) this.manager.store.destroyClient(id); // or each name would be kept for ever
    return nobody;
  }

  /** Calls the handlers of 'connection'. */
  $emit(event: string, ...args: unknown[]): this {
    callHandlers(this.rawListeners(event), this.self, args, error => this.manager.failed(event, error));
    return this;
  }

  /** A packet of a client. */
  handlePacket(id: string, packet: Packet): void {
    if (packet.type === 'connect') {
      this.authorizeAndJoin(id);
      return;
    }
    const socket = this.sockets[id];
    if (!socket) return;
    switch (packet.type) {
      case 'event': socket.onPacket(packet.name!, packet.args!, packet); break;
      case 'message': case 'json': socket.onPacket('message', [packet.data], packet); break;
      case 'ack': socket.onAck(packet.ackId!, packet.args!); break;
      case 'disconnect': this.leave(socket, 'packet');
    }
  }

  private authorizeAndJoin(id: string): void {
    if (this.sockets[id] || this.joining.has(id)) return;
    if (!this.auth) {
      this.join(id);
      return;
    }
    this.joining.add(id);
    this.manager.ask(this.auth, this, this.manager.handshaken[id]!, (error, authorized) => {
      if (!this.joining.delete(id)) return; // gone meanwhile
      if (authorized && !error) this.join(id);
      else this.manager.sendTo(id, encodePacket({ type: 'error', endpoint: this.name, reason: error ? undefined : 'unauthorized' }));
    });
  }

  /** Lets a client in, and tells it and the handlers of 'connection'. */
  join(id: string): void {
    const socket = new Socket(this.manager, id, this.self);
    this.sockets[id] = socket;
    this.manager.rooms.join(id, this.name);
    socket.packet({ type: 'connect' });
    this.$emit('connection', socket);
  }

  /** A client leaves this namespace, and the rooms in it. */
  leave(socket: Socket, reason: string): void {
    const { id } = socket;
    if (this.sockets[id] !== socket) return;
    delete this.sockets[id];
    this.manager.rooms.leave(id, this.name);
    this.manager.rooms.leaveAll(id, `${this.name}\n`);
    socket.onDisconnect(reason);
  }

  /** A session ends. */
  handleDisconnect(id: string, reason: string): void {
    this.joining.delete(id);
    const socket = this.sockets[id];
    if (!socket) return;
    socket.onDisconnect(reason);
    delete this.sockets[id];
  }
}
