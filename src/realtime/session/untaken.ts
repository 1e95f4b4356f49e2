/*
 * Packets that are written, and that the system has not taken yet for their clients: limits.ts has
 * the list. Where a client does not read, each entry is memory and a connection.
 *
 * An entry does not say that its client has not got it. A named pipe of Windows tells node later
 * that something was taken, by 20 ms where node 12 runs in wine, and after a pause of the process
 * later still. By then the connection may carry the request of another client: iisnode shares its
 * connections. So an answer is cut only when it has been in the list for several sweeps, between
 * which node hears what the system has to say. Behind iisnode its connection carries no other
 * request then, as iisnode does not share one whose answer is not complete.
 */

/** After how many sweeps, about a second each, nobody reads what a client has too much of. */
const UNREAD = 3;
/** How many sweeps it may take in any case, and how many more for each million characters. */
const SLOWEST = 60;

/** An answer to a poll, or what goes over a WebSocket. */
export interface Untaken {
  /** Characters. */
  size: number;
  /** How many sweeps have seen it. */
  sweeps: number;
  connection: { isGone(): boolean; cut(): void };
  client: {
    /** Whether the client has more under way than it may, and does not read it. */
    hasTooMuch(untaken: Untaken): boolean;
    /** The client has taken it, or its connection is gone. */
    onTaken(untaken: Untaken): void;
  };
}

export class UntakenList {
  /** The size of all entries, characters. */
  size = 0;
  /** The oldest first. */
  private readonly entries = new Set<Untaken>();

  add(untaken: Untaken): void {
    this.entries.add(untaken);
    this.size += untaken.size;
  }

  /** More is written on the same connection. @param size characters */
  grow(untaken: Untaken, size: number): void {
    untaken.size += size;
    this.size += size;
  }

  /** An entry has been taken, or its connection is gone. */
  remove(untaken: Untaken): void {
    if (!this.entries.delete(untaken)) return;
    this.size -= untaken.size;
    untaken.client.onTaken(untaken);
  }

  /** Entries that take too long are cut, and those of clients with too much. Once a second. */
  sweep(): void {
    for (const untaken of this.entries) {
      untaken.sweeps += 1;
      const { client, connection, size } = untaken;
      const most = client.hasTooMuch(untaken) ? UNREAD : SLOWEST * (1 + size / 1e6);
      // One that stands behind another on its connection does not hear that this is gone.
      if (connection.isGone()) this.remove(untaken);
      else if (untaken.sweeps > most) this.cut(untaken);
    }
  }

  /**
   * The oldest entries that nobody reads are cut, until the rest is small enough.
   * @param most how much may be left, characters
   */
  cutOldest(most: number): void {
    for (const untaken of this.entries) {
      if (this.size <= most || untaken.sweeps < UNREAD) return;
      this.cut(untaken);
    }
  }

  private cut(untaken: Untaken): void {
    this.remove(untaken);
    untaken.connection.cut();
  }
}
