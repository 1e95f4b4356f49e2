/*
 * How a session reaches its client over time: by one poll after the other, or by a WebSocket (each a
 * Connection, connection.ts), and how long each may wait. Stock 0.9 has a transport for each poll instead,
 * and loses what is written to one whose client is gone.
 */
import type { ServerResponse } from 'http';
import type { Duplex } from 'stream';
import type WebSocket from 'ws';
import { now } from '../clock';
import { Connection, PollConnection, WebSocketConnection } from './connection';
import { encodePacket } from '../protocol/write';
import type { Limits } from './limits';
import type { Outbox } from './outbox';
import type { Answer } from './unread';

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

/** What a poll says of itself. */
export interface Asked {
  /** The number of the last message that the client has. */
  got: number;
  /** How long the poll is to wait at most, s; Infinity if it does not say. */
  wait: number;
}

/** The session whose client a transport reaches, as far as it needs that. */
export interface Reached {
  readonly outbox: Outbox;
  readonly delivery: object | null;
  readonly state: string;
  readonly connected: boolean;
  readonly ended: boolean;
  readonly isOver: boolean;
  onConnection(moved: boolean): void;
  onToldEnd(): void;
  end(reason: string): void;
}

/** What says how long each thing may wait, and when all goes that was sent in one turn. */
export interface Timing {
  /** How long a client whose messages are numbered may be absent, s. */
  readonly sessionTimeout: number;
  readonly limits: Limits;
  /** A setting of 0.9, s. */
  get(wait: string): any;
  flushSoon(transport: Transport): void;
}

export class Transport {
  /** What socket.transport says. */
  name: Connection['name'] = 'xhr-polling';
  /** Null between two polls, and while the client is away. */
  connection: Connection | null = null;
  /** How much was written for the client that the system has not taken yet, characters. */
  underWay = 0;
  /** How much waited when packets were sent last, characters. */
  lastSize = 0;
  private flushing = false;
  /** Whether something was not sent because too much is under way. */
  private keptBack = false;
  private awaitsHeartbeat = false;
  /**
   * When the next thing is due, ms: the end of a poll's wait, a heartbeat, or the end of a client
   * that is away.
   */
  private due = now() + UNUSED;
  /** Until when a client whose last poll did not wait is expected to poll again, ms. */
  private soonUntil = 0;

  constructor(private readonly session: Reached, private readonly manager: Timing) {}

  /**
   * A poll: answered at once if something waits for the client, otherwise when something does,
   * or its time is over.
   * @param stream what the poll came over
   * @param origin the page of another origin that may read the answer
   */
  onPoll(
    res: ServerResponse, stream: Duplex, origin: string | null, { got, wait }: Asked,
  ): void {
    const poll = new PollConnection(res, stream, origin);
    // What is sent to a client that has gone away waits for its next poll.
    res.on('close', () => {
      this.onGone(poll);
      this.forgetAnswer(poll);
    });
    this.session.outbox.onGot(got);
    this.use(poll, 'polling duration');
    if (wait === Infinity || this.connection !== poll) return;
    const time = now();
    this.due = Math.min(this.due, time + wait * 1000);
    if (wait === 0) this.soonUntil = time + BETWEEN_SHORT_POLLS;
  }

  /** A WebSocket, open. The polls are over. */
  onWebSocket(webSocket: WebSocket, stream: Duplex): void {
    const connection = new WebSocketConnection(webSocket, stream, () => {
      this.forgetAnswer(connection);
      this.flushSoon();
    });
    webSocket.on('close', () => {
      this.forgetAnswer(connection);
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
    // Over a WebSocket that seemed to open the client may never have been told: 0.9's then polls, in
    // the same session.
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
    return now() < this.soonUntil && this.session.outbox.size < MOST_BETWEEN_SHORT_POLLS;
  }

  /** Sends what waits, if the client can take it; a poll whose time is over is answered anyway. */
  flush(): void {
    this.flushing = false;
    const { connection, session: { outbox } } = this;
    if (!connection || !connection.isReady()) return;
    if (!outbox.isDue() && !(connection.once && this.isDue(now()))) return;
    // The sweep tries again, and so does onTaken.
    this.keptBack = !this.manager.limits.maySend(outbox.size, this.underWay);
    if (this.keptBack) return;
    this.send(connection);
    if (this.session.ended) this.session.onToldEnd();
  }

  /** Sends the last that the client is to hear. @returns whether it could be sent */
  flushLast(): boolean {
    const { connection } = this;
    if (!connection) return false;
    this.send(connection);
    this.drop();
    return true;
  }

  private send(connection: Connection): void {
    const { outbox } = this.session;
    this.lastSize = outbox.size;
    const packets = outbox.take();
    if (packets.length === 0 && !connection.once) return;
    if (connection.once) this.onGone(connection);
    connection.send(packets);
    if (!connection.isTaken()) this.await(connection, packets);
  }

  /** The system has not taken yet what has just been sent. */
  private await(connection: Connection, packets: string[]): void {
    const { unread } = this.manager.limits;
    const size = packets.reduce((sum, packet) => sum + packet.length, 0);
    this.underWay += size;
    if (connection.answer) {
      unread.grow(connection.answer, size);
      return;
    }
    connection.answer = { size, sweeps: 0, connection, client: this };
    unread.add(connection.answer);
    if (connection instanceof PollConnection) {
      connection.res.on('finish', () => this.forgetAnswer(connection));
    }
  }

  /** What was sent has been taken, or does not arrive any more. */
  private forgetAnswer(connection: Connection): void {
    if (!connection.answer) return;
    this.manager.limits.unread.remove(connection.answer);
    connection.answer = null;
  }

  /** An answer has been taken, or its connection is gone. */
  onTaken(answer: Answer): void {
    this.underWay -= answer.size;
    // Until now the client was not away: it was reading.
    if (!this.connection && !this.session.ended) this.dueIn('absence');
    if (this.keptBack) this.flushSoon();
  }

  /**
   * Whether more is under way than may be, and the client does not read it: it waits for more on another
   * connection, or its session has ended.
   */
  hasTooMuch({ connection }: Answer): boolean {
    if (this.underWay <= this.manager.limits.most) return false;
    return this.session.isOver || (this.connection !== null && this.connection !== connection);
  }

  /** Whether the client may still be reading what it was sent, as a poll of its own would deny. */
  get mayBeReading(): boolean {
    return this.connection === null || !this.connection.once;
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

  /**
   * The client is to come back with a handshake, at once. How long it is waited for does not begin
   * anew.
   */
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

  /** @param time by the clock that only goes forward, ms */
  isDue(time: number): boolean {
    // One that still reads its answer is not away.
    return time >= this.due && (this.connection !== null || this.underWay === 0);
  }

  /**
   * Does what is due.
   * @returns why the session ends, null if it does not
   */
  onDue(): string | null {
    const { connection } = this;
    if (!connection) return 'close timeout';
    if (connection.once) this.drop();
    // It would stand behind what the client has not read yet.
    else if (this.underWay > 0) this.dueIn('heartbeat interval');
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
    const { session, manager } = this;
    const closeTimeout = manager.get('close timeout') as number;
    const absence = session.delivery ? manager.sessionTimeout : closeTimeout;
    this.due = now() + (wait === 'absence' ? absence : manager.get(wait)) * 1000;
  }
}
