/*
 * Decides which losses the promise (docs/delivery.md) excuses. Each excuse needs a fault of a
 * server or of Redis, and this fault must concern the client at that time.
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
/**
 * A client may move shortly before or after a trouble of Redis. The move counts as a move in the
 * trouble if at most this time lies between them, ms.
 */
const NEAR = 3000;
/** The longest time in which a client hears nothing while all is well, ms. */
const QUIET = 5000;
/** How long the timer of the application runs (app.ts), ms. */
const TIMER = 700;
/** The longest time that a busy machine needs to run a timer and to write its changes, ms. */
const BUSY = 1000;
/** If a process is not heard of for longer than this, the process may count as dead, ms. */
const DEAD = 4000;

/** @param silences for each server, the times in which Redis did not answer this server */
export function troublesOf(faults: Fault[], silences: Silence[][]): Trouble[] {
  const span = ({ at, lasts }: Fault) => ({ from: at, to: at + lasts, server: null });
  return [
    ...faults.filter(({ what }) => LOSES.includes(what)).map(span),
    ...silences.flatMap((list, server) => {
      return list.filter(({ from, to }) => to - from > SILENT).map(one => ({ ...one, server }));
    }),
  ];
}

/**
 * @param server the index of a server: only moves from or to this server count; null if all count
 * @returns whether the client has gone to another server in this time, or just before or after it
 */
function moves(trips: Trip[], { from, to }: Span, server: number | null): boolean {
  return trips.some((trip, i) => {
    const before = trips[i - 1];
    return before !== undefined && trip.server !== before.server &&
      (server === null || server === trip.server || server === before.server) &&
      trip.from >= from - NEAR && trip.from <= to + NEAR;
  });
}

/**
 * While a server is gone or paused, a client that goes from server to server may hear nothing. The
 * reason is that each poll of the client may come to this server.
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
 * Decides whether the promise excuses that a client has got a new session. The promise excuses the
 * session if Redis was in trouble after the client had heard something last, or just before that,
 * and if the client went to another server at the time of this trouble.
 * @param trips the requests of the client
 * @param heard the time at which the client had heard something last, ms
 * @param at the time at which the client got the new session, ms
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
 * all may be lost for this client, or may come twice.
 * @returns the times in which messages for all may be lost or come twice
 */
export function mayMiss(trips: Trip[], faults: Fault[]): Span[] {
  return faults.filter(({ what }) => LOSES.includes(what))
    .map(({ at, lasts }) => ({ from: at, to: at + lasts }))
    .filter(loss => moves(trips, loss, null));
}

/**
 * @param spans the times in which messages for a client may have been lost
 * @param sent the time at which a message was sent, ms
 * @param done the time at which the client had heard this message, its answer, or a later one of
 * the same kind, ms; Infinity if the client has heard none of these
 * @returns whether the message was under way for this client in one of these times
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
 * @returns for each request, the server that may have run the timer of this message, and a time.
 * The time begins with the request, and ends when Redis must have the changes that the timer has
 * made. A pause of the server or a trouble of Redis makes this time longer
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

/** @returns whether a server was killed before Redis had the changes of a message's timer */
export function wasKilled(posts: Trip[], faults: Fault[], troubles: Trouble[]): boolean {
  return timers(posts, faults, troubles).some(({ server, from, to }) => faults.some(fault => {
    return KILLS.includes(fault.what) && fault.server === server &&
      fault.at >= from && fault.at <= to;
  }));
}

/**
 * @returns whether Redis did not answer a server that had to write the changes of a message's
 * timer, and the client left or reached this server near that time
 */
export function wasCutOff(
  trips: Trip[], posts: Trip[], faults: Fault[], troubles: Trouble[],
): boolean {
  return timers(posts, faults, troubles).some(timer => troubles.some(trouble => {
    return trouble.server !== null && trouble.server === timer.server &&
      overlaps(trouble, timer) && moves(trips, trouble, trouble.server);
  }));
}

/**
 * @param posts the requests that have carried a message
 * @returns whether a server that owed the acknowledgement of this message may have counted as dead
 */
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
 * @param sent the time at which a message for all was sent, ms
 * @param heard for each client, the time at which the client has heard the message, ms
 * @returns whether the message was under way when Redis lost data. Clients of different processes
 * may hear such a message in different orders
 */
export function hasNoOrder(faults: Fault[], sent: number, heard: number[]): boolean {
  return faults.some(({ what, at, lasts }) => {
    return LOSES.includes(what) && sent <= at + lasts && heard.some(time => time >= at);
  });
}
