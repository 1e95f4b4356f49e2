/*
 * Limits bounds the things that clients can make the server hold: handshakes, sessions, packets
 * that wait, and packets that clients do not read. io/manager.ts has one Limits. If a bound is
 * exceeded, the client that has caused the excess pays for it, with its handshake, its answer or
 * its session. A client is not responsible for the amount that the application sends: a client that
 * takes its packets keeps its session.
 */
import type { RealtimeOptions } from '../options';
import type { Report } from '../logging';
import { Refusal } from '../protocol/refusal';
import type { Reason } from './ends';
import { UntakenList } from './untaken';
import type { Turn } from '../turn';
import { Unused } from './unused';

/** The bound for all clients together is this many times the bound for one client. */
const TOGETHER = 256;
/** The largest size of a client's newest values that wait, characters; and as a part of `most`. */
const MOST_NEWEST = 50000;
const NEWEST_OF_MOST = 0.5;
/** The size, characters, below which packets go out if the client has taken all packets before. */
const SMALL = 16384;
/**
 * The number of sweeps, about a second each, during which a client with too much waiting may take
 * nothing. Sweeps count here, and not seconds: the server hears the client's poll between two
 * sweeps, even if a handler has kept the process busy. The number is twice the longest pause of
 * public/realtime.js between two tries, in seconds.
 */
const PATIENCE = 10;
/** The number of further sweeps for each million characters that the client was sent last. */
const SLOWEST = 60;

/** The number of sweeps in which a client can take the packets that it was sent in one turn. */
const A_WHILE = 2;

/** The part of a session that Limits needs. */
export interface LimitedSession {
  readonly address: string;
  readonly ended: boolean;
  /** The value of Limits.sweeps when the client last took packets that wait for it. */
  readonly takenIn: number;
  /** The number of sweeps in a row in which the packets that wait were larger than `most`. */
  overFor: number;
  readonly outbox: { readonly size: number };
  readonly transport: {
    readonly underWay: number;
    readonly lastSize: number;
    readonly mayBeReading: boolean;
  };
  end(reason: Reason): void;
  forget(): void;
}

export class Limits {
  private readonly unused = new Unused<LimitedSession>();
  /** The size of the packets that wait for all clients. */
  private waiting = 0;
  /** The packets that were written and that the system has not taken. */
  readonly untaken = new UntakenList();
  /** The number of sweeps until now. */
  sweeps = 0;
  private trimming = false;
  /** Whether a session had more waiting than `most` at the last sweep. */
  private someAreOver = false;
  /** The largest size of the packets that wait for a client that takes none of them. */
  readonly most: number;
  /** The largest size of the newest values among them. So these alone never end a session. */
  readonly mostNewest: number;
  /** The largest size of the packets that wait for all clients together. */
  private readonly together: number;

  /**
   * @param sessions all sessions, by their ids
   * @param turn collects the packets that go out at the end of this turn
   */
  constructor(
    private readonly options: Pick<
      RealtimeOptions, 'maxClients' | 'maxHandshakes' | 'maxWaitingBytes'
    >,
    private readonly sessions: Map<string, LimitedSession>,
    private readonly warn: Report,
    private readonly turn: Pick<Turn, 'afterwards'>,
  ) {
    this.most = options.maxWaitingBytes;
    this.mostNewest = Math.min(MOST_NEWEST, this.most * NEWEST_OF_MOST);
    this.together = this.most * TOGETHER;
  }

  /**
   * Makes room for a new session. If too many handshakes are unused, the address with the most
   * unused handshakes loses its oldest one. So a client that only makes handshakes loses its own.
   * @throws Refusal if there are as many sessions as MAX_CLIENTS allows
   */
  beforeSession(session: LimitedSession): void {
    if (this.sessions.size >= this.options.maxClients) {
      this.warn('as many clients as MAX_CLIENTS allows', session.address);
      throw new Refusal(503, 'too many clients');
    }
    if (this.unused.size >= this.options.maxHandshakes) {
      const oldest = this.unused.oldestOfBusiest()!;
      this.warn('as many unused handshakes as MAX_HANDSHAKES allows', oldest.address);
      oldest.end('unused');
    }
    this.unused.add(session, session.address);
  }

  /** Removes a session from the unused handshakes, because it is used or has ended. */
  onUse(session: LimitedSession): void {
    this.unused.delete(session);
  }

  /**
   * Says whether packets that wait may be sent to a client. They wait on while this client, or all
   * clients together, have not taken much that was written before: packets that wait can still be
   * given up.
   * @param size the size of the packets that wait for the client
   * @param underWay the size of the packets that were written for this client and not taken
   */
  maySend(size: number, underWay: number): boolean {
    if (underWay === 0 && size < SMALL) return true;
    const mine = underWay === 0 || underWay + size <= this.most;
    return mine && this.untaken.size <= this.together / 2;
  }

  /** Notes that the size of the packets that wait for a client has changed. */
  onWait(change: number): void {
    this.waiting += change;
    if (change > 0 && !this.trimming && this.isTooMuch) this.trimSoon();
  }

  private get isTooMuch(): boolean {
    return this.waiting + this.untaken.size > this.together;
  }

  /**
   * Trims a moment later: a loop that sends to many clients must not be interrupted, and most of
   * the packets may be sent by then.
   */
  private trimSoon(): void {
    this.trimming = true;
    this.turn.afterwards(() => {
      this.trimming = false;
      if (this.isTooMuch) this.trim();
    });
  }

  /**
   * Cuts answers and ends sessions, because too much waits for all clients together. The order is:
   * 1. Answers that nobody reads.
   * 2. Sessions for which more has waited for a while than may wait for one client. So a client
   *    that lets too much wait does not end the sessions of others.
   * 3. Sessions whose clients have taken nothing for the longest time. If two clients took packets
   *    at the same time, the session for which more waits ends first.
   * The function has to look at each session. It ends more sessions than it has to, so that it need
   * not run again at the next message.
   */
  private trim(): void {
    const goal = this.together * 0.97;
    this.untaken.cutOldest(Math.max(goal - this.waiting, 0));
    const most = goal - Math.min(this.untaken.size, this.together / 2);
    if (this.waiting <= most) return;
    const sessions = [...this.sessions.values()].filter(({ outbox }) => outbox.size > 0);
    sessions.sort((one, other) => {
      return Number(hasTooMuch(other)) - Number(hasTooMuch(one)) ||
        one.takenIn - other.takenIn || other.outbox.size - one.outbox.size;
    });
    for (const session of sessions) {
      if (this.waiting <= most) return;
      this.warn('too much waits for all clients together (MAX_WAITING_BYTES)', session.address);
      if (session.ended) session.forget();
      else session.end('too much waits for all clients together');
    }
  }

  /** Enforces the bounds. Call it about once a second, before the sessions' own sweep. */
  sweep(): void {
    this.sweeps += 1;
    this.untaken.sweep();
    // While less waits for all clients than may wait for one, no client has too much.
    if (this.waiting > this.most || this.someAreOver) this.endThoseWhoTakeNothing();
    if (this.isTooMuch) this.trim();
  }

  /** Ends the sessions for which too much has waited for too long. */
  private endThoseWhoTakeNothing(): void {
    this.someAreOver = false;
    for (const session of this.sessions.values()) {
      const isLarge = session.outbox.size > this.most;
      session.overFor = isLarge ? session.overFor + 1 : 0;
      if (!isLarge) continue;
      this.someAreOver = true;
      if (!this.takesNothing(session)) continue;
      this.warn('more waits for a client than MAX_WAITING_BYTES', session.address);
      session.end('too much waits');
    }
  }

  /**
   * Says whether a client has had the time to take some of its packets, and has taken none. The
   * last answer to the client may still be on its way: behind iisnode the server cannot see this.
   */
  private takesNothing({ ended, takenIn, transport }: LimitedSession): boolean {
    if (ended || (transport.underWay > 0 && transport.mayBeReading)) return false;
    const reading = transport.mayBeReading ? SLOWEST * transport.lastSize / 1e6 : 0;
    return this.sweeps - takenIn >= PATIENCE + reading;
  }
}

/** @returns whether more has waited for a client for a while than may wait for one */
function hasTooMuch({ overFor }: LimitedSession): boolean {
  return overFor >= A_WHILE;
}
