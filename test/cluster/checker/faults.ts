/* What happens to the servers and to Redis: a schedule that a seed makes. */

/** A fault: when it begins and how long it lasts, ms. Both are measured when it has been. */
export interface Fault {
  what: What;
  at: number;
  lasts: number;
  server: number;
  /** For how long Redis has not answered a process, or none, ms; 0 if it always has. */
  silent: number;
}

/** Those of a server and those of Redis. */
export type What =
  'kill' | 'pause' | 'away' | 'clock' |
  'empty' | 'older' | 'restart' | 'stop' | 'freeze' | 'full' | 'cut' | 'slow' | 'lag';

/** What makes clients go to another server. */
export const MOVES: What[] = ['kill', 'pause', 'away'];
/** What makes Redis forget. */
export const LOSES: What[] = ['empty', 'older'];
/** What ends a process. */
const KILLS: What[] = ['kill', 'away'];
const ALL: What[] = [
  ...MOVES, 'clock', ...LOSES, 'restart', 'stop', 'freeze', 'full', 'cut', 'slow', 'lag',
];

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
    const server = Math.floor(next() * 3);
    faults.push({ what, at: Math.round(at), lasts: Math.round(lasts), server, silent: 0 });
    at += together && next() < 0.3 ? 1000 + next() * 2000 : lasts + APART;
  }
  return faults;
}

/** A while in which the promise excuses something, ms. */
export interface Span { from: number; to: number }

/**
 * @param sent when a message was sent, ms
 * @param done when it is known to have arrived; Infinity if never
 * @returns whether it was under way in one of these. The messages of a client that goes from server
 * to server wait for each other for some seconds
 */
export function isUnderWay(spans: Span[], sent: number, done = Infinity): boolean {
  return spans.some(({ from, to }) => sent >= from - WAITS && sent <= to && done >= from);
}

export const isIn = (spans: Span[], time: number): boolean => {
  return spans.some(({ from, to }) => time >= from && time <= to);
};

/** Redis does not answer for so long that clients are told without it, ms: 2 of 3 beats, at least. */
const SILENT = 1700;
/** How long a message of a client may wait for those before it, ms. */
const WAITS = 15000;
/** How long after a fault a client may still begin anew because of it, ms. */
const AFTER = 20000;

/**
 * @param time when a client has begun anew
 * @param wanders whether it goes to another server all the time
 * @returns while which messages of the client may have been lost for that or handled again; null if
 * the promise does not excuse that it begins anew
 */
export function excuse(faults: Fault[], time: number, wanders: boolean): Span | null {
  const near = faults.filter(({ at, lasts }) => time >= at && time <= at + lasts + AFTER);
  const redis = near.filter(({ what, silent }) => LOSES.includes(what) || silent > SILENT);
  const moves = near.filter(({ what }) => MOVES.includes(what));
  const span = (...all: Fault[]) => {
    return { from: Math.min(...all.map(({ at }) => at)) - 2000, to: time + 1000 };
  };
  if (wanders && redis.length > 0) return span(...redis);
  for (const one of redis) {
    const other = moves.find(({ at, lasts }) => {
      return one.at < at + lasts + APART && at < one.at + one.lasts + APART;
    });
    if (other) return span(one, other);
  }
  return null;
}

const around = (faults: Fault[], before: number, after: number): Span[] => {
  return faults.map(({ at, lasts }) => ({ from: at - before, to: at + lasts + after }));
};

/** While which the handler of a message may run twice: a process is killed or paused. */
export function mayRunTwice(faults: Fault[]): Span[] {
  return around(faults.filter(({ what }) => MOVES.includes(what)), 5000, 2000);
}

/** While which a message may be owed an acknowledgement by a process that others take for dead. */
export function mayBeOwed(faults: Fault[]): Span[] {
  const long = faults.filter(({ what, lasts }) => {
    return KILLS.includes(what) || (what === 'pause' && lasts > 4000);
  });
  return around(long, 10000, 2000);
}

/** While which a message may have begun a timer that is killed with its process. */
export function mayBeKilled(faults: Fault[]): Span[] {
  return around(faults.filter(({ what }) => KILLS.includes(what)), 10000, 2000);
}

/** While which what is for all has no order: Redis loses data. */
export function hasNoOrder(faults: Fault[]): Span[] {
  return around(faults.filter(({ what }) => LOSES.includes(what)), 2000, APART);
}
