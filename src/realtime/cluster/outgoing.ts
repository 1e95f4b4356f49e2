/*
 * The entries that this process puts on the bus (bus.ts), until it has read them there itself: the cluster (index.ts) has one, for all
 * processes. What waits for one client is in the outbox of its session (outbox.ts).
 */
import type { BusEntry } from './bus';

/** How many entries may wait while Redis is gone. */
const MOST = 10000;

/**
 * While Redis is gone the process's own clients are told at once, the others when it is back. One that the bus may have or not is put
 * there again: readers skip a number that they have had.
 */
export class Outgoing {
  /** How many had to be given up: others do not get them. */
  lost = 0;
  private last = 0;
  private readonly unread = new Map<number, { entry: BusEntry; cause: string; told: boolean }>();
  private queue: number[] = [];

  /**
   * @param from this process
   * @param tell tells this process's clients
   */
  constructor(private readonly from: string, private readonly tell: (entry: BusEntry) => void) {}

  /**
   * @param cause the session whose message is being handled: what that causes counts only if the message does
   * @param up whether Redis is there
   */
  add(entry: BusEntry, cause: string, up: boolean): void {
    const number = this.last += 1;
    const one = { entry: { ...entry, from: this.from, number }, cause, told: !up };
    if (!up) this.tell(entry);
    this.unread.set(number, one);
    this.queue.push(number);
    if (up || this.queue.length <= MOST) return;
    this.unread.delete(this.queue.shift()!);
    this.lost += 1;
  }

  /** The sessions whose messages cause what is to be put on the bus next. */
  get causes(): Set<string> {
    return new Set(this.queue.map(number => this.unread.get(number)!.cause));
  }

  /** What is to be put on the bus: what causes each, and the entry. */
  take(): { number: number; cause: string; text: string }[] {
    return this.queue.splice(0).map(number => {
      const { entry, cause, told } = this.unread.get(number)!;
      return { number, cause, text: JSON.stringify(told ? { ...entry, told } : entry) };
    });
  }

  /** What caused them is handled by another process, which puts them there. */
  drop(numbers: number[]): void {
    for (const number of numbers) this.unread.delete(number);
  }

  /** The same, of those that are not there yet. */
  dropOf(session: string): void {
    const [dropped, kept] = [[], []] as [number[], number[]];
    for (const number of this.queue) (this.unread.get(number)!.cause === session ? dropped : kept).push(number);
    this.queue = kept;
    this.drop(dropped);
  }

  /** One of them has been read. Gives whether this process's clients are to be told now. */
  onRead(number: number): boolean {
    const one = this.unread.get(number);
    this.unread.delete(number);
    return one === undefined || !one.told;
  }

  /** Redis is gone: this process's clients wait no longer. */
  onGone(): void {
    for (const one of this.unread.values()) {
      if (one.told) continue;
      one.told = true;
      this.tell(one.entry);
    }
  }

  /** Redis is back, perhaps empty. */
  again(): void {
    this.queue = [...this.unread.keys()];
  }
}
