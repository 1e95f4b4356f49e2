/*
 * The bus: a stream in Redis that every process reads, for all that concerns several sessions, or
 * one that may be in any process. journal.ts writes to it; index.ts acts on it.
 */
import { Keys } from './commit';
import type { Redis } from './redis';

/** A value of socket.set that follows a session. */
export interface SetValue {
  key: string;
  /** Missing if it was deleted. */
  value?: unknown;
  /** How often the value had been set before, and then. */
  before: number;
  after: number;
}

/** An entry of the bus. */
export interface BusEntry {
  /** The process that it comes from, and its number there. */
  from?: string;
  number?: number;
  /** The packets that its clients are sent, not numbered. */
  packets?: string[];
  /** The key of the room that it is for. */
  room?: string;
  /** The ids of sessions in that room that do not get it. */
  except?: string[];
  /** Whether clients that cannot take it at once do not get it. */
  volatile?: true;
  /** The id of the session that it is for. */
  to?: string;
  /** Whether that session ends for good. */
  end?: true;
  /** For a session that has moved: values that were set there. */
  values?: SetValue[];
  /** For a session that has moved: rooms, and whether it is in them. */
  rooms?: [room: string, isIn: boolean][];
  /** A session that has been taken over; how often that is now. */
  moved?: string;
  term?: number;
}

/** How many entries that have been read are remembered, and how much of them, characters. */
const REMEMBERED = 6000;
const MOST_REMEMBERED = 16000000;
/** How many entries one command brings. */
const TOGETHER = 1000;
/** How long a command waits for the next entry, ms: so late a new epoch's bus is read. */
const WAIT = 1000;
/** How long after a refusal the bus is read again, ms. */
const AGAIN = 1000;

/** An entry as Redis gives it: its position, and names and values in turn. */
type Raw = [position: string, fields: string[]];

/** The bus is read entry by entry, in the order in which Redis has them: the same everywhere. */
export class Bus {
  /** Of the last entry that was read. */
  position = 0;
  private key = '';
  /** Counts the times that it has begun: what a loop of before still reads is not heard. */
  private begun = 0;
  private isReading = false;
  /** By process: the number of the last entry of it. */
  private readonly numbers = new Map<string, number>();
  /** The entries up to `position`, null for those that had been read before. */
  private recent: (BusEntry | null)[] = [];
  private sizes: number[] = [];
  private size = 0;
  private waiting: { position: number; resolve: () => void }[] = [];

  /**
   * @param redis a connection of its own: reading waits for entries
   * @param commands a connection that does not wait
   * @param onEntry takes each entry
   * @param onGap is called where entries are gone that were not read
   */
  constructor(
    private readonly redis: Redis, private readonly commands: Redis,
    private readonly names: Keys,
    private readonly onEntry: (entry: BusEntry, position: number) => void,
    private readonly onGap: () => void,
  ) {}

  /** From now on it is the bus of this epoch that is read, from behind a position. */
  begin(epoch: string, position: number): void {
    this.begun += 1;
    this.key = this.names.bus(epoch);
    this.position = position;
    this.forget();
    for (const { resolve } of this.waiting.splice(0)) resolve();
    void this.follow();
  }

  /** Entries of a process up to this number were on the bus before this process began. */
  skip(process: string, number: number): void {
    if (!this.numbers.has(process)) this.numbers.set(process, number);
  }

  private forget(): void {
    this.recent = [];
    this.sizes = [];
    this.size = 0;
  }

  /** Reads on, until the connection is gone. */
  async follow(): Promise<void> {
    if (this.isReading || this.key === '') return;
    this.isReading = true;
    try {
      for (;;) {
        const { begun } = this;
        const reply = await this.redis.call(
          'xread', 'COUNT', TOGETHER, 'BLOCK', WAIT, 'STREAMS', this.key, `${this.position}-0`,
        ) as [string, Raw[]][] | null;
        if (begun !== this.begun || !reply) continue;
        for (const raw of reply[0]![1]) this.take(raw);
      }
    } catch {
      // The connection is gone, and says so when it is back. If not, Redis refused: somebody's
      // script runs for too long, say.
      setTimeout(() => { if (this.redis.ready) void this.follow(); }, AGAIN).unref();
    } finally {
      this.isReading = false;
    }
  }

  private take([at, [, text]]: Raw): void {
    const position = parseInt(at, 10);
    if (position <= this.position) return; // catchUp was faster
    const isGap = position !== this.position + 1;
    if (isGap) this.forget();
    this.position = position;
    const entry = JSON.parse(text!) as BusEntry;
    const isNew = this.isNew(entry);
    this.remember(isNew ? entry : null, text!.length);
    if (isGap) this.onGap();
    if (isNew) this.onEntry(entry, position);
    if (this.waiting.length > 0) this.wake();
  }

  /** @returns whether it was not read before: after a loss, processes put their entries again */
  private isNew({ from, number }: BusEntry): boolean {
    if (from === undefined) return true;
    if (number! <= (this.numbers.get(from) || 0)) return false;
    this.numbers.set(from, number!);
    return true;
  }

  private remember(entry: BusEntry | null, size: number): void {
    this.recent.push(entry);
    this.sizes.push(size);
    this.size += size;
    if (this.recent.length <= REMEMBERED && this.size <= MOST_REMEMBERED) return;
    // Half of them at once: a part of an array is not moved for each entry.
    const half = Math.ceil(this.recent.length / 2);
    this.recent.splice(0, half);
    this.size -= this.sizes.splice(0, half).reduce((sum, one) => sum + one, 0);
  }

  /** @returns a promise that is resolved when the bus is read up to there, or begins anew */
  readUpTo(position: number): Promise<void> {
    if (this.position >= position) return Promise.resolve();
    return new Promise(resolve => { this.waiting.push({ position, resolve }); });
  }

  /** Reads up to a position by another connection: the bus's own may be late. */
  async catchUp(position: number): Promise<void> {
    const { begun, key } = this;
    while (begun === this.begun && this.position < position) {
      const reply = await this.range(key, this.position + 1, position);
      if (begun !== this.begun || reply.length === 0) return;
      for (const raw of reply) this.take(raw);
    }
  }

  private range(key: string, from: number, to: number): Promise<Raw[]> {
    return this.commands.call('xrange', key, `${from}-0`, `${to}-0`, 'COUNT', TOGETHER) as
      Promise<Raw[]>;
  }

  private wake(): void {
    const { waiting } = this;
    this.waiting = waiting.filter(({ position }) => position > this.position);
    for (const one of waiting) if (one.position <= this.position) one.resolve();
  }

  /**
   * @returns the entries that have been read behind a position, without those that had been read
   * before; null if Redis does not have all of them any more
   */
  async since(from: number): Promise<BusEntry[] | null> {
    const { begun, key } = this;
    const older: BusEntry[] = [];
    let at = from;
    while (at < this.position - this.recent.length) {
      const reply = await this.range(key, at + 1, this.position);
      if (begun !== this.begun || reply.length === 0) return null;
      for (const [position, [, text]] of reply) {
        if (parseInt(position, 10) !== at + 1) return null;
        at += 1;
        older.push(JSON.parse(text!) as BusEntry);
      }
    }
    const behind = this.recent.slice(this.recent.length - (this.position - at));
    return [...older, ...behind.filter((entry): entry is BusEntry => entry !== null)];
  }
}
