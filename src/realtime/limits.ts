/*
 * Keeps what clients can make the server hold within bounds: handshakes, sessions, and what waits for them. manager.ts has it. Beyond a
 * bound, it is the client that went there who pays for it.
 */
import type { Config } from '../config';
import { Refusal } from './refusal';
import type { Session } from './session';
import { Unused } from './unused';

/** What may wait for all clients together: this many times what may wait for one. */
const TOGETHER = 256;

export class Limits {
  private readonly unused = new Unused<Session>();
  private waiting = 0;

  /** @param warn logs a line, the first argument saying what kind of line it is */
  constructor(
    private readonly config: Config,
    private readonly sessions: Map<string, Session>,
    private readonly warn: (kind: string, ...more: unknown[]) => void,
  ) {}

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
      oldest.end('unused');
    }
    this.unused.add(session, session.address);
  }

  /** A session is used, or has ended. */
  onUse(session: Session): void {
    this.unused.delete(session);
  }

  /**
   * What waits for a session has changed. Where it is too much for one, or for all together, the one with the most is ended, later:
   * whoever sends to many is not to be interrupted.
   * @param change characters
   */
  onWait(session: Session, change: number): void {
    this.waiting += change;
    if (change < 0) return;
    if (session.outbox.size > this.config.maxWaitingBytes) this.endSoon(session, 'more waits for a client than MAX_WAITING_BYTES');
    else if (this.waiting > this.config.maxWaitingBytes * TOGETHER) {
      this.endSoon([...this.sessions.values()].reduce((one, other) => one.outbox.size < other.outbox.size ? other : one), 'too much waits for all clients together');
    }
  }

  private endSoon(session: Session, why: string): void {
    this.warn(why, session.address);
    session.overflow();
  }
}
