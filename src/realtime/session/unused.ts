/*
 * Unused has the handshakes that no client has used so far. limits.ts ends some of them if there
 * are too many.
 */

/**
 * Handshakes, by the addresses that made them. Each method takes the same time for any number of
 * handshakes. That matters in a flood of handshakes: each new one ends an older one.
 */
export class Unused<Session> {
  private readonly addresses = new Map<Session, string>();
  /** The handshakes of each address, the oldest first. */
  private readonly byAddress = new Map<string, Set<Session>>();
  /** For each number, the addresses that have this number of handshakes. */
  private readonly having = new Map<number, Set<string>>();
  /** The number of handshakes of the address that has the most. */
  private most = 0;

  get size(): number {
    return this.addresses.size;
  }

  /** @param session a handshake that is not in the list */
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

  /** Removes a handshake that is used or given up. The handshake need not be in the list. */
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
   * @returns the oldest handshake of the address that has the most; undefined if there are none
   */
  oldestOfBusiest(): Session | undefined {
    for (const address of this.having.get(this.most) || []) {
      for (const session of this.byAddress.get(address)!) return session;
    }
    return undefined;
  }

  /** Notes that the number of an address's handshakes has changed. */
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
