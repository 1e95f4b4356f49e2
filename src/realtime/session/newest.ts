/*
 * Volatile packets that a client could not take at once: between two polls, or while a WebSocket
 * has not taken what was written before. Of each kind the newest is kept, so that a page that shows
 * a value shows the last one. Each outbox has one Newest while there are any (outbox.ts).
 */
import { weigh } from './delivery';

/**
 * How much memory a packet takes here beside its letters and the 100 of `weigh`, bytes: its name
 * and its places in the map. Measured on node 12 and 20: 110 where there are many, 280 for one.
 */
const EACH = 200;

/**
 * @param event its name
 * @param room the key of the room that it is for; none if it is for one client
 * @returns the kind of a volatile packet
 */
export function kindOf(event: string, room = ''): string {
  return `${event}\n${room}`;
}

interface Value {
  packet: string;
  /** After how many packets of the outbox's queue it comes, counted from its beginning. */
  place: number;
}

export class Newest {
  /** How much they count together. */
  size = 0;
  /** By their kinds, the oldest first. */
  private readonly values = new Map<string, Value>();
  /** How many packets have left the queue since this began; less those that came in front. */
  private gone = 0;

  /** @param most how much they may count together */
  constructor(private readonly most: number) {}

  /**
   * A packet takes the place of the one of its kind. If it is too much, neither is kept.
   * @param kind its event and its room
   * @param length how many packets are in the queue
   */
  set(kind: string, packet: string, length: number): void {
    const before = this.values.get(kind);
    if (before) {
      this.values.delete(kind);
      this.size -= sizeOf(before);
    }
    const value = { packet, place: this.gone + length };
    if (this.size + sizeOf(value) > this.most) return;
    this.values.set(kind, value);
    this.size += sizeOf(value);
  }

  /** Packets have come in front of the queue, or have left it. @param count less than 0: left */
  onFront(count: number): void {
    this.gone -= count;
  }

  /** @returns whether one has its place among or behind the first `count` packets of the queue */
  hasWithin(count: number): boolean {
    for (const { place } of this.values.values()) return place - this.gone <= count;
    return false;
  }

  /**
   * @param queue the packets that leave the queue, from its first one on
   * @returns the same with the values that belong among or behind them, which are not kept any more
   */
  takeWith(queue: string[]): string[] {
    const all: string[] = [];
    let next = 0;
    for (const [kind, value] of this.values) {
      const place = value.place - this.gone;
      if (place > queue.length) break;
      while (next < place) all.push(queue[next++]!);
      all.push(value.packet);
      this.values.delete(kind);
      this.size -= sizeOf(value);
    }
    while (next < queue.length) all.push(queue[next++]!);
    this.gone += queue.length;
    return all;
  }
}

function sizeOf({ packet }: Value): number {
  return weigh(packet) + EACH;
}
