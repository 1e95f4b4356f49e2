/*
 * The bus: a stream in Redis. Every process reads all of its entries, in the same order. An entry
 * is for the sessions in a room, or for one session that may be in any process, or says that a
 * session has been taken over. journal.ts writes the entries of this process. index.ts acts on each
 * entry that is read.
 */
import { Keys } from './commit';
import type { Redis } from './redis';

/** A value that the application has set for a session, and that goes to the session's new owner. */
export interface SetValue {
  key: string;
  /** Missing if the application has deleted the value (socket.del). */
  value?: unknown;
  /** The version of the value before this change. */
  before: number;
  /** The version of the value after this change. */
  after: number;
}

/** An entry of the bus. */
export interface BusEntry {
  /**
   * The id of the process that has made the entry. The process numbers its entries: 1, 2, 3, …
   * Both fields are missing if commit.lua has made the entry (`moved`).
   */
  from?: string;
  number?: number;
  /** The packets for the clients, without numbers: each session numbers its own messages. */
  packets?: string[];
  /** The key of the room that the entry is for. */
  room?: string;
  /** The ids of the sessions in the room that do not get the packets. */
  except?: string[];
  /** The name of the event, if the emit is volatile: a client may get only the newest of them. */
  volatile?: string;
  /** The id of the session that the entry is for. */
  to?: string;
  /** Whether the session `to` ends for good. */
  end?: true;
  /**
   * For a session that has moved: the values that were set in the old owner, and that the old owner
   * has not written.
   */
  values?: SetValue[];
  /**
   * For a session that has moved: the rooms that it has joined (true) or left (false) in the old
   * owner, and that the old owner has not written.
   */
  rooms?: [room: string, isIn: boolean][];
  /** The id of a session that has been taken over. */
  moved?: string;
  /** The new term of the session `moved`: 1 at first, one more with each takeover. */
  term?: number;
}

/** The most entries that stay in memory after they were read. */
const REMEMBERED = 6000;
/** The most text that the entries in memory have together, characters. */
const MOST_REMEMBERED = 16000000;
/** The most entries that one command reads. */
const TOGETHER = 1000;
/**
 * The time for which XREAD waits for the next entry, ms. A process may begin to read the bus of a
 * new epoch so much later, because XREAD may still wait at the old bus.
 */
const WAIT = 1000;
/** The time from a refusal of XREAD by Redis to the next XREAD, ms. */
const AGAIN = 1000;

/** An entry as Redis returns it: its position, then the names and values of its fields in turn. */
type Raw = [position: string, fields: string[]];

/** Reads the bus entry by entry, in the order of Redis. This order is the same in all processes. */
export class Bus {
  /** The position of the last entry that was read. */
  position = 0;
  private key = '';
  /**
   * The number of calls of begin(). If begin() is called while a command waits, the reply to this
   * command is thrown away.
   */
  private begun = 0;
  private isReading = false;
  /** For each process, by its id: the number of its last entry that was read or skipped. */
  private readonly numbers = new Map<string, number>();
  /**
   * The same numbers at the last loss of data. Entries up to these numbers may be on the bus again.
   */
  private numbersBefore = new Map<string, number>();
  /** The last entries up to `position`. */
  private recent: BusEntry[] = [];
  private sizes: number[] = [];
  private size = 0;
  private waiting: { position: number; resolve: () => void }[] = [];

  /**
   * @param redis a connection for XREAD only: XREAD waits for entries, and other commands on the
   * same connection would wait, too
   * @param commands the connection for all other commands
   * @param onEntry the function that is called with each new entry, and with its position
   * @param onGap the function that is called when entries were deleted from the bus before this
   * process has read them
   */
  constructor(
    private readonly redis: Redis, private readonly commands: Redis,
    private readonly names: Keys,
    private readonly onEntry: (entry: BusEntry, position: number) => void,
    private readonly onGap: () => void,
  ) {}

  /**
   * Reads the bus of an epoch from now on.
   * @param position the position after which the reading begins
   */
  begin(epoch: string, position: number): void {
    if (this.begun > 0) this.numbersBefore = new Map(this.numbers);
    this.begun += 1;
    this.key = this.names.bus(epoch);
    this.position = position;
    this.forget();
    for (const { resolve } of this.waiting.splice(0)) resolve();
    void this.follow();
  }

  /**
   * Skips the entries of another process up to a number. These entries were on the bus before this
   * process began. After a loss of data, the other process may put them on the bus again.
   */
  skip(process: string, number: number): void {
    if (!this.numbers.has(process)) this.numbers.set(process, number);
  }

  private forget(): void {
    this.recent = [];
    this.sizes = [];
    this.size = 0;
  }

  /** Reads entry after entry, until the connection is lost or Redis refuses the command. */
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
      // If the connection is lost, index.ts calls follow() again when the connection is back. If
      // Redis has refused the command, the timer calls follow(). For example, Redis refuses all
      // commands while a script of another program runs for too long.
      setTimeout(() => { if (this.redis.ready) void this.follow(); }, AGAIN).unref();
    } finally {
      this.isReading = false;
    }
  }

  private take([at, [, text]]: Raw): void {
    const position = parseInt(at, 10);
    if (position <= this.position) return; // catchUp has read this entry already
    const isGap = position !== this.position + 1;
    if (isGap) this.forget();
    this.position = position;
    const entry = JSON.parse(text!) as BusEntry;
    this.remember(entry, text!.length);
    if (isGap) this.onGap();
    if (isBehind(entry, this.numbers)) {
      if (entry.from !== undefined) this.numbers.set(entry.from, entry.number!);
      this.onEntry(entry, position);
    }
    if (this.waiting.length > 0) this.wake();
  }

  private remember(entry: BusEntry, size: number): void {
    this.recent.push(entry);
    this.sizes.push(size);
    this.size += size;
    if (this.recent.length <= REMEMBERED && this.size <= MOST_REMEMBERED) return;
    // Half of the entries go at once. If each new entry removed one old entry, all others would be
    // moved in memory each time.
    const half = Math.ceil(this.recent.length / 2);
    this.recent.splice(0, half);
    this.size -= this.sizes.splice(0, half).reduce((sum, one) => sum + one, 0);
  }

  /**
   * @returns a promise that is resolved when the bus is read up to `position`, or begin() is called
   */
  readUpTo(position: number): Promise<void> {
    if (this.position >= position) return Promise.resolve();
    return new Promise(resolve => { this.waiting.push({ position, resolve }); });
  }

  /** Reads the bus up to a position over the connection for commands, because XREAD may be late. */
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
   * @param from the position after which the entries begin
   * @returns the entries up to the last read entry, without entries that this process had read
   * before Redis lost data; null if Redis has deleted some of the entries
   */
  async since(from: number): Promise<BusEntry[] | null> {
    const { begun, key } = this;
    const entries: BusEntry[] = [];
    let at = from;
    while (at < this.position - this.recent.length) {
      const reply = await this.range(key, at + 1, this.position);
      if (begun !== this.begun || reply.length === 0) return null;
      for (const [position, [, text]] of reply) {
        if (parseInt(position, 10) !== at + 1) return null;
        at += 1;
        entries.push(JSON.parse(text!) as BusEntry);
      }
    }
    entries.push(...this.recent.slice(this.recent.length - (this.position - at)));
    return entries.filter(entry => isBehind(entry, this.numbersBefore));
  }
}

/**
 * @param numbers for each process, by its id: the number of an entry of the process
 * @returns whether the entry is later than the entry that `numbers` has for its process
 */
function isBehind({ from, number }: BusEntry, numbers: Map<string, number>): boolean {
  return from === undefined || number! > (numbers.get(from) || 0);
}
