/* The bus: a stream in Redis that every process reads, for what concerns several. outgoing.ts has what goes there, index.ts acts on it. */
import type { Entry } from '../backplane';
import type { Redis } from './redis';
import { BUS_ENTRIES } from './scripts';

/** What goes to several sessions, or to one, wherever they are, as it is on the bus. */
export interface BusEntry extends Entry {
  /** The process that it comes from, its number there, and whether that has told its own sessions already. */
  from?: string;
  number?: number;
  told?: true;
  /** A session that has been taken over; how often that is now. */
  moved?: string;
  term?: number;
}

/** How long after a refusal the bus is read again, ms. */
const AGAIN = 1000;

export type Read = [position: string, entry: BusEntry];

/** Reads the bus, entry by entry, in the order in which Redis has them: the same for all processes. */
export class Bus {
  /** Of the last entry that was read. */
  position = '0-0';
  private reading = false;
  private begun = false;
  /** By process: the number of its last entry. */
  private readonly numbers = new Map<string, number>();
  /** The positions of those that were there before. */
  readonly repeated = new Set<string>();

  /**
   * @param redis a connection of its own: reading waits for what comes
   * @param read takes each entry
   */
  constructor(private readonly redis: Redis, private readonly key: string, private readonly read: (read: Read) => void) {}

  /** Whether it was not put there before: who lost the connection puts there again what may not be there. */
  private isNew({ from = '', number = 0 }: BusEntry): boolean {
    if (number <= (this.numbers.get(from) || 0)) return from === '';
    if (from !== '') this.numbers.set(from, number);
    return true;
  }

  /** Begins behind what there is. */
  async begin(): Promise<void> {
    const last = await this.redis.call('xrevrange', this.key, '+', '-', 'COUNT', 1) as [string, string[]][];
    if (last.length > 0) this.position = last[0]![0];
    this.begun = true;
    void this.follow();
  }

  /** Reads on, until the connection is gone. */
  async follow(): Promise<void> {
    if (this.reading || !this.begun) return;
    this.reading = true;
    try {
      for (;;) {
        const reply = await this.redis.call('xread', 'COUNT', 1000, 'BLOCK', 2000, 'STREAMS', this.key, this.position) as [string, Raw[]][] | null;
        if (this.repeated.size > BUS_ENTRIES) this.repeated.clear();
        for (const raw of reply ? reply[0]![1] : []) {
          this.position = raw[0];
          const read = parse(raw);
          if (this.isNew(read[1])) this.read(read);
          else this.repeated.add(raw[0]);
        }
      }
    } catch {
      // The connection is gone, and says so when it is back. If not, Redis refused: a script of somebody's runs for too long, say.
      setTimeout(() => { if (this.redis.ready) void this.follow(); }, AGAIN).unref();
    } finally {
      this.reading = false;
    }
  }
}

/** An entry as Redis gives it: its position, and names and values in turn. */
export type Raw = [string, string[]];

export function parse([position, [, text]]: Raw): Read {
  return [position, JSON.parse(text!) as BusEntry];
}

/** Whether a position is behind another one. Both are two numbers. */
export function isAfter(one: string, other: string): boolean {
  const [ms, number] = one.split('-').map(Number) as [number, number];
  const [otherMs, otherNumber] = other.split('-').map(Number) as [number, number];
  return ms > otherMs || (ms === otherMs && number > otherNumber);
}
