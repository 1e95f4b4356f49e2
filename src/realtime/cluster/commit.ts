/*
 * The form of a commit: the arguments of commit.lua, and the answer of Redis. A process writes its
 * data only by commits. journal.ts makes the commits.
 */
import { readFileSync } from 'fs';
import path from 'path';
import { Script } from './redis';

/** The number of entries that stay on the bus after all processes have read them. */
export const BUS_ENTRIES = 10000;
/**
 * The most entries that the bus keeps. Redis deletes older entries, even if a living process has
 * not read them yet.
 */
export const MOST_BUS_ENTRIES = 5 * BUS_ENTRIES;

/** The row of a session in Redis: the values, by the names of the fields. */
export type Row = Record<string, string>;

/** The part of a commit that writes one session. */
export interface SessionWrite {
  id: string;
  /**
   * - part: writes some fields of the row, which has to be in Redis
   * - gone: deletes the row, which has to be in Redis
   * - whole: writes the whole row, because no commit has written the row in this epoch yet
   * - over: deletes the row, if Redis has one: no commit has written the row in this epoch yet
   */
  how: 'part' | 'gone' | 'whole' | 'over';
  term: number;
  fields: [name: string, value: string | number][];
  /** The names of the fields to delete. */
  gone: (string | number)[];
}

/** A session that a commit takes over. */
export interface SessionTake {
  id: string;
  /** The number of the handshake with which the client came; null stands for any handshake. */
  handshakeNumber: number | null;
}

export interface BusWrite {
  /**
   * The index in Commit.writes of the session that has caused the entry; -1 if no session has
   * caused the entry.
   */
  cause: number;
  text: string;
}

export interface Commit {
  process: string;
  epoch: string;
  number: number;
  /** A random name for a new epoch, in case this commit begins one. */
  fresh: string;
  says: Says;
  writes: SessionWrite[];
  takes: SessionTake[];
  entries: BusWrite[];
  /** The position on the bus up to which all processes have read, as far as this process knows. */
  readByAll: number;
  /** Whether the answer is to have the reports of all processes (Says). */
  curious: boolean;
}

/** The report of a process about itself, in each commit. */
export interface Says {
  /** The beats that the process has counted: one a second, and none while the process is paused. */
  beats: number;
  clients: number;
  /** The position on the bus up to which the process has read. */
  read: number;
  /** The number of the last entry that the process has made for the bus. */
  lastEntry: number;
}

/** The outcome for one session. The head of commit.lua explains each letter. */
export type Letter = 'w' | 'm' | 't' | 'n' | 'o';

export type Answer =
  { lost: false; outcome: Letter[]; rows: Row[]; peers: Map<string, Says> | null } |
  { lost: true; epoch: string; tail: number; peers: Map<string, Says> };

/** The names of the keys in Redis for one application. */
export class Keys {
  private readonly prefix: string;
  readonly procs: string;

  /** @param appPath the application's path, '' at the root of a site */
  constructor(appPath: string) {
    this.prefix = `socket.io:${appPath}:2:`;
    this.procs = `${this.prefix}procs`;
  }

  bus(epoch: string): string { return `${this.prefix}bus:${epoch}`; }
  session(id: string): string { return `${this.prefix}s:${id}`; }
}

let script: Script | null = null;

/** @returns the script commit.lua, which is in the folder of this file */
export function commitScript(): Script {
  script = script || new Script(readFileSync(path.join(__dirname, 'commit.lua'), 'utf8'));
  return script;
}

/**
 * Makes the arguments of commit.lua from a commit.
 * @param keptFor the time for which Redis keeps a row that nobody writes, s
 * @returns the keys and the arguments, in the order that the head of commit.lua describes
 */
export function encode(
  commit: Commit, names: Keys, keptFor: number,
): { keys: string[]; args: (string | number)[] } {
  const { says, writes, takes, entries } = commit;
  const keys = [names.procs, names.bus(commit.epoch)];
  const args: (string | number)[] = [
    commit.process, commit.epoch, commit.number, commit.fresh,
    `${says.beats} ${says.clients} ${says.read} ${says.lastEntry}`,
    keptFor, commit.readByAll, BUS_ENTRIES, MOST_BUS_ENTRIES, commit.curious ? 1 : 0,
  ];
  args.push(writes.length);
  for (const { id, how, term, fields, gone } of writes) {
    keys.push(names.session(id));
    args.push(how, term, fields.length);
    for (const [name, value] of fields) args.push(name, value);
    args.push(gone.length);
    for (const name of gone) args.push(name);
  }
  args.push(takes.length);
  for (const { id, handshakeNumber } of takes) {
    keys.push(names.session(id));
    args.push(id, handshakeNumber === null ? '' : handshakeNumber);
  }
  args.push(entries.length);
  for (const { cause, text } of entries) args.push(cause + 1, text);
  return { keys, args };
}

/**
 * Reads the reply of Redis to a commit.
 * @param reply the result of commit.lua: the head of that file describes the parts
 */
export function readAnswer(reply: unknown): Answer {
  const [status, ...rest] = reply as [string, ...unknown[]];
  if (status === 'lost') {
    const [epoch, said] = rest as [string, string[]];
    const procs = toRow(said);
    return { lost: true, epoch, tail: Number(procs.tail), peers: readPeers(procs) };
  }
  const [outcome, rows, said] = rest as [string, string[][], string[]];
  return {
    lost: false,
    outcome: outcome.split('') as Letter[],
    rows: rows.map(toRow),
    peers: said.length > 0 ? readPeers(toRow(said)) : null,
  };
}

function toRow(list: string[]): Row {
  const row: Row = Object.create(null) as Row;
  for (let i = 0; i < list.length; i += 2) row[list[i]!] = list[i + 1]!;
  return row;
}

function readPeers(procs: Row): Map<string, Says> {
  const peers = new Map<string, Says>();
  for (const name of Object.keys(procs)) {
    if (name === 'epoch' || name === 'tail') continue;
    const [beats, clients, read, lastEntry] = procs[name]!.split(' ').slice(2).map(Number);
    peers.set(name, {
      beats: beats!, clients: clients!, read: read!, lastEntry: lastEntry!,
    });
  }
  return peers;
}
