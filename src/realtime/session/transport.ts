/*
 * A transport reaches the client of a session: by one poll after the other, or by a WebSocket. Each
 * poll and each WebSocket is a Connection (connection.ts). The transport also knows how long each
 * of them may wait. Stock 0.9 has a transport for each poll instead. It loses the packets that it
 * writes to a poll whose client is gone.
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

/** The time for which a handshake may stay unused, ms, as in 0.9. */
const UNUSED = 30000;

/** The names of times: three settings of 0.9, and the time for which a client may be absent. */
type Wait = 'polling duration' | 'heartbeat interval' | 'heartbeat timeout' | 'absence';

/** The terms of a poll, from its query. */
export interface PollTerms {
  /** The number of the last message that the client has. */
  got: number;
  /** The longest time that the poll may wait, s; Infinity if the query does not name it. */
  wait: number;
}

/** The part of a session that its transport needs. */
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

/** The part of the manager of all sessions that a transport needs. */
export interface TransportHost {
  /** The time for which a client of public/realtime.js may be absent, s. */
  readonly sessionTimeout: number;
  readonly limits: Limits;
  /** @returns the value of a setting of 0.9; the values of the settings in Wait are in s */
  get(name: string): any;
  /** Flushes transports when this turn of the event loop is over. */
  readonly turn: { flush(transport: Transport): void };
}

export class Transport {
  /** The name that socket.transport has. */
  name: Connection['name'] = 'xhr-polling';
  /**
   * The present connection; null between two polls, and while the client is away. A poll that has
   * gone stays here for up to a second (noteGone).
   */
  connection: Connection | null = null;
  /** The size of the packets that were written and that the system has not taken, characters. */
  underWay = 0;
  /** The size of the packets that were written last, characters. */
  lastSize = 0;
  private flushing = false;
  /** Whether packets that wait were not written, because too much is under way. */
  private keptBack = false;
  private awaitsHeartbeat = false;
  /**
   * The time when the next work is due, ms: the answer to a poll, a heartbeat, or the end of the
   * session. The session ends if the client stays away, or does not answer a heartbeat.
   */
  private due = now() + UNUSED;

  constructor(private readonly session: TransportSession, private readonly host: TransportHost) {}

  /**
   * Takes a poll. The poll is answered at the end of this turn if packets wait for the client.
   * Otherwise it is answered when a packet comes, or when its time is over.
   */
  onPoll(poll: Poll, { got, wait }: PollTerms): void {
    const connection = new PollConnection(poll);
    this.session.outbox.onGot(got);
    this.use(connection, 'polling duration');
    if (wait === Infinity || this.connection !== connection) return;
    this.due = Math.min(this.due, now() + wait * 1000);
    this.flushSoon(); // the poll is due at once if it does not wait
  }

  /** Takes a WebSocket that is open. From now on it is used instead of polls. */
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
    // If a WebSocket only seemed to open, the client was perhaps not told that it is connected.
    // 0.9's client then polls in the same session.
    const moved = this.session.isUsed && this.name !== connection.name;
    this.name = connection.name;
    this.connection = connection;
    this.dueIn(wait);
    this.session.onConnection(moved);
    if (this.session.outbox.isDue()) this.flushSoon();
  }

  /**
   * Notes that the poll is gone, if it is. Packets for a client that has gone away wait for its
   * next poll. To be called about once a second, and before the connection is given up. A listener
   * for the end of each poll would take 4 % of the cost of an echo, and 140 bytes of each client
   * that waits.
   */
  noteGone(): void {
    const { connection } = this;
    if (connection && connection.once && connection.isGone()) this.onGone(connection);
  }

  /** Notes that a connection is gone. @returns whether it was the present one */
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
   * Sends the client the packets that wait, if it can take them. A poll whose time is over is
   * answered anyway.
   */
  flush(): void {
    this.flushing = false;
    const { connection, session: { outbox } } = this;
    if (!connection || !connection.isReady()) return;
    if (!outbox.isDue() && !(connection.once && this.isDue(now()))) return;
    // Packets that are kept back are tried again by the sweep and by onTaken.
    this.keptBack = !this.host.limits.maySend(outbox.size, this.underWay);
    if (this.keptBack) return;
    this.write(connection, false);
    if (this.session.ended && !outbox.hasMore) this.session.onToldEnd();
  }

  /**
   * Sends the client its last packets, if it can be reached.
   * @returns whether the client could be reached
   */
  flushLast(): boolean {
    this.noteGone();
    const { connection } = this;
    if (!connection) return false;
    this.write(connection, true);
    this.drop();
    return true;
  }

  /** @param all whether all packets that wait are written, whatever their size is */
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

  /** Notes packets that have just been written, and that the system has not taken yet. */
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
      const forget = () => this.forgetUntaken(connection);
      connection.poll.res.on('finish', forget).on('close', forget);
    }
  }

  /** Removes the entry of a connection: its packets were taken, or cannot arrive any more. */
  private forgetUntaken(connection: Connection): void {
    if (!connection.untaken) return;
    this.host.limits.untaken.remove(connection.untaken);
    connection.untaken = null;
  }

  /** Notes that the system has taken the packets of an entry, or that its connection is gone. */
  onTaken({ size }: Untaken): void {
    this.underWay -= size;
    // The client was reading until now, so its absence begins only now.
    if (!this.connection && !this.session.ended) this.dueIn('absence');
    if (this.keptBack) this.flushSoon();
  }

  /**
   * @returns whether more is under way than may be, and the client does not read this entry: the
   * client is reached by another connection, or its session has ended
   */
  hasTooMuch({ connection }: Untaken): boolean {
    if (this.underWay <= this.host.limits.most) return false;
    return this.session.isGivenUp || (this.connection !== null && this.connection !== connection);
  }

  /** Whether the client may still be reading. A client whose next poll waits has read all. */
  get mayBeReading(): boolean {
    return this.connection === null || !this.connection.once;
  }

  /** Sends the packets at the end of this turn, so that all packets of the turn go together. */
  flushSoon(): void {
    if (this.flushing || !this.connection) return;
    this.flushing = true;
    this.host.turn.flush(this);
  }

  /** Ends the present connection, if there is one. */
  drop(): void {
    const { connection } = this;
    if (!connection) return;
    this.onGone(connection);
    connection.end();
  }

  /**
   * Makes the client come back with a handshake at once. The time for which the server waits for
   * the client does not begin anew.
   */
  sendAway(): void {
    this.noteGone();
    const { connection } = this;
    this.connection = null;
    if (connection) connection.sendAway();
  }

  /** Notes that the client has answered a heartbeat. */
  onHeartbeat(): void {
    if (this.name !== 'websocket') return;
    this.awaitsHeartbeat = false;
    this.dueIn('heartbeat interval');
  }

  /** @param time the time by the clock that only goes forward (clock.ts), ms */
  isDue(time: number): boolean {
    // A client that still reads its answer is not away.
    return time >= this.due && (this.connection !== null || this.underWay === 0);
  }

  /**
   * Does the work that is due.
   * @returns the reason for which the session has to end; null if the session goes on
   */
  onDue(): Reason | null {
    const { connection } = this;
    if (!connection) return 'close timeout';
    if (connection.once) this.drop();
    // A heartbeat would wait behind the packets that the client has not read yet.
    else if (this.underWay > 0) this.dueIn('heartbeat interval');
    else if (this.awaitsHeartbeat) return 'heartbeat timeout';
    else {
      this.awaitsHeartbeat = true;
      connection.write([HEARTBEAT]);
      this.dueIn('heartbeat timeout');
    }
    return null;
  }

  /** Begins to wait for a client that is away. */
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
