/*
 * How a session reaches its client over time: by one poll after the other, or by a WebSocket (each a Connection, connection.ts), and how
 * long each may wait. Stock 0.9 has a transport for each poll instead, and loses what is written to one whose client is gone.
 */
import type { ServerResponse } from 'http';
import type { Duplex } from 'stream';
import type WebSocket from 'ws';
import { Connection, PollConnection, WebSocketConnection } from './connection';
import { encodePacket } from './encode';
import type { Manager } from './manager';
import type { Delivered } from './requests';
import type { Session } from './session';

const HEARTBEAT = encodePacket({ type: 'heartbeat' });

/** How long a handshake may stay unused, ms, as in 0.9. */
const UNUSED = 30000;

/**
 * How long a client counts as reachable after a poll that did not wait, ms. public/realtime.js asks
 * again after 1.5 s, or 2.5 s where the browser slows the timers of a hidden tab.
 */
const BETWEEN_SHORT_POLLS = 3000;
/** How much may wait for such a client when something volatile is sent, characters. */
const MOST_BETWEEN_SHORT_POLLS = 50000;

/** How long to wait: a setting of 0.9, or as long as a client may be absent. */
type Wait = 'polling duration' | 'heartbeat interval' | 'heartbeat timeout' | 'absence';

export class Transport {
  /** What socket.transport says. */
  name: Connection['name'] = 'xhr-polling';
  /** Null between two polls, and while the client is away. */
  connection: Connection | null = null;
  private flushing = false;
  private awaitsHeartbeat = false;
  /** The last poll. */
  private polled: ServerResponse | null = null;
  /** When the next thing is due, ms: the end of a poll's wait, a heartbeat, or the end of a client that is away. */
  private due = Date.now() + UNUSED;
  /** Until when the client is expected to poll again, having asked for no answer later than at once, ms. */
  private soonUntil = 0;

  constructor(private readonly session: Session, private readonly manager: Manager) {}

  /**
   * A poll: answered at once if something waits for the client, otherwise as soon as something does,
   * or its time is over.
   */
  onPoll(res: ServerResponse, origin: string | null, { got, wait }: Delivered): void {
    // 0.9's client polls again when it has read the answer. One that has not could make us keep any number of them.
    // (An answer that has been sent whole has no connection any more: it may carry those of others by now.)
    const unread = this.polled && this.polled.socket;
    if (unread && unread !== res.socket && unread.writableLength > 0) unread.destroy();
    this.polled = res;
    const poll = new PollConnection(res, origin);
    // What is sent to a client that has gone away waits for its next poll.
    res.on('close', () => this.onGone(poll));
    this.session.outbox.onGot(got);
    this.use(poll, 'polling duration');
    if (wait === Infinity || this.connection !== poll) return;
    const now = Date.now();
    this.due = Math.min(this.due, now + wait * 1000);
    if (wait === 0) this.soonUntil = now + BETWEEN_SHORT_POLLS;
  }

  /** A WebSocket, open. The polls are over. */
  onWebSocket(webSocket: WebSocket, stream: Duplex): void {
    const connection = new WebSocketConnection(webSocket, stream, () => this.flushSoon());
    webSocket.on('close', () => {
      if (this.onGone(connection) && !this.session.delivery) this.session.end('socket end');
    });
    this.awaitsHeartbeat = false;
    this.use(connection, 'heartbeat interval');
  }

  private use(connection: Connection, wait: Wait): void {
    this.drop();
    if (this.session.state === 'sent away') {
      connection.sendAway();
      return;
    }
    // Over a WebSocket that seemed to open the client may never have been told: 0.9's then polls, in the same session.
    const moved = this.session.connected && this.name !== connection.name;
    this.name = connection.name;
    this.connection = connection;
    this.dueIn(wait);
    this.session.onConnection(moved);
    this.flushSoon();
  }

  /** Whether it was this connection that the client was reached by. */
  private onGone(connection: Connection): boolean {
    if (this.connection !== connection) return false;
    this.connection = null;
    this.dueIn('absence');
    return true;
  }

  /** Whether it can take packets now, or within a moment: then something volatile is not lost. */
  isReady(): boolean {
    if (this.connection) return this.connection.isReady();
    if (this.soonUntil === 0) return false;
    return Date.now() < this.soonUntil && this.session.outbox.size < MOST_BETWEEN_SHORT_POLLS;
  }

  /** Sends what waits, if the client can take it; a poll whose time is over is told that nothing does. */
  flush(): void {
    this.flushing = false;
    const { connection, session: { outbox } } = this;
    if (!connection || !connection.isReady()) return;
    if (!outbox.isDue() && !(connection.once && this.isDue(Date.now()))) return;
    if (connection.once) this.onGone(connection);
    connection.send(outbox.take());
    if (this.session.ended) this.session.onToldEnd();
  }

  /** At the end of this tick, so that all its packets go together. */
  flushSoon(): void {
    if (this.flushing || !this.connection) return;
    this.flushing = true;
    this.manager.flushSoon(this);
  }

  /** The client is no longer reached by what it was reached by. */
  drop(): void {
    const { connection } = this;
    if (!connection) return;
    this.onGone(connection);
    connection.end();
  }

  /** The client is to come back with a handshake, at once. How long it is waited for does not begin anew. */
  sendAway(): void {
    const { connection } = this;
    this.connection = null;
    if (connection) connection.sendAway();
  }

  /** The client has answered a heartbeat. */
  onHeartbeat(): void {
    if (this.name !== 'websocket') return;
    this.awaitsHeartbeat = false;
    this.dueIn('heartbeat interval');
  }

  isDue(now: number): boolean {
    return now >= this.due;
  }

  /**
   * Does what is due.
   * @returns why the session ends, null if it does not
   */
  onDue(): string | null {
    const { connection } = this;
    if (!connection) return 'close timeout';
    if (connection.once) this.drop();
    else if (this.awaitsHeartbeat) return 'heartbeat timeout';
    else {
      this.awaitsHeartbeat = true;
      connection.send([HEARTBEAT]);
      this.dueIn('heartbeat timeout');
    }
    return null;
  }

  /** Waits for a client that is away: from now on, for as long as it may be. */
  awaitClient(): void {
    this.dueIn('absence');
  }

  private dueIn(wait: Wait): void {
    const absence = this.session.delivery ? this.manager.sessionTimeout : this.manager.get('close timeout') as number;
    this.due = Date.now() + (wait === 'absence' ? absence : this.manager.get(wait)) * 1000;
  }
}
