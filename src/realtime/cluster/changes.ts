/*
 * Keeps the changes of a session that are not in Redis yet, each with its cause. The session may
 * move to another process before a change is written. Then follow() in stored-session.ts looks at
 * the cause: the new owner makes the change again, or gets the change by the bus (the table in
 * README.md).
 */
import type { BusEntry, SetValue } from './bus';

/** All changes of a session in one turn of the event loop that have the same kind of cause. */
export interface Change {
  turn: number;
  /**
   * Whether a message of the session's own client is the cause. Other causes are timers, for
   * example.
   */
  byMessage: boolean;
  packets: string[];
  /**
   * For each value, by its key: the version before the first of these changes, and the version
   * after the last of these changes.
   */
  values: Map<string, { before: number; after: number }>;
  /** For each room, by its key: whether the session is in the room after these changes. */
  rooms: Map<string, boolean>;
}

let turn = 0;
let isCounted = false;

/**
 * Counts the turns of the event loop. All changes that an application makes in one turn belong
 * together. node 10 calls all timers that are due at the same moment in one turn. So on node 10 the
 * changes of these timers belong together, too.
 * @returns the number of the current turn
 */
function currentTurn(): number {
  if (!isCounted) {
    isCounted = true;
    process.nextTick(() => {
      isCounted = false;
      turn += 1;
    });
  }
  return turn;
}

export class Changes {
  private list: Change[] = [];

  /**
   * @param byMessage whether a message of the session's own client is the cause
   * @returns the Change of this turn, to which the caller adds its changes
   */
  current(byMessage: boolean): Change {
    const now = currentTurn();
    const last = this.list[this.list.length - 1];
    if (last && last.turn === now && last.byMessage === byMessage) return last;
    const change = {
      turn: now, byMessage, packets: [], values: new Map(), rooms: new Map(),
    } as Change;
    this.list.push(change);
    return change;
  }

  /** Empties the list. @returns all changes that were in the list */
  takeAll(): Change[] {
    const all = this.list;
    this.list = [];
    return all;
  }

  /** Puts changes back before all others, because Redis does not have these changes. */
  putBack(changes: Change[]): void {
    if (changes.length > 0) this.list = [...changes, ...this.list];
  }
}

/**
 * @param to the id of the session
 * @param data the values of the session (socket.set)
 * @returns the change as an entry of the bus, for the process that has the session now
 */
export function toEntry(
  to: string, { packets, values, rooms }: Change, data: Map<string, unknown>,
): BusEntry {
  const entry: BusEntry = { to, packets };
  const set: SetValue[] = [];
  for (const [key, { before, after }] of values) {
    const value = data.get(key);
    if (isJson(value)) set.push({ key, value, before, after });
  }
  if (set.length > 0) entry.values = set;
  if (rooms.size > 0) entry.rooms = [...rooms];
  return entry;
}

/**
 * @returns whether JSON.stringify accepts the value; a deleted value (undefined) counts as
 * accepted. Only accepted values go to the new owner
 */
function isJson(value: unknown): boolean {
  try {
    JSON.stringify(value);
    return true;
  } catch {
    return false;
  }
}
