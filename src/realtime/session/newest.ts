/*
 * Newest keeps volatile packets that a client could not take at once, because the client is between
 * two polls, or because its WebSocket has not taken the packets before. It keeps the newest packet
 * of each kind, so a page shows the last value. An outbox has a Newest only while such packets wait
 * (outbox.ts).
 */
import { weigh } from './delivery';

/**
 * The memory of a packet here, beside its letters and the 100 of `weigh`, bytes: for its kind and
 * its entry in the map. Measured on node 12 and 20: 110 with many packets, 280 with one packet.
 */
const EACH = 200;

/**
 * @param event the name of the packet's event
 * @param room the key of the room that the packet is for; none if the packet is for one client
 * @returns the kind of a volatile packet
 */
export function kindOf(event: string, room = ''): string {
  return `${event}\n${room}`;
}

interface Value {
  packet: string;
  /** The number of packets of the outbox's queue, since its beginning, that go before this one. */
  place: number;
}

export class Newest {
  /** The size of all packets here, as sizeOf counts. */
  size = 0;
  /** The packets by their kinds, the oldest first. */
  private readonly values = new Map<string, Value>();
  /** The number of packets that have left the queue, minus those that were put in front of it. */
  private gone = 0;

  /** @param most the largest size of all packets here */
  constructor(private readonly most: number) {}

  /**
   * Replaces the packet of the same kind. If the new packet does not fit, neither of them is kept.
   * @param kind the event and the room of the packet (kindOf)
   * @param length the number of packets in the queue
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

  /**
   * Notes a change at the front of the queue.
   * @param count the number of packets that were put there; negative for packets that have left
   */
  onFront(count: number): void {
    this.gone -= count;
  }

  /** @returns whether a packet has its place among or behind the first `count` of the queue */
  hasWithin(count: number): boolean {
    for (const { place } of this.values.values()) return place - this.gone <= count;
    return false;
  }

  /**
   * Takes the newest values that belong to the packets that leave the queue.
   * @param queue the packets that leave the queue, from its first one on
   * @returns these packets, with the newest values that belong among or behind them. Newest does
   * not keep these values any more
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
