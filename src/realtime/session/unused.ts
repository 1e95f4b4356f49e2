/*
 * The handshakes that nobody has used so far: limits.ts has them, and ends some where there are too
 * many.
 */

/**
 * Handshakes by the address that made them. Each step costs the same however many there are:
 * whoever floods the server with handshakes makes it look for one to end at each of them.
 */
export class Unused<Session> {
  private readonly addresses = new Map<Session, string>();
  /** The handshakes of each address, the oldest first. */
  private readonly byAddress = new Map<string, Set<Session>>();
  /** At n, the addresses that have n of them. */
  private readonly having = new Map<number, Set<string>>();
  /** How many the address with the most of them has. */
  private most = 0;

  get size(): number {
    return this.addresses.size;
  }

  /** @param session one that is not among them */
  add(session: Session, address: string): void {
    let sessions = this.byAddress.get(address);
    if (!sessions) {
      sessions = new Set();
      this.byAddress.set(address, sessions);
    }
    sessions.add(session);
    this.addresses.set(session, address);
    this.count(address, sessions.size - 1, sessions.size);
  }

  /** A handshake is used, or given up. It need not be among them. */
  delete(session: Session): void {
    const address = this.addresses.get(session);
    if (address === undefined) return;
    const sessions = this.byAddress.get(address)!;
    sessions.delete(session);
    this.addresses.delete(session);
    this.count(address, sessions.size + 1, sessions.size);
    if (sessions.size === 0) this.byAddress.delete(address);
  }

  /**
   * @returns the oldest handshake of the address with the most of them; undefined if there are none
   */
  oldestOfBusiest(): Session | undefined {
    for (const address of this.having.get(this.most) || []) {
      for (const session of this.byAddress.get(address)!) return session;
    }
    return undefined;
  }

  /** An address has another number of handshakes: one more or one less. */
  private count(address: string, before: number, now: number): void {
    if (now > 0) {
      const others = this.having.get(now);
      if (others) others.add(address);
      else this.having.set(now, new Set([address]));
    }
    if (now > this.most) this.most = now;
    const left = this.having.get(before);
    if (!left) return;
    left.delete(address);
    if (left.size > 0) return;
    this.having.delete(before);
    if (before === this.most) this.most = now;
  }
}
