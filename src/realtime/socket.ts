import { BaseSocket, encodePacket, Flags, Packet } from './legacy';
import { callHandlers, once } from './handlers';
import type { Manager } from './manager';
import type { Namespace } from './namespace';

/** Events that mean something to the server itself. No client sends them; one that claims to is not heard. */
const RESERVED = ['error', 'connect', 'connection', 'disconnect', 'newListener', 'removeListener'];
/** Acknowledgements that are asked for and do not come are forgotten, the oldest first. */
const MOST_ACKS = 10000;

/**
 * A client in a namespace, 0.9's socket. What is different: flags hold for one emit and no other (0.9 keeps those of an emit
 * that threw for the next one: a private message goes to everyone), each handler is called by itself, an acknowledgement counts
 * once.
 */
export class Socket extends BaseSocket {
  /** The socket itself, of which socket.broadcast, socket.volatile and so on are views with flags of their own. */
  private readonly self: Socket;
  /** By the ids of their packets: the acknowledgements that have not come, the oldest first. */
  declare acks: Map<number, (...args: any[]) => void>;

  constructor(readonly manager: Manager, id: string, readonly namespace: Namespace) {
    super(manager, id, namespace, true);
    this.self = this;
    this.acks = new Map();
  }

  get broadcast(): this { return this.flagged({ broadcast: true }); }
  get volatile(): this { return this.flagged({ volatile: true }); }
  get json(): this { return this.flagged({ json: true }); }
  to(room: string): this { return this.flagged({ room }); }
  in(room: string): this { return this.flagged({ room }); }

  private flagged(flags: Partial<Flags>): this {
    const view = Object.create(this.self) as this;
    view.flags = { ...this.flags, ...flags };
    return view;
  }

  emit(event: string, ...args: unknown[]): this {
    // What node's EventEmitter emits is for its own listeners.
    if (event === 'newListener' || event === 'removeListener') return this.$emit(event, ...args);
    const callback = typeof args[args.length - 1] === 'function' ? args.pop() as () => void : undefined;
    return this.request({ type: 'event', name: event, args }, callback);
  }

  send(data: unknown, callback?: () => void): this {
    return this.request({ type: this.flags.json ? 'json' : 'message', data }, callback);
  }

  private request(packet: Partial<Packet>, callback?: (...args: any[]) => void): this {
    if (callback) {
      const { acks } = this.self;
      const number = this.manager.nextNumber(this);
      const id = number || ++this.self.ackPackets;
      packet.id = id;
      // Where all have a number, it alone asks for nothing.
      packet.ack = packet.type === 'event' || number > 0 ? 'data' : true;
      acks.set(id, callback);
      if (acks.size > MOST_ACKS) acks.delete(acks.keys().next().value);
    }
    return this.packet(packet);
  }

  packet(packet: Partial<Packet>): this {
    const { broadcast, volatile, room = '' } = this.flags;
    if (broadcast) {
      const others = this.namespace.in(room).except(this.id);
      (volatile ? others.volatile : others).packet(packet);
    } else {
      packet.endpoint = this.namespace.name;
      // One that is to be acknowledged is not lost.
      this.manager.sendTo(this.id, encodePacket(packet), volatile && packet.id === undefined);
    }
    return this;
  }

  join(room: string, done?: () => void): this {
    this.manager.rooms.join(this.id, this.namespace.key(room));
    if (done) done();
    return this;
  }

  leave(room: string, done?: () => void): this {
    this.manager.rooms.leave(this.id, this.namespace.key(room));
    if (done) done();
    return this;
  }

  disconnect(): this {
    if (this.disconnected) return this;
    if (this.namespace.name === '') this.manager.disconnect(this.id);
    else {
      this.packet({ type: 'disconnect' });
      this.namespace.leave(this.self, 'booted');
    }
    return this;
  }

  onDisconnect(reason: string): void {
    const { self } = this;
    if (self.disconnected) return;
    this.$emit('disconnect', reason);
    self.disconnected = true;
  }

  /** Calls the handlers of an event that this server makes. */
  $emit(event: string, ...args: unknown[]): this {
    callHandlers(this.rawListeners(event), this.self, args, error => this.manager.failed(event, error));
    return this;
  }

  /** Calls the handlers of what the client sent. */
  onPacket(event: string, args: unknown[], packet: Packet): void {
    if (RESERVED.includes(event) || (this.manager.get('blacklist') as string[]).includes(event)) return;
    const handlers = this.rawListeners(event);
    if (handlers.length === 0) return;
    const acknowledge = packet.ack === 'data' && once((...answer: unknown[]) => {
      this.packet({ type: 'ack', ackId: packet.id, args: answer });
    });
    callHandlers(handlers, this.self, acknowledge ? [...args, acknowledge] : args, error => {
      this.manager.failed(event, error);
      // What went wrong is nobody's business but the log's.
      if (acknowledge) acknowledge({ error: 'the server failed to handle this' });
    });
  }

  /** The client acknowledges what it was sent: once, or it is not heard. */
  onAck(id: number, args: unknown[]): void {
    const { acks } = this.self;
    const callback = acks.get(id);
    if (!callback) return;
    acks.delete(id);
    callHandlers([callback], this.self, args, error => this.manager.failed('an acknowledgement', error));
  }
}
