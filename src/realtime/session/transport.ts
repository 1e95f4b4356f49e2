/*
 * How a session reaches its client over time: by one poll after the other, or by a WebSocket (each
 * of them a Connection, connection.ts), and how long each may wait. Stock 0.9 has a transport for
 * each poll instead, and loses what is written to one whose client is gone.
 */
import type { Duplex } from 'stream';
import type WebSocket from 'ws';
import { now } from '../clock';
import { encodePacket } from '../protocol/write';
import { Connection, Poll, PollConnection, WebSocketConnection } from './connection';
import type { Reason } from './ends';
import type { Limits } from './limits';
import { MOST_AT_ONCE, Outbox, sizeOf } from './outbox';
import type { Untaken } from './untaken';

const HEARTBEAT = encodePacket({ type: 'heartbeat' });

/** How long a handshake may stay unused, ms, as in 0.9. */
const UNUSED = 30000;

/** Each is a time: a setting of 0.9, or how long a client may be absent. */
type Wait = 'polling duration' | 'heartbeat interval' | 'heartbeat timeout' | 'absence';

/** The terms that a poll comes with. */
export interface PollTerms {
  /** The number of the last message that the client has. */
  got: number;
  /** How long the poll is to wait at most, s; Infinity if it does not say. */
  wait: number;
}

/** The session whose client is reached, as far as a transport needs it. */
export interface TransportSession {
  readonly phase: string;
  readonly outbox: Outbox;
  readonly delivery: object | null;
  readonly isUsed: boolean;
  readonly ended: boolean;
  readonly isGivenUp: boolean;
  onConnection(moved: boolean): void;
  onToldEnd(): void;
  end(reason: Reason): void;
}

/** The manager of all sessions, as far as a transport needs it. */
export interface TransportHost {
  /** How long a client of public/realtime.js may be absent, s. */
  readonly sessionTimeout: number;
  readonly limits: Limits;
  /** A setting of 0.9: of those that are asked for here, s. */
  get(name: string): any;
  /** The transport is to flush when this turn is over. */
  flushSoon(transport: Transport): void;
}

export class Transport {
  /** The name that socket.transport has. */
  name: Connection['name'] = 'xhr-polling';
  /** null between two polls, and while the client is away. */
  connection: Connection | null = null;
  /** How much was written for the client that the system has not taken yet, characters. */
  underWay = 0;
  /** How much was written last, characters. */
  lastSize = 0;
  private flushing = false;
  /** Whether something was not written because too much is under way. */
  private keptBack = false;
  private awaitsHeartbeat = false;
  /**
   * When the next thing is due, ms: the end of a poll's wait, a heartbeat, or the end of a client
   * that is away.
   */
  private due = now() + UNUSED;

  constructor(private readonly session: TransportSession, private readonly host: TransportHost) {}

  /**
   * A poll has come. It is answered at once if something waits for the client, otherwise when
   * something does, or when its time is over.
   */
  onPoll(poll: Poll, { got, wait }: PollTerms): void {
    const connection = new PollConnection(poll);
    // Packets for a client that has gone away wait for its next poll.
    poll.res.on('close', () => {
      this.onGone(connection);
      this.forgetUntaken(connection);
    });
    this.session.outbox.onGot(got);
    this.use(connection, 'polling duration');
    if (wait === Infinity || this.connection !== connection) return;
    this.due = Math.min(this.due, now() + wait * 1000);
  }

  /** A WebSocket is open. The polls are over. */
  onWebSocket(webSocket: WebSocket, stream: Duplex): void {
    const connection = new WebSocketConnection(webSocket, stream, () => {
      this.forgetUntaken(connection);
      this.flushSoon();
    });
    webSocket.on('close', () => {
      this.forgetUntaken(connection);
      if (this.onGone(connection) && !this.session.delivery) this.session.end('socket end');
    });
    this.awaitsHeartbeat = false;
    this.use(connection, 'heartbeat interval');
  }

  private use(connection: Connection, wait: Wait): void {
    this.drop();
    if (this.session.phase === 'sent away') {
      connection.sendAway();
      return;
    }
    // The client may never have been told that it is connected, over a WebSocket that seemed to
    // open: 0.9's client then polls, in the same session.
    const moved = this.session.isUsed && this.name !== connection.name;
    this.name = connection.name;
    this.connection = connection;
    this.dueIn(wait);
    this.session.onConnection(moved);
    this.flushSoon();
  }

  /** @returns whether it was this connection that the client was reached by */
  private onGone(connection: Connection): boolean {
    if (this.connection !== connection) return false;
    this.connection = null;
    this.dueIn('absence');
    return true;
  }

  /** @returns whether the client can take packets now */
  isReady(): boolean {
    return this.connection !== null && this.connection.isReady();
  }

  /**
   * The client gets the packets that wait, if it can take them. A poll whose time is over is
   * answered anyway.
   */
  flush(): void {
    this.flushing = false;
    const { connection, session: { outbox } } = this;
    if (!connection || !connection.isReady()) return;
    if (!outbox.isDue() && !(connection.once && this.isDue(now()))) return;
    // The sweep tries again, and so does onTaken.
    this.keptBack = !this.host.limits.maySend(outbox.size, this.underWay);
    if (this.keptBack) return;
    this.write(connection, false);
    if (this.session.ended && !outbox.hasMore) this.session.onToldEnd();
  }

  /**
   * The client gets the last that it is to hear, if it can be reached.
   * @returns whether it could
   */
  flushLast(): boolean {
    const { connection } = this;
    if (!connection) return false;
    this.write(connection, true);
    this.drop();
    return true;
  }

  /** @param all whether all that waits is written, however much it is */
  private write(connection: Connection, all: boolean): void {
    const { outbox } = this.session;
    const before = outbox.size;
    const packets = outbox.collect(all);
    this.lastSize = before <= MOST_AT_ONCE ? before : sizeOf(packets);
    if (packets.length === 0 && !connection.once) return;
    if (connection.once) this.onGone(connection);
    connection.write(packets);
    if (!connection.isTaken()) this.addUntaken(connection, packets);
  }

  /** The system has not taken yet what has just been written. */
  private addUntaken(connection: Connection, packets: string[]): void {
    const { untaken } = this.host.limits;
    const size = packets.reduce((sum, packet) => sum + packet.length, 0);
    this.underWay += size;
    if (connection.untaken) {
      untaken.grow(connection.untaken, size);
      return;
    }
    connection.untaken = { size, sweeps: 0, connection, client: this };
    untaken.add(connection.untaken);
    if (connection instanceof PollConnection) {
      connection.poll.res.on('finish', () => this.forgetUntaken(connection));
    }
  }

  /** Packets that were written have been taken, or do not arrive any more. */
  private forgetUntaken(connection: Connection): void {
    if (!connection.untaken) return;
    this.host.limits.untaken.remove(connection.untaken);
    connection.untaken = null;
  }

  /** An entry has been taken, or its connection is gone. */
  onTaken({ size }: Untaken): void {
    this.underWay -= size;
    // Until now the client was not away: it was reading.
    if (!this.connection && !this.session.ended) this.dueIn('absence');
    if (this.keptBack) this.flushSoon();
  }

  /**
   * @returns whether more is under way than may be, and the client does not read it: it waits for
   * more on another connection, or its session has ended
   */
  hasTooMuch({ connection }: Untaken): boolean {
    if (this.underWay <= this.host.limits.most) return false;
    return this.session.isGivenUp || (this.connection !== null && this.connection !== connection);
  }

  /** Whether the client may still be reading. A poll of its own would deny that. */
  get mayBeReading(): boolean {
    return this.connection === null || !this.connection.once;
  }

  /** The client gets the packets at the end of this turn, so that all of them go together. */
  flushSoon(): void {
    if (this.flushing || !this.connection) return;
    this.flushing = true;
    this.host.flushSoon(this);
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
    // A client that still reads its answer is not away.
    return time >= this.due && (this.connection !== null || this.underWay === 0);
  }

  /**
   * The transport does what is due.
   * @returns why the session is to end, null if it is not
   */
  onDue(): Reason | null {
    const { connection } = this;
    if (!connection) return 'close timeout';
    if (connection.once) this.drop();
    // A heartbeat would stand behind what the client has not read yet.
    else if (this.underWay > 0) this.dueIn('heartbeat interval');
    else if (this.awaitsHeartbeat) return 'heartbeat timeout';
    else {
      this.awaitsHeartbeat = true;
      connection.write([HEARTBEAT]);
      this.dueIn('heartbeat timeout');
    }
    return null;
  }

  /** A client that is away is waited for from now on. */
  awaitClient(): void {
    this.dueIn('absence');
  }

  private dueIn(wait: Wait): void {
    const { session, host } = this;
    let seconds: number;
    if (wait !== 'absence') seconds = host.get(wait) as number;
    else if (session.delivery) seconds = host.sessionTimeout;
    else seconds = host.get('close timeout') as number;
    this.due = now() + seconds * 1000;
  }
}
