/*
 * Finds the state with which a session goes on in another process. takeOver needs only the row in
 * Redis, and the entries that came on the bus after the row was written. moves.ts calls takeOver
 * when a session comes to this process; the model in the tests calls takeOver, too.
 */
import type { BusEntry } from './bus';
import type { Row } from './commit';

/** The state in which the old owner has left a session. */
export interface Taken {
  /** The new term of the session: each takeover adds 1. */
  term: number;
  /**
   * The number of the first message in `kept`. If `kept` is empty, the number of the next message.
   */
  first: number;
  /** The messages that the client may not have yet. */
  kept: string[];
  /** The entries of the bus that are for the session, and that are not in its row yet. */
  entries: BusEntry[];
}

/**
 * Makes the state of a session from its row and the bus.
 * @param id the id of the session
 * @param row the row that the takeover has brought
 * @param since the entries behind the row's `at`, up to the position of the takeover or to any
 * later position that this process has read; null if some of these entries were deleted
 * @param got the number of the last message that the client has, according to the client
 * @returns the state of the session; null if the session cannot go on, because the bus does not
 * have its messages any more, or because the client has messages that Redis has never had
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
  // Each entry brings one message for each of its packets at most. So `most` is the highest number
  // that the next message can have.
  const most = entries.reduce((sum, { packets }) => sum + packets!.length, next);
  return got < most ? { term: Number(row.term), first, kept, entries } : null;
}

/**
 * @param rooms the keys of the rooms that the session is in
 * @returns whether the entry is for the session
 */
function isFor(
  { to, room, except = [], volatile, packets }: BusEntry, id: string, rooms: Set<string>,
): boolean {
  if (packets === undefined) return false;
  if (to !== undefined) return to === id;
  return room !== undefined && volatile === undefined && rooms.has(room) && !except.includes(id);
}
