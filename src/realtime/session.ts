import type { ServerResponse } from 'http';
import type { Duplex } from 'stream';
import type WebSocket from 'ws';
import type { Handshake } from './api';
import { Connection, PollConnection, WebSocketConnection } from './connection';
import type { Shared } from './cluster/shared';
import { Delivery } from './delivery';
import { encodePacket } from './encode';
import type { Manager } from './manager';
import { Outbox } from './outbox';

const CONNECT = encodePacket({ type: 'connect' });
const HEARTBEAT = encodePacket({ type: 'heartbeat' });
const DISCONNECT = encodePacket({ type: 'disconnect' });

/** How long a handshake may stay unused, ms, as in 0.9. */
const UNUSED = 30000;

/**
 * A client from its handshake to its end, and what waits for it until its next poll, or its WebSocket, takes it. Stock 0.9 has
 * an object for each poll instead, and loses what is written to one whose client is gone. To 0.9's sockets this is their
 * transport.
 */
export class Session {
  /** What socket.transport says. */
  name: Connection['name'] = 'xhr-polling';
  /** Whether it has polled, or opened its WebSocket: until then it is a handshake and no more. */
  connected = false;
  ended = false;
  /** For clients of public/realtime.js: their messages arrive, or the session ends. */
  readonly delivery: Delivery | null;
  readonly outbox: Outbox;
  /** The keys of the rooms that it is in. */
  rooms: string[] = [];
  private kept: Map<string, unknown> | null = null;
  /** With Redis, for clients of public/realtime.js: what makes another process able to go on with it. */
  readonly shared: Shared | null;

  private connection: Connection | null = null;
  private flushing = false;
  private overflown = false;
  /** Whether it has ended for good, which the client may not know. */
  private booted = false;
  private awaitsHeartbeat = false;
  /** Whether the client has to come back with a handshake; whether it has, and is to be told that it is connected. */
  private state: 'usual' | 'sent away' | 'resumed' = 'usual';
  /** Which handshake it was that the client came with last: what an older one still sends is not heard. */
  attempt = 'undefined';
  /** The last poll. */
  private polled: ServerResponse | null = null;
  /** When the next thing is due, ms: the end of a poll's wait, a heartbeat, or the end of a client that is away. */
  private due = Date.now() + UNUSED;

  /**
   * @param delivers whether it is a client of public/realtime.js
   */
  constructor(readonly id: string, readonly handshake: Handshake, private readonly manager: Manager, delivers: boolean) {
    this.delivery = delivers ? new Delivery() : null;
    this.outbox = new Outbox(this.delivery, this);
    this.shared = delivers && manager.cluster ? manager.cluster.share(this) : null;
  }

  /** The client's, as far as it is known. */
  get address(): string { return this.handshake.address.address; }

  /** What socket.set keeps. Handlers can still read it when the session has ended. */
  get data(): Map<string, unknown> { return this.kept || (this.kept = new Map()); }

  /** What waits has changed by so many characters. */
  onWait(change: number): void {
    this.manager.limits.onWait(this, change);
  }

  /** Sends a packet; a volatile one only if the client can take it at once. */
  send(packet: string, volatile?: boolean): void {
    if (this.shared && this.shared.elsewhere && !volatile) this.shared.forward(packet);
    if (this.ended || this.overflown || (volatile && !(this.connection && this.connection.isReady()))) return;
    this.outbox.add(packet, !volatile);
    if (this.shared) this.shared.onPacket();
    this.flushSoon();
  }

  /**
   * A poll: answered at once if something waits for the client, otherwise as soon as something does.
   * @param got the number of the last message that the client has
   */
  onPoll(res: ServerResponse, origin: string | null, got: number): void {
    // 0.9's client polls again when it has read the answer. One that has not could make us keep any number of them.
    // (An answer that has been sent whole has no connection any more: it may carry those of others by now.)
    const unread = this.polled && this.polled.socket;
    if (unread && unread !== res.socket && unread.writableLength > 0) unread.destroy();
    this.polled = res;
    const poll = new PollConnection(res, origin);
    // What is sent to a client that has gone away waits for its next poll.
    res.on('close', () => this.onGone(poll));
    this.outbox.onGot(got);
    this.onConnection(poll, 'polling duration');
  }

  /** A WebSocket, open. The polls are over. */
  onWebSocket(webSocket: WebSocket, stream: Duplex): void {
    const connection = new WebSocketConnection(webSocket, stream, () => this.flushSoon());
    webSocket.on('close', () => {
      if (this.onGone(connection) && !this.delivery) this.end('socket end');
    });
    this.awaitsHeartbeat = false;
    this.onConnection(connection, 'heartbeat interval');
  }

  private onConnection(connection: Connection, due: Wait): void {
    this.drop();
    if (this.state === 'sent away') {
      connection.sendAway();
      return;
    }
    // Over a WebSocket that seemed to open the client may never have been told: 0.9's then polls, in the same session.
    const moved = this.connected && this.name !== connection.name;
    this.name = connection.name;
    this.connection = connection;
    this.dueIn(due);
    this.outbox.sendAgain();
    if (this.state === 'resumed') this.outbox.greet(CONNECT);
    else if (moved) this.outbox.add(CONNECT, false);
    if (this.booted && !this.outbox.has(DISCONNECT)) this.outbox.add(DISCONNECT, false);
    this.state = 'usual';
    this.begin();
    this.flushSoon();
  }

  /** Whether it was this connection that the client was reached by. */
  private onGone(connection: Connection): boolean {
    if (this.connection !== connection) return false;
    this.connection = null;
    this.dueIn('absence');
    return true;
  }

  /**
   * The handshake is used.
   * @param recovered whether the session began in another process
   */
  begin(recovered = false): void {
    if (this.connected || this.ended) return;
    this.connected = true;
    if (!this.connection) this.dueIn('absence');
    this.manager.onConnect(this, recovered);
    if (this.shared) this.shared.touch();
  }

  /** Whether a request is of the handshake that the client came with last. */
  isOf(attempt: string): boolean {
    return !this.delivery || this.attempt === attempt;
  }

  /** The client has come back with a handshake, and goes on where it was. */
  resume(attempt: string, got: number): void {
    this.drop();
    this.attempt = attempt;
    this.state = 'resumed';
    this.outbox.onGot(got);
    this.dueIn('absence');
  }

  /**
   * A message of a client whose messages are numbered.
   * @param size its length in characters
   * @returns whether it is to be handled
   */
  isNext(number: number, size: number): boolean {
    const order = this.delivery!.onMessage(number, size, !this.shared);
    if (this.shared) this.shared.touch();
    // Something on the way lost one and told nobody. The client sends it again when it comes back.
    if (order === 'gap') this.sendAway();
    this.flushSoon();
    return order === 'next';
  }

  /** The client has answered a heartbeat. */
  onHeartbeat(): void {
    if (this.name !== 'websocket') return;
    this.awaitsHeartbeat = false;
    this.dueIn('heartbeat interval');
  }

  /** Ends the session for good: the client is told, at the latest by its next poll, and does not come back. */
  disconnect(): void {
    if (this.ended) return;
    this.booted = true;
    this.outbox.add(DISCONNECT, false);
    this.end('booted');
  }

  /** Another process goes on with it. */
  leave(): void {
    if (this.ended) return;
    this.ended = true;
    this.manager.onEnd(this, 'moved');
    this.drop(); // the client asks again, of whoever has it then
    this.forget();
  }

  /** The client ends the session. Where a poll still waits, it is told so. */
  onLeave(): void {
    this.disconnect();
    this.forget();
  }

  /** Ends the session. A client that is still there gets a new one, unless it has been told to stay away. */
  end(reason: string): void {
    if (this.ended) return;
    this.ended = true;
    this.manager.onEnd(this, reason);
    if (this.shared) {
      this.shared.letGo();
      this.shared.touch();
    }
    const told = this.connection !== null;
    this.flush();
    this.drop();
    this.dueIn('absence');
    if (!this.booted || (told && !this.delivery)) this.forget();
  }

  /** Too much waits for the client: nothing more does, and the session ends. Later, so that nobody is interrupted who sends to many. */
  overflow(): void {
    this.overflown = true;
    this.outbox.clear();
    setImmediate(() => this.end('too much waits'));
  }

  /** The client is to come back with a handshake, at once. */
  sendAway(): void {
    this.state = 'sent away';
    const { connection } = this;
    this.connection = null;
    if (connection) connection.sendAway();
  }

  /** Does what is due. To be called about once a second: a timer for each poll would cost more. */
  sweep(now: number): void {
    this.flush();
    if (now < this.due) return;
    if (!this.connected) this.end('unused');
    else if (this.ended) this.forget();
    else if (!this.connection) this.end('close timeout');
    else if (this.connection.once) this.drop();
    else if (this.awaitsHeartbeat) this.end('heartbeat timeout');
    else {
      this.awaitsHeartbeat = true;
      this.connection.send([HEARTBEAT]);
      this.dueIn('heartbeat timeout');
    }
  }

  /** Sends what waits, if the client can take it. */
  flush(): void {
    this.flushing = false;
    const { connection } = this;
    if (!connection || !connection.isReady() || !this.outbox.isDue()) return;
    if (connection.once) this.onGone(connection);
    connection.send(this.outbox.take());
    // That it is over for good is kept until nobody asks any more: this answer may be lost.
    if (this.ended && !(this.booted && this.delivery)) this.forget();
  }

  /** At the end of this tick, so that all its packets go together. */
  flushSoon(): void {
    if (this.flushing || !this.connection) return;
    this.flushing = true;
    this.manager.flushSoon(this);
  }

  /** The client is no longer reached by what it was reached by. */
  private drop(): void {
    const { connection } = this;
    if (!connection) return;
    this.onGone(connection);
    connection.end();
  }

  /** Nothing of the session is kept. */
  private forget(): void {
    this.outbox.clear();
    this.manager.sessions.delete(this.id);
  }

  private dueIn(wait: Wait): void {
    const absence = this.delivery ? this.manager.sessionTimeout : this.manager.get('close timeout') as number;
    this.due = Date.now() + (wait === 'absence' ? absence : this.manager.get(wait)) * 1000;
  }
}

/** How long to wait: a setting of 0.9, or as long as a client may be absent. */
type Wait = 'polling duration' | 'heartbeat interval' | 'heartbeat timeout' | 'absence';
