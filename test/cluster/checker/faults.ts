/* What happens to the servers and to Redis: a schedule that a seed makes. */

/** A fault, when it begins and how long it lasts, ms. */
export interface Fault { what: What; at: number; lasts: number; server: number }

/** Those of a server and those of Redis. */
export type What =
  'kill' | 'pause' | 'away' | 'clock' |
  'empty' | 'older' | 'restart' | 'stop' | 'freeze' | 'full' | 'cut' | 'slow';

/** What makes clients go to another server. */
export const MOVES: What[] = ['kill', 'pause', 'away'];
/** What makes Redis forget. */
export const LOSES: What[] = ['empty', 'older'];
/** While these last Redis takes nothing from a process, or from any. */
export const REDIS: What[] = ['empty', 'older', 'restart', 'stop', 'freeze', 'full', 'cut'];
const ALL: What[] = [...MOVES, 'clock', ...REDIS, 'slow'];

/** How long after a fault another one is not together with it, ms. */
export const APART = 8000;

/** @returns numbers from 0 to 1, the same ones for each seed (xorshift) */
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
 * @param length how long faults begin, ms
 * @param together whether some begin while others last, or just after them
 */
export function schedule(seed: number, length: number, together: boolean): Fault[] {
  const next = random(seed);
  for (let i = 0; i < 5; i++) next();
  const faults: Fault[] = [];
  for (let at = 2000; at < length;) {
    const what = ALL[Math.floor(next() * ALL.length)]!;
    const lasts = what === 'pause' ? 2000 + next() * 13000 : 1000 + next() * 5000;
    faults.push({ what, at: Math.round(at), lasts: Math.round(lasts), server: Math.floor(next() * 3) });
    at += together && next() < 0.3 ? 1000 + next() * 2000 : lasts + APART;
  }
  return faults;
}

/**
 * @param wanders whether the client goes to another server all the time
 * @returns whether the promise excuses that a client begins anew at that moment
 */
export function isExcused(faults: Fault[], time: number, wanders: boolean): boolean {
  const near = faults.filter(({ at, lasts }) => {
    return time >= at - 1000 && time <= at + lasts + APART + 12000;
  });
  const redis = near.filter(({ what }) => REDIS.includes(what));
  const moves = near.filter(({ what }) => MOVES.includes(what));
  return (wanders && redis.length > 0) || redis.some(one => moves.some(other => {
    return one.at < other.at + other.lasts + APART && other.at < one.at + one.lasts + APART;
  }));
}
