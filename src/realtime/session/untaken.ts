/*
 * UntakenList has the packets that were written and that the system has not taken yet. limits.ts
 * has the list. If a client does not read, each of its entries holds memory and a connection.
 *
 * An entry does not prove that the packets have not arrived. A named pipe of Windows tells node
 * late that packets were taken: 20 ms late if node 12 runs in wine, and later after a pause of the
 * process. By then the connection may carry the request of another client, because iisnode shares
 * its connections. So an answer is cut only if it has been in the list for several sweeps. Between
 * two sweeps node hears the reports of the system. Behind iisnode, the connection of such an answer
 * carries no other request, because iisnode does not share a connection before its answer is
 * complete.
 */

/** The number of sweeps, about a second each, after which an entry counts as unread. */
const UNREAD = 3;
/** The number of sweeps that any entry may take, and the number to add a million characters. */
const SLOWEST = 60;

/** An entry: an answer to a poll, or the packets that were written to a WebSocket. */
export interface Untaken {
  /** The size of the packets, characters. */
  size: number;
  /** The number of sweeps that have seen the entry. */
  sweeps: number;
  connection: { isGone(): boolean; cut(): void };
  client: {
    /** Says whether the client has more under way than it may, and does not read this entry. */
    hasTooMuch(untaken: Untaken): boolean;
    /** Hears that the system has taken the entry, or that its connection is gone. */
    onTaken(untaken: Untaken): void;
  };
}

export class UntakenList {
  /** The size of all entries, characters. */
  size = 0;
  /** The entries, the oldest first. */
  private readonly entries = new Set<Untaken>();

  add(untaken: Untaken): void {
    this.entries.add(untaken);
    this.size += untaken.size;
  }

  /** Enlarges an entry: more is written on its connection. @param size the added characters */
  grow(untaken: Untaken, size: number): void {
    untaken.size += size;
    this.size += size;
  }

  /** Removes an entry, because the system has taken it, or because its connection is gone. */
  remove(untaken: Untaken): void {
    if (!this.entries.delete(untaken)) return;
    this.size -= untaken.size;
    untaken.client.onTaken(untaken);
  }

  /**
   * Cuts entries that take too long. The time is shorter for a client that has too much under way.
   * Call it about once a second.
   */
  sweep(): void {
    for (const untaken of this.entries) {
      untaken.sweeps += 1;
      const { client, connection, size } = untaken;
      const most = client.hasTooMuch(untaken) ? UNREAD : SLOWEST * (1 + size / 1e6);
      // An answer that waits behind another one does not hear that their connection is gone.
      if (connection.isGone()) this.remove(untaken);
      else if (untaken.sweeps > most) this.cut(untaken);
    }
  }

  /**
   * Cuts the oldest entries that nobody reads, until the rest is small enough.
   * @param most the largest size of the rest, characters
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
