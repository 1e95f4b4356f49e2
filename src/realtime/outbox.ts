import type { Hold } from './cluster/hold';
import { now } from './clock';
import { Delivery, held, isAck } from './delivery';

/**
 * What waits for one client until it can be sent, and for a client of public/realtime.js is kept until the client has it: each session
 * has one. With Redis, the last of it may have to wait longer (cluster/hold.ts). What is for other processes is not in here, but in
 * cluster/outgoing.ts.
 */
export class Outbox {
  /** How much that is: characters, and some for each packet (held, delivery.ts). */
  size = 0;
  private queue: string[] = [];
  /** How much of it is not kept once it is sent. */
  private passing = 0;
  /** What of it is not to be sent yet. */
  hold: Hold | null = null;
  /** Whether nothing is left but the last acknowledgements: the session has ended. */
  private over = false;

  /**
   * @param delivery what numbers and keeps messages; null for a client that does not know of it
   * @param owner hears by how much the size has changed
   */
  constructor(private readonly delivery: Delivery | null, private readonly owner: { onWait: (change: number) => void }) {}

  /**
   * @param keep whether it is to arrive, whatever happens
   * @returns whether it has been given a number
   */
  add(packet: string, keep: boolean): boolean {
    const kept = this.delivery && keep ? this.delivery.keep(packet) : null;
    const text = kept === null ? packet : kept;
    this.queue.push(text);
    if (this.hold) this.hold.add(kept !== null);
    if (kept === null) this.passing += held(text);
    this.count(held(text));
    return kept !== null;
  }

  /** Goes on where another process was: with what that kept, from number `first` on, and the number of the client's last message. */
  restore(first: number, kept: string[], received: number): void {
    this.delivery!.restore(first, kept, received);
    this.count(sizeOf(kept));
  }

  /** Puts what was sent and has not arrived before all that waits. */
  sendAgain(): void {
    const lost = this.delivery ? this.delivery.takeLost() : [];
    if (lost.length > 0) this.queue = lost.concat(this.queue);
  }

  /** Puts what a client that has come back is told before all that waits: what we have of its messages, then that it is connected. */
  greet(connect: string): void {
    this.queue.unshift(...this.delivery!.takeAck(true), connect);
  }

  has(packet: string): boolean {
    return this.queue.includes(packet);
  }

  /** The client has all messages up to `number`. */
  onGot(number: number): void {
    if (this.delivery) this.count(-this.delivery.onGot(number));
  }

  /** Whether there is something to be sent. */
  isDue(): boolean {
    return this.over || this.queue.length > this.held ||
      (this.delivery !== null && this.delivery.isAckDue(now()));
  }

  /** How many at the end of the queue are held back. */
  private get held(): number {
    return this.hold ? this.hold.packets : 0;
  }

  /** All that is to be sent. */
  take(): string[] {
    const { queue, passing, delivery } = this;
    const back = this.held;
    this.queue = back > 0 ? queue.splice(-back) : [];
    this.passing = back > 0 && passing > 0 ? Math.min(passing, sizeOf(this.queue)) : 0;
    this.count(this.passing - passing);
    if (!delivery) return queue;
    if (this.over) return delivery.lastAcks();
    delivery.onSent(this.hold ? this.hold.kept : 0);
    return [...delivery.takeAck(), ...queue];
  }

  /**
   * The session has ended, and there is too much to be kept until its client is told: nothing is, but
   * acknowledgements. Without these, a client of public/realtime.js would send messages that have been
   * handled to its next session, for ever if it is they that end sessions.
   * @returns whether there is something to be told
   */
  keepAcks(): boolean {
    const before = this.size;
    this.over = true;
    this.hold = null;
    this.queue = this.delivery ? [] : this.queue.filter(isAck);
    this.passing = sizeOf(this.queue);
    this.count((this.delivery ? this.delivery.keepAcks() : this.passing) - before);
    return this.queue.length > 0 || (this.delivery !== null && this.delivery.hasLastAcks());
  }

  /** Nothing waits any more. */
  clear(): void {
    this.queue = [];
    this.passing = 0;
    if (this.hold) this.hold.clear();
    this.count(-this.size);
  }

  /** Nothing of it is for anybody: nor is what was sent and may not have arrived. */
  giveUp(): void {
    this.clear();
    if (this.delivery) this.delivery.giveUp();
  }

  private count(change: number): void {
    this.size += change;
    this.owner.onWait(change);
  }
}

function sizeOf(packets: string[]): number {
  return packets.reduce((size, packet) => size + held(packet), 0);
}
