/*
 * The packets for one client wait here until they can be sent, and those for a client of
 * public/realtime.js are kept until the client has them. Each session has one outbox. Packets for
 * the clients of other processes are not in here: they go through the backplane.
 */
import { now } from '../clock';
import { Delivery, isAck, weigh } from './delivery';
import { Newest } from './newest';

/**
 * A count of the packets at the end of an outbox that are not to be sent yet. The backplane may set
 * one (keeper.ts).
 */
export interface Hold {
  /** How many they are. */
  readonly packets: number;
  /** How many of them are kept until they have arrived. */
  readonly kept: number;
  /** A packet was added. @param keep whether it is kept until it has arrived */
  add(keep: boolean): void;
  /** None is held back any more. */
  clear(): void;
}

/**
 * How much goes out at once, characters as weigh counts them: one answer of a poll, or one write to
 * a WebSocket. It keeps the process busy for 20 ms a megabyte, while all other clients wait. A
 * single packet may be larger.
 */
export const MOST_AT_ONCE = 1000000;

export class Outbox {
  /** How much waits or is kept: characters, and some for each packet (weigh, delivery.ts). */
  size = 0;
  private queue: string[] = [];
  /** How much of it is not kept once it is sent. */
  private passing = 0;
  hold: Hold | null = null;
  /** Whether nothing is left but the last acknowledgements: the session has ended. */
  private onlyAcks = false;
  /** The newest values that wait; null while no value waits, as for nearly all clients. */
  private newest: Newest | null = null;

  /**
   * @param delivery numbers and keeps messages; null for a client that does not know of it
   * @param owner hears by how much the size has changed
   */
  constructor(
    private readonly delivery: Delivery | null,
    private readonly owner: {
      onWait: (change: number) => void;
      onNewest: (change: number) => void;
    },
  ) {}

  /** A packet is to be sent. @param keep whether it is to arrive, whatever happens */
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
   * The outbox goes on where that of another process was.
   * @param first the number of the first message in `messages`
   * @param messages those that the client may not have
   * @param received the number of the last message of the client
   */
  continueFrom(first: number, messages: string[], received: number): void {
    this.delivery!.continueFrom(first, messages, received);
    this.count(sizeOf(messages));
  }

  /** Packets that were sent and have not arrived go before all that wait. */
  sendAgain(): void {
    const lost = this.delivery ? this.delivery.collectLost() : [];
    if (lost.length === 0) return;
    this.queue = lost.concat(this.queue);
    if (this.newest) this.newest.onFront(lost.length);
  }

  /**
   * A client that has come back is told first which of its messages have arrived, and then that it
   * is connected.
   */
  greet(connect: string): void {
    const first = [...this.delivery!.collectAck(true), connect];
    this.queue.unshift(...first);
    if (this.newest) this.newest.onFront(first.length);
  }

  has(packet: string): boolean {
    return this.queue.includes(packet);
  }

  /** The client has all messages up to `number`. */
  onGot(number: number): void {
    if (this.delivery) this.count(-this.delivery.onGot(number));
  }

  /** @returns whether there is something to be sent */
  isDue(): boolean {
    if (this.onlyAcks || this.queue.length > this.heldBack) return true;
    if (this.newest && this.newest.hasWithin(this.queue.length - this.heldBack)) return true;
    return this.delivery !== null && this.delivery.isAckDue(now());
  }

  /** How many packets at the end of the queue are held back. */
  private get heldBack(): number {
    return this.hold ? this.hold.packets : 0;
  }

  /**
   * Packets are to be sent: they do not wait any more.
   * @param all whether it is the last time; otherwise packets beyond MOST_AT_ONCE wait on
   * @returns the packets, the first ones first
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

  /** Whether packets were left to wait for the next time. */
  get hasMore(): boolean {
    return !this.onlyAcks && this.queue.length > this.heldBack;
  }

  /**
   * The session has ended, and there is too much to be kept until its client is told: nothing is
   * kept but acknowledgements (ends.ts says why).
   * @returns whether there is something to be told
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

  /** Nothing waits any more. */
  clear(): void {
    this.queue = [];
    this.newest = null;
    this.passing = 0;
    if (this.hold) this.hold.clear();
    this.count(-this.size);
  }

  /** Nothing is for anybody: nor are packets that were sent and may not have arrived. */
  giveUp(): void {
    this.clear();
    if (this.delivery) this.delivery.giveUp();
  }

  private count(change: number): void {
    this.size += change;
    this.owner.onWait(change);
  }
}

/** @returns how many of the first `free` packets go out at once */
function fitting(queue: string[], free: number): number {
  let count = 0;
  for (let size = 0; count < free; count++) {
    size += weigh(queue[count]!);
    if (size > MOST_AT_ONCE && count > 0) break;
  }
  return count;
}

/** @returns how much packets count together */
export function sizeOf(packets: string[]): number {
  return packets.reduce((size, packet) => size + weigh(packet), 0);
}
