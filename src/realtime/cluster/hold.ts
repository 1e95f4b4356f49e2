/**
 * How much of a client's outbox (outbox.ts), from its end, is not sent yet because it is not written to Redis yet: a count, no packets.
 * If a client got them and its process died, another process would not know of them, and give their numbers to others.
 */
export class Hold {
  /** Packets. */
  packets = 0;
  /** How many of them are kept until they have arrived. */
  kept = 0;
  private fresh = { packets: 0, kept: 0 };

  add(keep: boolean): void {
    this.packets += 1;
    this.fresh.packets += 1;
    if (!keep) return;
    this.kept += 1;
    this.fresh.kept += 1;
  }

  /** All so far is being written. Gives what is to be called when it is. */
  writing(): () => void {
    const written = this.fresh;
    this.fresh = { packets: 0, kept: 0 };
    return () => {
      // Less, if it was let go meanwhile.
      this.packets = Math.max(this.packets - written.packets, this.fresh.packets);
      this.kept = Math.max(this.kept - written.kept, this.fresh.kept);
    };
  }

  /** Lets all go. */
  clear(): void {
    this.packets = this.kept = 0;
    this.fresh = { packets: 0, kept: 0 };
  }
}
