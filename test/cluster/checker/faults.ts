/*
 * Makes a schedule of faults of the servers and of Redis from a seed, and says what the promise
 * (docs/delivery.md) excuses near each fault.
 */

/** A fault. The schedule sets its times, and run.ts replaces these times by measured ones. */
export interface Fault {
  what: What;
  /** When the fault begins, ms since the beginning of the run. */
  at: number;
  /** How long the fault lasts, ms. */
  lasts: number;
  server: number;
  /** How long one process or more got no answer from Redis, ms; 0 if Redis always answered. */
  silent: number;
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
const KILLS: What[] = ['kill', 'away'];
const ALL: What[] = [
  ...MOVES, 'clock', ...LOSES, 'restart', 'stop', 'freeze', 'full', 'cut', 'slow', 'lag',
];

/** Two faults count as separate if this time lies between them, ms (docs/delivery.md). */
export const APART = 8000;

/** @returns a source of random numbers from 0 to 1 (xorshift); the same for the same seed */
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
    faults.push({ what, at: Math.round(at), lasts: Math.round(lasts), server, silent: 0 });
    at += together && next() < 0.3 ? 1000 + next() * 2000 : lasts + APART;
  }
  return faults;
}

/** A time in which the promise excuses something, ms since the beginning of the run. */
export interface Span { from: number; to: number }

/**
 * @param sent when a message was sent, ms
 * @param done when the message is known to have arrived, ms; Infinity if never
 * @returns whether the message was under way in one of the spans. A message counts as under way for
 * some seconds: messages of a client that goes from server to server wait for each other
 */
export function isUnderWay(spans: Span[], sent: number, done = Infinity): boolean {
  return spans.some(({ from, to }) => sent >= from - WAITS && sent <= to && done >= from);
}

export const isIn = (spans: Span[], time: number): boolean => {
  return spans.some(({ from, to }) => time >= from && time <= to);
};

/**
 * If Redis does not answer for longer than this, a process may answer its clients without Redis,
 * ms. A process does so after 3 beats, which take 2 s at least.
 */
const SILENT = 1700;
/** How long a message of a client may wait for the messages before it, ms. */
const WAITS = 15000;
/** How long after a fault a client may still get a new session because of the fault, ms. */
const AFTER = 20000;

/**
 * Decides whether the promise excuses that a client has got a new session.
 * @param time when the client got the new session, ms
 * @param wanders whether the client goes to another server with each request
 * @returns the time in which messages of the client may have been lost or handled again; null if
 * the promise does not excuse the new session
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

/** @returns the spans in which a handler may run twice, because a process is killed or paused */
export function mayRunTwice(faults: Fault[]): Span[] {
  return around(faults.filter(({ what }) => MOVES.includes(what)), 5000, 2000);
}

/**
 * @returns the spans in which a process that owes an acknowledgement may count as dead: then the
 * acknowledgement is an error
 */
export function mayBeOwed(faults: Fault[]): Span[] {
  const long = faults.filter(({ what, lasts }) => {
    return KILLS.includes(what) || (what === 'pause' && lasts > 4000);
  });
  return around(long, 10000, 2000);
}

/** @returns the spans in which a message may begin a timer that ends with its killed process */
export function mayBeKilled(faults: Fault[]): Span[] {
  return around(faults.filter(({ what }) => KILLS.includes(what)), 10000, 2000);
}

/** @returns the spans in which clients may hear messages for all in different orders */
export function hasNoOrder(faults: Fault[]): Span[] {
  return around(faults.filter(({ what }) => LOSES.includes(what)), 2000, APART);
}
