/*
 * An outbox has the packets for one client. They wait in it until they can be sent. Packets for a
 * client of public/realtime.js are also kept until the client has them. Each session has one
 * outbox. Packets for the clients of other processes go through the backplane, and not through an
 * outbox.
 */
import { Delivery, isAck, weigh } from './delivery';
import { Newest } from './newest';

/**
 * A count of the packets at the end of an outbox that must not be sent yet. The keeper of a session
 * (keeper.ts) may set a Hold.
 */
export interface Hold {
  /** The number of packets that are held back. */
  readonly packets: number;
  /** The number of packets among these that are kept until they have arrived. */
  readonly kept: number;
  /** Counts an added packet. @param keep whether the packet is kept until it has arrived */
  add(keep: boolean): void;
  /** Ends the hold: no packet is held back any more. */
  clear(): void;
}

/**
 * The largest size of the packets that go out at once, in one answer to a poll or one write to a
 * WebSocket; characters as weigh counts them. A megabyte keeps the process busy for 20 ms, while
 * all other clients wait. A single packet may be larger.
 */
export const MOST_AT_ONCE = 1000000;

export class Outbox {
  /** The size of the packets that wait or are kept, as weigh (delivery.ts) counts it. */
  size = 0;
  private queue: string[] = [];
  /** The size of the packets in the queue that are not kept once they are sent. */
  private passing = 0;
  hold: Hold | null = null;
  /** Whether the session has ended, and only the last acknowledgements are left. */
  private onlyAcks = false;
  /** The newest values that wait; null while no value waits, as for nearly all clients. */
  private newest: Newest | null = null;

  /**
   * @param delivery numbers and keeps messages; null for 0.9's own clients
   * @param owner the session, which hears by how much the size has changed
   */
  constructor(
    private readonly delivery: Delivery | null,
    private readonly owner: {
      onWait: (change: number) => void;
      onNewest: (change: number) => void;
    },
  ) {}

  /** Adds a packet. @param keep whether the packet has to arrive, whatever happens */
  add(packet: string, keep: boolean): void {
    const kept = this.delivery && keep ? this.delivery.keep(packet) : null;
    const text = kept === null ? packet : kept;
    this.queue.push(text);
    if (this.hold) this.hold.add(kept !== null);
    if (kept === null) this.passing += weigh(text);
    this.count(weigh(text));
  }

  /**
   * Keeps a volatile packet for a client that cannot take it at once. A newer packet of the same
   * kind replaces it.
   * @param kind the event and the room of the packet (kindOf)
   * @param most the largest size of all such packets of the client
   */
  addNewest(packet: string, kind: string, most: number): void {
    const newest = this.newest || (this.newest = new Newest(most));
    const before = newest.size;
    newest.set(kind, packet, this.queue.length);
    this.size += newest.size - before;
    this.owner.onNewest(newest.size - before);
  }

  /**
   * Goes on with the outbox of another process.
   * @param first the number of the first message in `messages`
   * @param messages the messages to the client that have perhaps not arrived
   * @param received the number of the last message that has come from the client
   */
  continueFrom(first: number, messages: string[], received: number): void {
    this.delivery!.continueFrom(first, messages, received);
    this.count(sizeOf(messages));
  }

  /** Puts packets that were sent and have not arrived in front of all packets that wait. */
  sendAgain(): void {
    const lost = this.delivery ? this.delivery.collectLost() : [];
    if (lost.length === 0) return;
    this.queue = lost.concat(this.queue);
    if (this.newest) this.newest.onFront(lost.length);
  }

  /**
   * Tells a client that has come back which of its messages have arrived, and then that it is
   * connected. These packets go in front of all packets that wait.
   * @param connect the packet that says that the client is connected
   */
  greet(connect: string): void {
    const first = [...this.delivery!.collectAck(true), connect];
    this.queue.unshift(...first);
    if (this.newest) this.newest.onFront(first.length);
  }

  has(packet: string): boolean {
    return this.queue.includes(packet);
  }

  /** Drops all messages up to `number`, because the client has them. */
  onGot(number: number): void {
    if (this.delivery) this.count(-this.delivery.onGot(number));
  }

  /** @returns whether there is something to be sent */
  isDue(): boolean {
    if (this.onlyAcks || this.queue.length > this.heldBack) return true;
    if (this.newest && this.newest.hasWithin(this.queue.length - this.heldBack)) return true;
    return this.delivery !== null && this.delivery.isAckDue();
  }

  /** The number of packets at the end of the queue that are held back. */
  private get heldBack(): number {
    return this.hold ? this.hold.packets : 0;
  }

  /**
   * Takes packets out of the outbox, to send them.
   * @param all whether this is the last time; otherwise packets beyond MOST_AT_ONCE wait on
   * @returns the packets, in the order in which they are sent
   */
  collect(all = false): string[] {
    const { queue, passing, delivery, heldBack } = this;
    const free = queue.length - heldBack;
    const count = all || this.size <= MOST_AT_ONCE ? free : fitting(queue, free);
    this.queue = count < queue.length ? queue.splice(count) : [];
    this.passing = this.queue.length > 0 && passing > 0 ? Math.min(passing, sizeOf(this.queue)) : 0;
    this.count(this.passing - passing);
    if (this.onlyAcks && delivery) return delivery.lastAcks();
    const packets = this.newest ? this.takeNewest(this.newest, queue) : queue;
    if (!delivery) return packets;
    if (count < free) delivery.onPartSent(queue);
    else delivery.onSent(this.hold ? this.hold.kept : 0);
    return [...delivery.collectAck(), ...packets];
  }

  /** @returns the packets that leave the queue, with the newest values among them */
  private takeNewest(newest: Newest, queue: string[]): string[] {
    const before = newest.size;
    const packets = newest.takeWith(queue);
    if (newest.size === 0) this.newest = null;
    this.count(newest.size - before);
    return packets;
  }

  /** Whether `collect` has left packets for the next time. */
  get hasMore(): boolean {
    return !this.onlyAcks && this.queue.length > this.heldBack;
  }

  /**
   * Keeps only acknowledgements (ends.ts says why), because the session has ended.
   * @returns whether there is something to tell the client
   */
  keepAcks(): boolean {
    const before = this.size;
    this.onlyAcks = true;
    this.hold = null;
    this.newest = null;
    this.queue = this.delivery ? [] : this.queue.filter(isAck);
    this.passing = sizeOf(this.queue);
    this.count((this.delivery ? this.delivery.keepAcks() : this.passing) - before);
    return this.queue.length > 0 || (this.delivery !== null && this.delivery.hasLastAcks());
  }

  /** Drops all packets that wait. */
  clear(): void {
    this.queue = [];
    this.newest = null;
    this.passing = 0;
    if (this.hold) this.hold.clear();
    this.count(-this.size);
  }

  /** Drops all packets, also those that were sent and have perhaps not arrived. */
  giveUp(): void {
    this.clear();
    if (this.delivery) this.delivery.giveUp();
  }

  private count(change: number): void {
    this.size += change;
    this.owner.onWait(change);
  }
}

/** @returns the number of packets that go out at once, out of the first `free` ones */
function fitting(queue: string[], free: number): number {
  let count = 0;
  for (let size = 0; count < free; count++) {
    size += weigh(queue[count]!);
    if (size > MOST_AT_ONCE && count > 0) break;
  }
  return count;
}

/** @returns the size of all these packets together */
export function sizeOf(packets: string[]): number {
  return packets.reduce((size, packet) => size + weigh(packet), 0);
}
