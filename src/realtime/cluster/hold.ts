import type { Hold } from '../session/outbox';

/**
 * Counts the packets at the end of a client's outbox that wait until they are in Redis. This class
 * has no packets, only their number. Suppose that a client got packets that are not in Redis, and
 * the process died. The new owner would not know of these packets, and would give their numbers to
 * other packets.
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

  /** The commit that is being made writes all packets that were added until now. */
  beginWriting(): void {
    this.fresh = { packets: 0, kept: 0 };
  }

  /** Redis has written all packets that had been added before beginWriting. */
  onWritten(): void {
    this.packets = Math.min(this.packets, this.fresh.packets);
    this.kept = Math.min(this.kept, this.fresh.kept);
  }

  /** All packets may be sent now. */
  clear(): void {
    this.packets = this.kept = 0;
    this.fresh = { packets: 0, kept: 0 };
  }
}
