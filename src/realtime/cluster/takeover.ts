/*
 * How a session goes on in another process: from its row in Redis and the entries of the bus that
 * came after that was written, and from nothing else. moves.ts calls this when a session is taken
 * over; the model in the tests calls it, too.
 */
import type { BusEntry } from './bus';
import type { Row } from './commit';

/** A session as its last owner left it. */
export interface Taken {
  /** How often it has been taken over, this time included. */
  term: number;
  /** The number of the first message that the client may not have, and those from there on. */
  first: number;
  kept: string[];
  /** Entries of the bus that are for the session, and that its last owner has not written. */
  entries: BusEntry[];
}

/**
 * @param row the row that the takeover has brought
 * @param since the entries behind the row's `at`, up to the position at which it is taken over or
 * any later one that this process has read; null if some of them are gone
 * @param got the number of the last message that the client has, as far as it says
 * @returns null if the session cannot go on: the bus does not have its messages any more, or the
 * client has messages that Redis has never had
 */
export function takeOver(
  id: string, row: Row, since: readonly BusEntry[] | null, got: number,
): Taken | null {
  if (since === null) return null;
  const next = Number(row.next);
  let first = next;
  while (row[first - 1] !== undefined) first -= 1;
  const kept: string[] = [];
  for (let number = first; number < next; number++) kept.push(row[number]!);
  const rooms = new Set(JSON.parse(row.rooms!) as string[]);
  const entries = since.filter(entry => {
    const is = isFor(entry, id, rooms);
    if (is) for (const [room, isIn] of entry.rooms || []) rooms[isIn ? 'add' : 'delete'](room);
    return is;
  });
  // Each entry brings as many messages as it has packets, or none.
  const most = entries.reduce((sum, { packets }) => sum + packets!.length, next);
  return got < most ? { term: Number(row.term), first, kept, entries } : null;
}

/** @returns whether an entry is for a session, as it is in these rooms */
function isFor(
  { to, room, except = [], volatile, packets }: BusEntry, id: string, rooms: Set<string>,
): boolean {
  if (packets === undefined) return false;
  if (to !== undefined) return to === id;
  return room !== undefined && !volatile && rooms.has(room) && !except.includes(id);
}
