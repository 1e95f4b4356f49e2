/*
 * The form of a commit, the one command by which a process writes (commit.lua): the arguments that
 * it has, and the answer that it gets. journal.ts makes commits.
 */
import { readFileSync } from 'fs';
import path from 'path';
import { Script } from './redis';

/** How many entries the bus keeps at least. */
export const BUS_ENTRIES = 10000;
/** How many it keeps at most, while a process that is alive has not read them. */
export const MOST_BUS_ENTRIES = 5 * BUS_ENTRIES;

/** A row of a session in Redis: its fields and their values. */
export type Row = Record<string, string>;

/** What a commit writes of a session. */
export interface SessionWrite {
  id: string;
  /**
   * - part: fields of a row that is there
   * - gone: the row goes; it is there
   * - whole: the row, which need not be there: it was not written in this epoch yet
   * - over: the row goes, if it is there
   */
  how: 'part' | 'gone' | 'whole' | 'over';
  term: number;
  fields: [name: string, value: string | number][];
  /** The names of fields that go. */
  gone: (string | number)[];
}

/** A session that a commit takes over. */
export interface SessionTake {
  id: string;
  /** The number of the handshake that its client came with; null for any. */
  handshakeNumber: number | null;
}

export interface BusWrite {
  /** Which of the sessions that are written has caused it; -1 for none. */
  cause: number;
  text: string;
}

export interface Commit {
  process: string;
  epoch: string;
  number: number;
  /** A name for a new epoch, if this commit begins one. */
  fresh: string;
  says: Says;
  writes: SessionWrite[];
  takes: SessionTake[];
  entries: BusWrite[];
  /** The position in the bus up to which all processes have read, as far as this one knows. */
  readByAll: number;
  /** Whether the answer is to have what all processes say of themselves. */
  curious: boolean;
}

/** What a process says of itself with each commit. */
export interface Says {
  /** How many seconds it has been alive, as it counts them. */
  beats: number;
  clients: number;
  /** The position in the bus up to which it has read. */
  read: number;
  /** The number of its last entry on the bus. */
  lastEntry: number;
}

/** The outcome for a session: the letters of commit.lua. */
export type Letter = 'w' | 'm' | 't' | 'n' | 'o';

export type Answer =
  { lost: false; outcome: Letter[]; rows: Row[]; peers: Map<string, Says> | null } |
  { lost: true; epoch: string; tail: number; peers: Map<string, Says> };

/** The names of the keys of an application. */
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

/** @returns the script that Redis runs; its file is beside this one */
export function commitScript(): Script {
  script = script || new Script(readFileSync(path.join(__dirname, 'commit.lua'), 'utf8'));
  return script;
}

/**
 * @param keptFor how long Redis keeps a row that nobody writes, s
 * @returns keys and arguments as commit.lua has them at its head
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

/** @param reply what Redis has answered to a commit */
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
