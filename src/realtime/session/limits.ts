/*
 * The bounds of what clients can make the server hold: handshakes, sessions, what waits for
 * clients, and what they do not read. io/manager.ts has one Limits. Beyond a bound, the client that
 * went there pays for it. How much the application sends is not the client's doing: a client that
 * takes what it is sent is not ended for it.
 */
import type { RealtimeOptions } from '../options';
import type { Report } from '../logging';
import { Refusal } from '../protocol/refusal';
import type { Reason } from './ends';
import { UntakenList } from './untaken';
import { Unused } from './unused';

/** All clients together may have this many times as much waiting as one. */
const TOGETHER = 256;
/** The most that may wait for a client as newest values, characters; and as a part of `most`. */
const MOST_NEWEST = 50000;
const NEWEST_OF_MOST = 0.5;
/** How much a client that has taken all before it is sent in any case, characters. */
const SMALL = 16384;
/**
 * How many sweeps, about a second each, a client with too much waiting may take nothing. Sweeps,
 * not seconds: between two of them its poll is heard, even if a handler has kept the process busy.
 * It is twice the longest pause of public/realtime.js between two tries.
 */
const PATIENCE = 10;
/** How many sweeps more for each million characters that the client was sent last. */
const SLOWEST = 60;

/** How many sweeps a client may take for all that the application has sent it in one turn. */
const A_WHILE = 2;

/** A session, as far as it is bounded. */
export interface LimitedSession {
  readonly address: string;
  readonly ended: boolean;
  /** In which sweep the client last took some of the packets that wait for it. */
  readonly takenIn: number;
  /** For how many sweeps in a row more has waited for the client than may. */
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
  /** How much waits for all clients. */
  private waiting = 0;
  /** The packets that have been written and not taken. */
  readonly untaken = new UntakenList();
  /** How many sweeps there have been. */
  turn = 0;
  private trimming = false;
  /** The most that may wait for a client that does not take it. */
  readonly most: number;
  /** The most of that which may be newest values. So newest values alone never end a session. */
  readonly mostNewest: number;
  /** The most that may wait for all clients together. */
  private readonly together: number;

  /** @param sessions all of them, by their ids */
  constructor(
    private readonly options: Pick<
      RealtimeOptions, 'maxClients' | 'maxHandshakes' | 'maxWaitingBytes'
    >,
    private readonly sessions: Map<string, LimitedSession>,
    private readonly warn: Report,
  ) {
    this.most = options.maxWaitingBytes;
    this.mostNewest = Math.min(MOST_NEWEST, this.most * NEWEST_OF_MOST);
    this.together = this.most * TOGETHER;
  }

  /**
   * A session is about to be made. Where too many handshakes are unused, the oldest of the address
   * with the most of them goes: someone who only makes handshakes takes them from himself.
   * @throws Refusal if there are as many sessions as there may be
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

  /** A session is used, or has ended. */
  onUse(session: LimitedSession): void {
    this.unused.delete(session);
  }

  /**
   * Where much has been written that a client, or all of them together, have not taken yet, what
   * waits is kept back: it can still be given up then.
   * @param size how much waits for a client
   * @param underWay how much was written for the same client that has not been taken
   * @returns whether the client may be sent what waits
   */
  maySend(size: number, underWay: number): boolean {
    if (underWay === 0 && size < SMALL) return true;
    const mine = underWay === 0 || underWay + size <= this.most;
    return mine && this.untaken.size <= this.together / 2;
  }

  /** The size of what waits for a client has changed. */
  onWait(change: number): void {
    this.waiting += change;
    if (change > 0 && !this.trimming && this.isTooMuch) this.trimSoon();
  }

  private get isTooMuch(): boolean {
    return this.waiting + this.untaken.size > this.together;
  }

  /** Later: a sender to many is not to be interrupted, and most of it may be sent by then. */
  private trimSoon(): void {
    this.trimming = true;
    setImmediate(() => {
      this.trimming = false;
      if (this.isTooMuch) this.trim();
    });
  }

  /**
   * Too much waits for all clients together: answers are cut and sessions end, in this order.
   * 1. Answers that nobody reads.
   * 2. Sessions for which more has waited for a while than may wait for one client. A client that
   *    makes that much wait for itself does not end others with it.
   * 3. Sessions whose clients have taken nothing for the longest time. If two are alike in that,
   *    the session for which more waits ends first.
   * The function looks at each session. So that it need not run again at the next message, it ends
   * some sessions more than it has to.
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

  /** The bounds are held. To be called about once a second, before the sessions' own sweep. */
  sweep(): void {
    this.turn += 1;
    this.untaken.sweep();
    for (const session of this.sessions.values()) {
      const isLarge = session.outbox.size > this.most;
      session.overFor = isLarge ? session.overFor + 1 : 0;
      if (isLarge && this.takesNothing(session)) {
        this.warn('more waits for a client than MAX_WAITING_BYTES', session.address);
        session.end('too much waits');
      }
    }
    if (this.isTooMuch) this.trim();
  }

  /**
   * The last answer to the client may still be on its way, behind iisnode without our knowing.
   * @returns whether a client has had the time to take something of what waits, and did not
   */
  private takesNothing({ ended, takenIn, transport }: LimitedSession): boolean {
    if (ended || (transport.underWay > 0 && transport.mayBeReading)) return false;
    const reading = transport.mayBeReading ? SLOWEST * transport.lastSize / 1e6 : 0;
    return this.turn - takenIn >= PATIENCE + reading;
  }
}

/** @returns whether more has waited for a client, for a while, than may for one */
function hasTooMuch({ overFor }: LimitedSession): boolean {
  return overFor >= A_WHILE;
}
