/*
 * Keeps what clients can make the server hold within bounds: handshakes, sessions, and what waits for them. manager.ts has it. Beyond a
 * bound, it is the client that went there who pays for it.
 */
import type { Config } from '../config';
import { Refusal } from './refusal';
import type { Session } from './session';

/** What may wait for all clients together: this many times what may wait for one. */
const TOGETHER = 256;

export class Limits {
  /** Handshakes that nobody has used so far, the oldest first. */
  private readonly unused = new Set<Session>();
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
      const oldest = this.oldestOfBusiest();
      this.warn('as many unused handshakes as MAX_HANDSHAKES allows', oldest.address);
      oldest.end('unused');
    }
    this.unused.add(session);
  }

  private oldestOfBusiest(): Session {
    const count = new Map<string, number>();
    let busiest = '';
    let most = 0;
    for (const { address } of this.unused) {
      const here = (count.get(address) || 0) + 1;
      count.set(address, here);
      if (here > most) [most, busiest] = [here, address];
    }
    for (const session of this.unused) if (session.address === busiest) return session;
    throw new Error('no unused handshake');
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
