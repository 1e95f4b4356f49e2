/*
 * Says what the promise (docs/delivery.md) excuses. Each excuse needs a fault of the server, or of
 * the Redis, that the client in question has had to do with at that time.
 */
import type { Silence } from '../between';
import type { Trip } from '../front';
import { Fault, KILLS, LOSES, MOVES } from './faults';

/** A time, ms since the beginning of the run. */
export interface Span { from: number; to: number }

/** A time in which Redis did not answer a server, or in which it lost data. */
export interface Trouble extends Span {
  /** The index of the server that got no answer; null if Redis was in trouble for all servers. */
  server: number | null;
}

/**
 * If Redis does not answer for longer than this, a process may answer its clients without Redis,
 * ms. A process does so after 3 beats, which take 2 s at least.
 */
const SILENT = 1700;
/** How long before and after a trouble of Redis a move of a client counts as in that time, ms. */
const NEAR = 3000;
/** How long a client hears nothing at most while all is well, ms. */
const QUIET = 5000;
/** How long the timer of the application runs (app.ts), ms. */
const TIMER = 700;
/** How long a busy machine needs at most to run a timer and to write what it does, ms. */
const BUSY = 1000;
/** A process that nobody has heard of for about this time may count as dead, ms. */
const DEAD = 4000;

/** @param silences for each server, the times in which Redis did not answer it */
export function troublesOf(faults: Fault[], silences: Silence[][]): Trouble[] {
  const span = ({ at, lasts }: Fault) => ({ from: at, to: at + lasts, server: null });
  return [
    ...faults.filter(({ what }) => LOSES.includes(what)).map(span),
    ...silences.flatMap((list, server) => {
      return list.filter(({ from, to }) => to - from > SILENT).map(one => ({ ...one, server }));
    }),
  ];
}

/** @returns whether the client has gone to another server in that time, or just before or after */
function moves(trips: Trip[], { from, to }: Span, server: number | null): boolean {
  return trips.some((trip, i) => {
    const before = trips[i - 1];
    return before !== undefined && trip.server !== before.server &&
      (server === null || server === trip.server || server === before.server) &&
      trip.from >= from - NEAR && trip.from <= to + NEAR;
  });
}

/**
 * While a server is gone or paused, a client that goes from server to server may hear nothing: each
 * of its polls may come to this server.
 * @returns the time from which a client that had heard something at `heard` must hear something
 */
function mustHear(faults: Fault[], heard: number): number {
  let time = heard + QUIET;
  for (const { what, at, lasts } of faults) {
    if (MOVES.includes(what) && at <= time) time = Math.max(time, at + lasts + QUIET);
  }
  return time;
}

/**
 * Decides whether the promise excuses that a client has got a new session: Redis was in trouble
 * when the client had heard something last, and in that time the client went to another server.
 * @param trips the requests of the client
 * @param heard when the client had heard something last, ms
 * @param at when the client got the new session, ms
 * @returns the time in which messages of the client may have been lost or handled again; null if
 * the promise does not excuse the new session
 */
export function excuse(
  trips: Trip[], faults: Fault[], troubles: Trouble[], { heard, at }: { heard: number; at: number },
): Span | null {
  const latest = Math.min(at, mustHear(faults, heard));
  const found = troubles.filter(trouble => {
    return trouble.to >= heard - QUIET && trouble.from <= latest &&
      moves(trips, trouble, trouble.server);
  });
  if (found.length === 0) return null;
  return { from: Math.min(...found.map(({ from }) => from)), to: at };
}

/**
 * If Redis loses data, and a client goes to another server just before or after that, messages for
 * all may be lost for this client, or come twice.
 * @returns the times in which that may be
 */
export function mayMiss(trips: Trip[], faults: Fault[]): Span[] {
  return faults.filter(({ what }) => LOSES.includes(what))
    .map(({ at, lasts }) => ({ from: at, to: at + lasts }))
    .filter(loss => moves(trips, loss, null));
}

/**
 * @param sent when a message was sent, ms
 * @param done when the client in question had heard the message, or that it had arrived, or the
 * same of a later message; Infinity if never
 * @returns whether the message was under way for this client when the trouble began
 */
export function isUnderWay(spans: Span[], sent: number, done: number): boolean {
  return spans.some(({ from, to }) => sent <= to && done >= from);
}

/**
 * A handler runs again for a message if the client has gone to another server before Redis had the
 * message. Redis has it when a server has answered the POST.
 * @param posts the requests that have carried the message
 * @returns how often the handler may run
 */
export function mostRuns(trips: Trip[], posts: Trip[]): number {
  const [first] = posts;
  if (!first) return 0;
  const done = Math.min(...posts.filter(({ isDone }) => isDone).map(({ to }) => to));
  const near = trips.filter(({ from, to }) => from <= done && to >= first.from);
  const moves = near.filter(({ server }, i) => i > 0 && server !== near[i - 1]!.server);
  return 1 + moves.length;
}

/**
 * @param posts the requests that have carried a message
 * @returns for each of them, the server that may have run the timer of this message, and when: from
 * the request until Redis had what the timer has done. A pause of the server makes that later, and
 * so does a trouble of Redis
 */
function timers(posts: Trip[], faults: Fault[], troubles: Trouble[]): Trouble[] {
  return posts.map(({ server, from, to }) => {
    const pauses = faults.filter(fault => fault.what === 'pause' && fault.server === server)
      .map(({ at, lasts }) => ({ from: at, to: at + lasts }));
    const late = [...troubles, ...pauses].sort((one, other) => one.from - other.from);
    let end = to + TIMER + BUSY;
    for (const one of late) if (overlaps(one, { from, to: end })) end += one.to - one.from;
    return { server, from, to: end };
  });
}

const overlaps = (one: Span, other: Span) => one.from <= other.to && one.to >= other.from;

/** @returns whether a server was killed before Redis had what its timer did for a message */
export function wasKilled(posts: Trip[], faults: Fault[], troubles: Trouble[]): boolean {
  return timers(posts, faults, troubles).some(({ server, from, to }) => faults.some(fault => {
    return KILLS.includes(fault.what) && fault.server === server &&
      fault.at >= from && fault.at <= to;
  }));
}

/**
 * @returns whether Redis did not answer a server that had to write what its timer did for a
 * message, and the client went to another server in that time
 */
export function wasCutOff(
  trips: Trip[], posts: Trip[], faults: Fault[], troubles: Trouble[],
): boolean {
  return timers(posts, faults, troubles).some(timer => troubles.some(trouble => {
    return trouble.server !== null && trouble.server === timer.server &&
      overlaps(trouble, timer) && moves(trips, trouble, trouble.server);
  }));
}

/** @returns whether a server that owed an acknowledgement may have counted as dead meanwhile */
export function wasUnheard(posts: Trip[], faults: Fault[], troubles: Trouble[]): boolean {
  return wasKilled(posts, faults, troubles) || timers(posts, faults, troubles).some(timer => {
    return troubles.some(one => {
      return one.server === timer.server && one.to - one.from > DEAD && overlaps(one, timer);
    }) || faults.some(({ what, server, at, lasts }) => {
      return what === 'pause' && server === timer.server && lasts > DEAD &&
        overlaps({ from: at, to: at + lasts }, timer);
    });
  });
}

/**
 * @param heard when each client has heard a message for all, ms
 * @returns whether the message was under way when Redis lost data. Such a message may come in
 * another order to clients of different processes
 */
export function hasNoOrder(faults: Fault[], sent: number, heard: number[]): boolean {
  return faults.some(({ what, at, lasts }) => {
    return LOSES.includes(what) && sent <= at + lasts && heard.some(time => time >= at);
  });
}
