/* Makes a schedule of faults of the servers and of Redis from a seed. */

/** A fault. The schedule sets its times, and run.ts replaces these times by measured ones. */
export interface Fault {
  what: What;
  /** When the fault begins, ms since the beginning of the run. */
  at: number;
  /** How long the fault lasts, ms. */
  lasts: number;
  server: number;
}

/** The kinds of faults: those of a server, then those of Redis and its connections. */
export type What =
  'kill' | 'pause' | 'away' | 'clock' |
  'empty' | 'older' | 'restart' | 'stop' | 'freeze' | 'full' | 'cut' | 'slow' | 'lag';

/** Faults that make clients go to another server. */
export const MOVES: What[] = ['kill', 'pause', 'away'];
/** Faults that make Redis lose data. */
export const LOSES: What[] = ['empty', 'older'];
/** Faults that end a process. */
export const KILLS: What[] = ['kill', 'away'];
/** Faults of Redis itself. Redis can have only one of these faults at a time. */
export const OF_REDIS: What[] = [...LOSES, 'restart', 'stop', 'freeze', 'full', 'clock'];
const ALL: What[] = [
  ...MOVES, 'clock', ...LOSES, 'restart', 'stop', 'freeze', 'full', 'cut', 'slow', 'lag',
];

/** Two faults count as separate if at least this time lies between them, ms (docs/delivery.md). */
export const APART = 8000;

/**
 * @returns a function that returns random numbers from 0 to 1 (xorshift). The same seed leads to
 * the same numbers
 */
export function random(seed: number): () => number {
  let state = (seed * 2654435761) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}

/**
 * @param length the time after which no fault begins, ms
 * @param together whether a fault may begin while another fault lasts, or just after it
 */
export function schedule(seed: number, length: number, together: boolean): Fault[] {
  const next = random(seed);
  for (let i = 0; i < 5; i++) next();
  const faults: Fault[] = [];
  for (let at = 2000; at < length;) {
    const what = ALL[Math.floor(next() * ALL.length)]!;
    const lasts = what === 'pause' ? 2000 + next() * 13000 : 1000 + next() * 5000;
    const server = Math.floor(next() * 3);
    faults.push({ what, at: Math.round(at), lasts: Math.round(lasts), server });
    at += together && next() < 0.3 ? 1000 + next() * 2000 : lasts + APART;
  }
  return faults;
}
