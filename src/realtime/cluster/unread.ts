/*
 * Keeps each entry of this process for the bus until all processes are known to have read the
 * entry. If Redis loses the bus before, this process puts the entry on the bus again. Messages for
 * one client are kept elsewhere: in the outbox of its session (session/outbox.ts).
 */
import type { BusEntry } from './bus';

/** The most entries that are kept. */
const MOST = 10000;
/** The most text that the kept entries have together, characters. */
const MOST_SIZE = 50000000;

/** An entry that is kept. */
export interface Unread {
  number: number;
  text: string;
  /**
   * The id of the session whose message has caused the entry, until Redis has written that message;
   * '' if no message has caused the entry.
   */
  cause: string;
  /**
   * - queued: the entry waits for the next commit
   * - sent: the entry is in the commit under way
   * - put: the entry is on the bus
   */
  state: 'queued' | 'sent' | 'put';
  /** The position on the bus at which this process has read the entry; 0 before that. */
  position: number;
}

export class UnreadEntries {
  /** The number of entries that were given up before they were on the bus. */
  lost = 0;
  /** The number of the last entry. */
  last = 0;
  private size = 0;
  private queue: Unread[] = [];
  private readonly all = new Map<number, Unread>();

  /** @param from the id of this process */
  constructor(private readonly from: string) {}

  /**
   * Adds an entry, which the next commit puts on the bus.
   * @param cause the id of the session whose message is being handled; '' if no message is being
   * handled
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

  /**
   * Drops an entry, because too much is kept. If the oldest entry is on the bus, this entry is
   * dropped: other processes can still read it there. If not, the oldest queued entry is dropped
   * and lost, but only while Redis does not answer.
   */
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

  /**
   * Collects the ids of the sessions whose messages have caused the queued entries. The id ''
   * stands for entries that no message has caused.
   */
  get causes(): Set<string> {
    return new Set(this.queue.map(({ cause }) => cause));
  }

  /** Empties the queue. @returns the queued entries, for the commit that is being made */
  take(): Unread[] {
    const taken = this.queue;
    this.queue = [];
    for (const one of taken) one.state = 'sent';
    return taken;
  }

  /**
   * Marks entries as put on the bus, because Redis has answered the commit.
   * @param taken the entries of this commit
   * @param moved the ids of the sessions that Redis has not written. Their entries are dropped: the
   * new owners handle the messages again that have caused these entries
   */
  onPut(taken: Unread[], moved: Set<string>): void {
    for (const one of taken) {
      if (one.cause !== '' && moved.has(one.cause)) this.delete(one);
      one.state = 'put';
      one.cause = '';
    }
  }

  /**
   * Drops the queued entries that the messages of a session have caused. The session has moved: its
   * new owner handles these messages again.
   * @param session the id of the session
   */
  dropCausedBy(session: string): void {
    const dropped = this.queue.filter(({ cause }) => cause === session);
    if (dropped.length === 0) return;
    this.queue = this.queue.filter(({ cause }) => cause !== session);
    for (const one of dropped) this.delete(one);
  }

  /** Notes the position at which this process has read one of its entries on the bus. */
  onRead(number: number, position: number): void {
    const one = this.all.get(number);
    if (one) one.position = position;
  }

  /** Drops the entries up to a position, because all processes have read the bus up to there. */
  onAllRead(position: number): void {
    for (const one of this.all.values()) {
      if (one.position === 0 || one.position > position) return;
      this.delete(one);
    }
  }

  /**
   * Queues all entries that are kept again, because Redis has lost the bus.
   * @param isHere a function that says whether this process still has the session with this id
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
