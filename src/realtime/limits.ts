/*
 * Keeps what clients can make the server hold within bounds: handshakes, sessions, what waits for clients,
 * and what they do not read. manager.ts has it. Beyond a bound, it is the client that went there who pays
 * for it. How much the application sends is not the client's doing: who takes it is not ended for it.
 */
import type { Config } from '../config';
import { Refusal } from './refusal';
import type { Session } from './session';
import { Unread } from './unread';
import { Unused } from './unused';

/** What may wait for all clients together: this many times what may wait for one. */
const TOGETHER = 256;
/** What is sent in any case to a client that has taken all before it, characters. */
const SMALL = 16384;
/**
 * How many sweeps, about a second each, a client with too much waiting may take nothing. Sweeps, not
 * seconds: between two of them its poll is heard, even if a handler has kept the process busy. It is
 * twice the longest pause of public/realtime.js between two tries.
 */
const PATIENCE = 10;
/** How many sweeps more for each million characters that it was sent last. */
const SLOWEST = 60;

/** How many sweeps a client may take for what the application has sent it in one turn. */
const A_WHILE = 2;

/** Whether more has waited for a client, for a while, than may for one. */
function isOver({ overFor }: Session): boolean {
  return overFor >= A_WHILE;
}

export class Limits {
  private readonly unused = new Unused<Session>();
  /** What waits for all clients. */
  private waiting = 0;
  /** What has been written and not taken. */
  readonly unread = new Unread();
  /** How many sweeps there have been. */
  turn = 0;
  private trimming = false;
  /** The most that may wait for a client that does not take it, and for all together. */
  readonly most: number;
  private readonly together: number;

  /** @param warn logs a line, the first argument saying what kind of line it is */
  constructor(
    private readonly config: Config,
    private readonly sessions: Map<string, Session>,
    private readonly warn: (kind: string, ...more: unknown[]) => void,
  ) {
    this.most = config.maxWaitingBytes;
    this.together = this.most * TOGETHER;
  }

  /**
   * A session is about to be opened. Where too many handshakes are unused, the oldest of the address with the most of them goes:
   * someone who only makes handshakes takes them from himself.
   * @throws Refusal if there are as many sessions as there may be
   */
  beforeOpen(session: Session): void {
    if (this.sessions.size >= this.config.maxClients) {
      this.warn('as many clients as MAX_CLIENTS allows', session.address);
      throw new Refusal(503, 'too many clients');
    }
    if (this.unused.size >= this.config.maxHandshakes) {
      const oldest = this.unused.oldestOfBusiest()!;
      this.warn('as many unused handshakes as MAX_HANDSHAKES allows', oldest.address);
      oldest.end('unused', 'nothing');
    }
    this.unused.add(session, session.address);
  }

  /** A session is used, or has ended. */
  onUse(session: Session): void {
    this.unused.delete(session);
  }

  /**
   * Whether a client may be sent what waits for it. Where much has been written that it has not taken
   * yet, or all clients together have not, what waits is kept back: it can still be given up then.
   * @param size how much waits
   * @param underWay how much was written for the same client that has not been taken
   */
  maySend(size: number, underWay: number): boolean {
    if (underWay === 0 && size < SMALL) return true;
    const mine = underWay === 0 || underWay + size <= this.most;
    return mine && this.unread.size <= this.together / 2;
  }

  /** What waits for a client has changed. */
  onWait(change: number): void {
    this.waiting += change;
    if (change > 0 && !this.trimming && this.isTooMuch) this.trimSoon();
  }

  private get isTooMuch(): boolean {
    return this.waiting + this.unread.size > this.together;
  }

  /** Later: nobody is to be interrupted who sends to many, and most of it may be sent by then. */
  private trimSoon(): void {
    this.trimming = true;
    setImmediate(() => {
      this.trimming = false;
      if (this.isTooMuch) this.trim();
    });
  }

  /**
   * Too much waits for all clients together. Answers that nobody reads go first. Then the sessions for
   * which more has waited for a while than may for one: a client that makes that much wait for itself
   * does not end others with it. Then those whose clients have taken nothing for the longest; of those
   * that are alike, the ones with the most. Some more goes than has to, so that this is not done at each
   * message: it looks at each session.
   */
  private trim(): void {
    const goal = this.together * 0.97;
    this.unread.cutOldest(Math.max(goal - this.waiting, 0));
    const most = goal - Math.min(this.unread.size, this.together / 2);
    if (this.waiting <= most) return;
    const sessions = [...this.sessions.values()].filter(({ outbox }) => outbox.size > 0);
    sessions.sort((one, other) => Number(isOver(other)) - Number(isOver(one)) ||
      one.takenIn - other.takenIn || other.outbox.size - one.outbox.size);
    for (const session of sessions) {
      if (this.waiting <= most) return;
      this.warn('too much waits for all clients together (MAX_WAITING_BYTES)', session.address);
      if (session.ended) session.forget();
      else session.end('too much waits for all clients together', 'acks');
    }
  }

  /** To be called about once a second, before the sessions' own. */
  sweep(): void {
    this.turn += 1;
    this.unread.sweep();
    for (const session of this.sessions.values()) {
      const isLarge = session.outbox.size > this.most;
      session.overFor = isLarge ? session.overFor + 1 : 0;
      if (isLarge && this.takesNothing(session)) {
        this.warn('more waits for a client than MAX_WAITING_BYTES', session.address);
        session.end('too much waits', 'acks');
      }
    }
    if (this.isTooMuch) this.trim();
  }

  /**
   * Whether a client has had the time to take something of what waits, and did not. What it was sent last
   * may still be on its way, behind iisnode without our knowing.
   */
  private takesNothing({ ended, takenIn, transport }: Session): boolean {
    if (ended || (transport.underWay > 0 && transport.mayBeReading)) return false;
    const reading = transport.mayBeReading ? SLOWEST * transport.lastSize / 1e6 : 0;
    return this.turn - takenIn >= PATIENCE + reading;
  }
}
