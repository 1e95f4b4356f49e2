import type { Hold } from '../session/outbox';

/**
 * How much of a client's outbox, from its end, is not sent yet because it is not in Redis yet: a
 * count, no packets. If a client got them and its process died, another process would not know of
 * them, and would give their numbers to other packets.
 */
export class UnwrittenHold implements Hold {
  packets = 0;
  kept = 0;
  /** Whether packets that are added are held back. */
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

  /** All so far is being written. */
  beginWriting(): void {
    this.fresh = { packets: 0, kept: 0 };
  }

  /** All is written that was there at beginWriting. */
  onWritten(): void {
    this.packets = Math.min(this.packets, this.fresh.packets);
    this.kept = Math.min(this.kept, this.fresh.kept);
  }

  /** Nothing is held back any more. */
  clear(): void {
    this.packets = this.kept = 0;
    this.fresh = { packets: 0, kept: 0 };
  }
}
