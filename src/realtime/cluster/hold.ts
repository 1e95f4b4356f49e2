import type { Hold } from '../session/outbox';

/**
 * Counts the packets at the end of a client's outbox that wait until they are in Redis. The packets
 * themselves are in the outbox. Without this wait, a client could get a packet that is not in
 * Redis, and then the process could die. The new owner would not know of the packet, and would give
 * its number to another packet.
 */
export class UnwrittenHold implements Hold {
  packets = 0;
  kept = 0;
  /** Whether a packet that is added now is held back. */
  isOn = false;
  private fresh = { packets: 0, kept: 0 };

  add(keep: boolean): void {
    if (!this.isOn) return;
    this.packets += 1;
    this.fresh.packets += 1;
    if (!keep) return;
    this.kept += 1;
    this.fresh.kept += 1;
  }

  /** Begins to count from 0 again, because the commit that is being made has all packets so far. */
  beginWriting(): void {
    this.fresh = { packets: 0, kept: 0 };
  }

  /** Releases the packets that were added before beginWriting, because Redis has them now. */
  onWritten(): void {
    this.packets = Math.min(this.packets, this.fresh.packets);
    this.kept = Math.min(this.kept, this.fresh.kept);
  }

  /** Releases all packets. */
  clear(): void {
    this.packets = this.kept = 0;
    this.fresh = { packets: 0, kept: 0 };
  }
}
