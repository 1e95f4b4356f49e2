/*
 * The entries of this process for the bus, until all processes are known to have read them: if
 * Redis loses the bus before that, they are put there again. What waits for one client is in the
 * outbox of its session (session/outbox.ts).
 */
import type { BusEntry } from './bus';

/** How many entries are kept at most, and how much of them, characters. */
const MOST = 10000;
const MOST_SIZE = 50000000;

/** An entry that is kept. */
export interface Unread {
  number: number;
  text: string;
  /** The id of the session whose message has caused it, until that is written; '' for none. */
  cause: string;
  /** Whether it waits for a commit, is in the one under way, or is on the bus. */
  state: 'queued' | 'sent' | 'put';
  /** Where on the bus it was read; 0 if it was not. */
  position: number;
}

export class UnreadEntries {
  /** How many were given up that others never got. */
  lost = 0;
  /** The number of the last one. */
  last = 0;
  private size = 0;
  private queue: Unread[] = [];
  private readonly all = new Map<number, Unread>();

  /** @param from this process */
  constructor(private readonly from: string) {}

  /**
   * @param cause the session whose message is being handled; '' for none
   * @param up whether Redis answers
   */
  add(entry: BusEntry, cause: string, up: boolean): void {
    const number = this.last += 1;
    const text = JSON.stringify({ ...entry, from: this.from, number });
    const one: Unread = { number, text, cause, state: 'queued', position: 0 };
    this.all.set(number, one);
    this.queue.push(one);
    this.size += text.length;
    if (this.all.size > MOST || this.size > MOST_SIZE) this.giveUpOne(up);
  }

  /** The oldest goes, and one that waits for others to read it before one that nobody has got. */
  private giveUpOne(up: boolean): void {
    const [oldest] = this.all.values();
    if (oldest!.state === 'put') return this.delete(oldest!);
    if (up || this.queue.length < 2) return;
    this.lost += 1;
    this.delete(this.queue.shift()!);
  }

  private delete(one: Unread): void {
    if (this.all.delete(one.number)) this.size -= one.text.length;
  }

  get isDue(): boolean {
    return this.queue.length > 0;
  }

  /** The sessions whose messages have caused what is queued. */
  get causes(): Set<string> {
    return new Set(this.queue.map(({ cause }) => cause));
  }

  /** @returns those that are queued, for the commit that is being made */
  take(): Unread[] {
    const taken = this.queue;
    this.queue = [];
    for (const one of taken) one.state = 'sent';
    return taken;
  }

  /**
   * The commit has been answered.
   * @param moved the sessions that were not written: what they cause is done by others
   */
  onPut(taken: Unread[], moved: Set<string>): void {
    for (const one of taken) {
      if (one.cause !== '' && moved.has(one.cause)) this.delete(one);
      one.state = 'put';
      one.cause = '';
    }
  }

  /** A session has moved: what it has caused, and is not in a commit, is caused again. */
  dropCausedBy(session: string): void {
    const dropped = this.queue.filter(({ cause }) => cause === session);
    if (dropped.length === 0) return;
    this.queue = this.queue.filter(({ cause }) => cause !== session);
    for (const one of dropped) this.delete(one);
  }

  /** One of them has been read here. */
  onRead(number: number, position: number): void {
    const one = this.all.get(number);
    if (one) one.position = position;
  }

  /** All processes have read the bus up to there. */
  onAllRead(position: number): void {
    for (const one of this.all.values()) {
      if (one.position === 0 || one.position > position) return;
      this.delete(one);
    }
  }

  /**
   * Redis has lost the bus.
   * @param isHere whether a session is still this process's
   */
  putAgain(isHere: (session: string) => boolean): void {
    for (const one of this.all.values()) {
      one.state = 'queued';
      one.position = 0;
      if (one.cause !== '' && !isHere(one.cause)) this.delete(one);
    }
    this.queue = [...this.all.values()];
  }
}
