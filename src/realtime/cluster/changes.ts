/*
 * What has changed in a session and is not written yet, with its cause. If the session moves before
 * it is written, the cause says what becomes of it (README.md): stored-session.ts asks then.
 */
import type { BusEntry, SetValue } from './bus';

/** What a session has been told to do in one turn of the event loop. */
export interface Change {
  turn: number;
  /** Whether a message of its client has caused it. Otherwise it was a timer, or anything else. */
  byMessage: boolean;
  packets: string[];
  /** By key: how often it had been set before, and then. */
  values: Map<string, { before: number; after: number }>;
  rooms: Map<string, boolean>;
}

let turn = 0;
let isCounted = false;

/**
 * What an application does in one turn belongs together. node 10 calls several timers in one turn
 * if they are due at the same moment: these belong together, too, there.
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

  /** @returns the change of this turn, to be added to */
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

  /** @returns all of them; none is left */
  takeAll(): Change[] {
    const all = this.list;
    this.list = [];
    return all;
  }

  /** These come before all others. */
  putBack(changes: Change[]): void {
    if (changes.length > 0) this.list = [...changes, ...this.list];
  }
}

/**
 * @param data the values of the session that has moved
 * @returns a change as an entry for whichever process has the session
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

/** @returns whether a value can be written as JSON, or is none: others do not go along */
function isJson(value: unknown): boolean {
  try {
    JSON.stringify(value);
    return true;
  } catch {
    return false;
  }
}
