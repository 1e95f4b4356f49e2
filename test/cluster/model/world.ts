/*
 * A model of several processes: two processes, the session of one client, and Redis. The model is
 * small enough that search.ts can try every order of its steps. `steps` returns each step that can
 * happen next. redis.ts carries out the commits. The server's own function `takeOver` makes the
 * session when another process takes the session over.
 */
import assert from 'node:assert/strict';
import type { BusEntry } from '../../../src/realtime/cluster/bus';
import type { Commit } from '../../../src/realtime/cluster/commit';
import { takeOver } from '../../../src/realtime/cluster/takeover';
import { ALL, commit, Data, EMPTY, Reply, Rules } from './redis';

const ID = 'S';
const ROOM = 'room';
const FIRST_EPOCH = 'e0';

/** A change of the session that no commit has written yet. */
interface Change {
  packets: string[];
  /** Whether a message of the client has caused the change. */
  byMessage: boolean;
}

/** The session, as one process has it in memory. */
interface Session {
  term: number;
  /** The number of the first message that the client may not have yet. */
  first: number;
  /** The messages from `first` on. */
  kept: string[];
  /** The number of the first message that the process still holds back from the client. */
  held: number;
  /** The number of the last message of the client that the process has handled. */
  received: number;
  /** The value of `received` that Redis has written. The client is told this number. */
  told: number;
  /** The epoch in which the session was written; '' before its first commit and after a loss. */
  writtenIn: string;
  /** The numbers of the messages in the row of the session. */
  stored: number[];
  dirty: boolean;
  changes: Change[];
}

interface Entry {
  number: number;
  text: string;
  byMessage: boolean;
  /** Whether the entry waits for a commit, is in the commit under way, or is on the bus. */
  state: 'queued' | 'sent' | 'put';
}

interface Process {
  id: string;
  isAlive: boolean;
  epoch: string;
  /** The number of the last commit that Redis has answered. */
  number: number;
  /** The position up to which the process has read the bus. */
  read: number;
  entries: Entry[];
  lastEntry: number;
  /** For each process, the number of its last entry that this process has read. */
  had: number[];
  session: Session | null;
  /** Whether the client has come, and this process has to take the session over. */
  wants: boolean;
  /** Whether the last takeover was refused, because the row was of an old epoch. */
  isRefused: boolean;
  /**
   * The row of the session, as the answer to a takeover has brought it. The process keeps the row
   * until the process has read the bus up to the takeover.
   */
  row: Record<string, string> | null;
  underWay: {
    commit: Commit;
    reply: Reply | null;
    /** The part of the session that the commit writes; null if the commit has no session. */
    wrote: { next: number; received: number; stored: number[]; changes: Change[] } | null;
  } | null;
  /**
   * The changes of a session that has moved while a commit of the session was under way. The answer
   * to the commit decides which changes are sent to the new owner.
   */
  leaving: { changes: Change[] } | null;
  /** The packets for the room, in the order in which this process has read the bus. */
  heard: string[];
}

export interface World {
  data: Data;
  /** The data that Redis has saved on its disk; null before the step `save`. */
  disk: Data | null;
  processes: Process[];
  /**
   * Commits that were under way when the connection was cut or the process was killed. Redis may
   * receive these commits later.
   */
  late: Commit[];
  client: { got: number; acked: number; heard: string[] };
  left: Budget;
  /** Whether the process in which the timer ran was killed. */
  timerLost: boolean;
  /** The process in which the timer ran; -1 before the timer runs. */
  timerIn: number;
}

/** How often each kind of step may happen in one search. */
export interface Budget {
  messages: number;
  /** A timer of the application sends a packet to the client. */
  timers: number;
  /**
   * The client goes to another process. If Redis is restarted with older data in the same search,
   * the client goes only after a process has noticed the restart. A move before that would be a
   * second fault at the same time.
   */
  moves: number;
  kills: number;
  /** The connection between a process and Redis is cut. */
  cuts: number;
  /** Redis is restarted empty. */
  empties: number;
  /** Redis is restarted with the older data on its disk. */
  olders: number;
}

const NOTHING: Budget = {
  messages: 0, timers: 0, moves: 0, kills: 0, cuts: 0, empties: 0, olders: 0,
};

const newSession = (): Session => ({
  term: 1, first: 1, kept: [], held: 1, received: 0, told: 0,
  writtenIn: '', stored: [], dirty: true, changes: [],
});

/** @returns the first world: the first process has the session, and Redis has the session's row */
export function begin(budget: Partial<Budget>): World {
  const process = (id: string): Process => ({
    id, isAlive: true, epoch: FIRST_EPOCH, number: 0, read: 0, entries: [], lastEntry: 0, had: [0, 0],
    session: null, wants: false, isRefused: false, row: null, underWay: null, leaving: null, heard: [],
  });
  const world: World = {
    data: { ...EMPTY, procs: { epoch: FIRST_EPOCH, tail: '0' } },
    disk: null, processes: [process('p0'), process('p1')], late: [],
    client: { got: 0, acked: 0, heard: [] }, left: { ...NOTHING, ...budget },
    timerLost: false, timerIn: -1,
  };
  world.processes[0]!.session = newSession();
  for (const step of ['send', 'execute', 'answer'] as const) act(world, step, 0, ALL);
  return world;
}

/** Thrown when the model breaks the promise of docs/delivery.md. */
export class Violation extends Error {}

export type Step = [name: string, process: number];

/** @returns whether no live process has the session or is about to take it over */
export function isNowhere({ processes }: World): boolean {
  return !processes.some(({ isAlive, session, wants, row }) => isAlive && (session || wants || row));
}

/** @returns each step that can happen next; `world.left` limits faults and moves */
export function steps(world: World): Step[] {
  const { processes, left, data, client } = world;
  const possible: Step[] = [];
  const isNoticed = world.disk === null || data.procs.epoch !== FIRST_EPOCH;
  const mayMove = isNowhere(world) || (left.moves > 0 && left.olders === 0 && isNoticed);
  processes.forEach((process, p) => {
    if (!process.isAlive) return;
    const { session, underWay, epoch, read } = process;
    const add = (name: string, is: unknown) => { if (is) possible.push([name, p]); };
    add('post', session && session.received < left.messages && session.received >= client.acked);
    add('timer', session && left.timers > 0);
    add('poll', session && (
      session.held - 1 > client.got || session.told > client.acked ||
      (isOwner(world, process) && client.got >= nextOf(session))));
    add('arrive', !session && !process.wants && !process.row && mayMove);
    const queued = process.entries.some(({ state }) => state === 'queued');
    // A process sends a commit each second, even if the process has nothing to write. The model has
    // such an empty commit only after Redis has lost data. The answer tells the process of this.
    const isStale = data.procs.epoch !== epoch ||
      parseInt(data.procs[process.id] ?? '0', 10) !== process.number;
    // A process repeats a refused takeover again and again. In the model, the process does not
    // repeat the takeover while the row is of another epoch.
    const isOld = process.isRefused && data.rows[ID] !== undefined && data.rows[ID].epoch !== epoch;
    const takes = process.wants && !isOld;
    add('send', !underWay && (queued || takes || isStale || (session && session.dirty)));
    add('execute', underWay && !underWay.reply);
    add('answer', underWay && underWay.reply);
    add('read', (data.bus[epoch] ?? []).length > read);
    add('kill', left.kills > 0);
    add('cut', underWay && left.cuts > 0);
  });
  if (left.empties > 0) possible.push(['empty', -1]);
  if (left.olders > 0) possible.push([world.disk ? 'older' : 'save', -1]);
  for (let i = 0; i < world.late.length; i++) possible.push(['late', i]);
  return possible;
}

/**
 * @returns whether the step is a fault, or another step that does not have to happen. If only such
 * steps are possible, each message must have arrived
 */
export function isFault([name]: Step): boolean {
  return ['kill', 'cut', 'empty', 'older', 'save', 'late', 'timer', 'arrive'].includes(name);
}

/**
 * @param before the world as JSON
 * @returns the world after the step
 */
export function take(before: string, [name, process]: Step, rules: Rules): World {
  const world = JSON.parse(before) as World;
  act(world, name, process, rules);
  return world;
}

function act(world: World, name: string, p: number, rules: Rules): void {
  const process = world.processes[p]!;
  switch (name) {
    case 'post': return post(process);
    case 'timer': return timer(world, process, p);
    case 'poll': return poll(world, process);
    case 'arrive': return arrive(world, process);
    case 'send': return send(process, p);
    case 'execute': {
      const done = commit(world.data, process.underWay!.commit, rules);
      world.data = done.data;
      process.underWay!.reply = done.reply;
      return;
    }
    case 'answer': return answer(world, process);
    case 'read': return read(world, process, rules);
    case 'kill': return kill(world, process, p);
    case 'cut':
      world.left.cuts -= 1;
      if (!process.underWay!.reply) world.late.push(process.underWay!.commit);
      process.underWay!.reply = null;
      return;
    case 'late':
      world.data = commit(world.data, world.late.splice(p, 1)[0]!, rules).data;
      return;
    case 'empty':
      world.left.empties -= 1;
      world.data = EMPTY;
      return;
    case 'save':
      world.disk = world.data;
      return;
    case 'older':
      world.left.olders -= 1;
      world.data = world.disk!;
      return;
  }
}

/**
 * Handles a message of the client in a process. The handler sends one packet to the client, and one
 * packet to the room.
 */
function post(process: Process): void {
  const session = process.session!;
  const number = session.received += 1;
  sendOwn(session, `r${number}`, true);
  put(process, { room: ROOM, packets: [`b${number}`] }, true);
}

function timer(world: World, process: Process, p: number): void {
  world.left.timers -= 1;
  world.timerIn = p;
  sendOwn(process.session!, 't', false);
}

function sendOwn(session: Session, packet: string, byMessage: boolean): void {
  session.dirty = true;
  session.kept.push(packet);
  session.changes.push({ packets: [packet], byMessage });
}

function put(process: Process, entry: BusEntry, byMessage: boolean): void {
  const number = process.lastEntry += 1;
  const text = JSON.stringify({ ...entry, from: process.id, number });
  process.entries.push({ number, text, byMessage, state: 'queued' });
}

function poll(world: World, process: Process): void {
  const { client } = world;
  const session = process.session!;
  client.acked = Math.max(client.acked, session.told);
  // A process may not know yet that another process has taken the session over. Then the client may
  // have more messages than this process knows of.
  if (client.got >= nextOf(session)) {
    if (isOwner(world, process)) throw new Violation('the client is ahead of its session');
    return;
  }
  if (session.first > client.got + 1) throw new Violation('a message for the client is gone');
  while (client.got + 1 < session.held) {
    client.got += 1;
    client.heard.push(session.kept[client.got - session.first]!);
  }
  if (client.got < session.first) return;
  session.kept.splice(0, client.got - session.first + 1);
  session.first = client.got + 1;
}

function isOwner({ data }: World, { id, session }: Process): boolean {
  const row = data.rows[ID];
  return row !== undefined && row.owner === id && row.term === String(session!.term);
}

function arrive(world: World, process: Process): void {
  if (!isNowhere(world)) world.left.moves -= 1;
  process.wants = true;
}

function nextOf({ first, kept }: Session): number {
  return first + kept.length;
}

function send(process: Process, p: number): void {
  const { session, epoch, read, lastEntry } = process;
  const made: Commit = {
    process: `p${p}`, epoch, number: process.number + 1, fresh: `${epoch}.${p}.${process.number}`,
    says: { beats: 0, clients: 0, read, lastEntry },
    writes: [], takes: [], entries: [], curious: true, readByAll: 0,
  };
  let wrote: NonNullable<Process['underWay']>['wrote'] = null;
  if (session && (session.dirty || session.writtenIn !== epoch)) {
    const isWhole = session.writtenIn !== epoch;
    const next = nextOf(session);
    const numbers = session.kept.map((_packet, i) => session.first + i);
    made.writes.push({
      id: ID, how: isWhole ? 'whole' : 'part', term: session.term,
      fields: [
        ['at', read], ['next', next], ['received', session.received],
        ['rooms', JSON.stringify([ROOM])], ['try', ''],
        ...numbers.filter(number => isWhole || !session.stored.includes(number))
          .map((number): [string, string] => [String(number), session.kept[number - session.first]!]),
      ],
      gone: isWhole ? [] : session.stored.filter(number => number < session.first),
    });
    wrote = { next, received: session.received, stored: numbers, changes: session.changes };
    session.changes = [];
    session.dirty = false;
  }
  if (process.wants) made.takes.push({ id: ID, handshakeNumber: null });
  for (const entry of process.entries) {
    if (entry.state !== 'queued') continue;
    // A message and the entries that the message causes are in one commit. So Redis writes all of
    // them, or none.
    const cause = entry.byMessage ? made.writes.length - 1 : -1;
    made.entries.push({ cause, text: entry.text });
    entry.state = 'sent';
  }
  process.underWay = { commit: made, reply: null, wrote };
}

function answer(world: World, process: Process): void {
  const { commit: made, reply, wrote } = process.underWay!;
  process.underWay = null;
  const { session } = process;
  if (reply!.lost) {
    process.epoch = reply!.epoch;
    process.number = process.read = 0;
    for (const entry of process.entries) entry.state = 'queued';
    if (session) {
      Object.assign(session, { writtenIn: '', dirty: true });
      session.changes.unshift(...wrote ? wrote.changes : []);
    } else if (process.leaving) follow(process, wrote ? wrote.changes : []);
    if (!session) process.entries = process.entries.filter(({ byMessage }) => !byMessage);
    if (process.row) process.wants = true;
    process.row = null;
    return;
  }
  const { outcome, rows } = reply as Reply & { lost: false };
  process.number = made.number;
  const isWritten = wrote !== null && outcome[0] === 'w';
  for (const entry of process.entries) {
    if (entry.state !== 'sent') continue;
    entry.state = 'put';
    if (wrote && !isWritten && entry.byMessage) entry.number = 0;
    entry.byMessage = false;
  }
  process.entries = process.entries.filter(({ number }) => number > 0);
  if (process.leaving) follow(process, wrote && !isWritten ? wrote.changes : []);
  else if (isWritten) {
    session!.writtenIn = made.epoch;
    session!.stored = wrote.stored;
    session!.told = wrote.received;
    session!.held = session!.dirty ? wrote.next : nextOf(session!);
  } else if (wrote) leave(process, wrote.changes);
  if (made.takes.length === 0) return;
  const letter = outcome[made.writes.length];
  if (letter === 'n') throw new Violation('the row of the session is gone');
  process.isRefused = letter === 'o';
  if (process.isRefused) return;
  process.wants = false;
  if (rows[0]!.owner === undefined) process.wants = true;
  else {
    process.row = { ...rows[0] };
    restore(world, process);
  }
}

/**
 * Ends the session in this process, because another process has the session now. This process sends
 * changes to the new owner, unless a message of the client has caused them. The new owner handles
 * such a message again, and makes its changes again.
 */
function leave(process: Process, unwritten: Change[]): void {
  const { changes } = process.session!;
  process.session = null;
  process.leaving = { changes };
  dropCaused(process);
  // If a commit of the session is under way, some changes are in this commit. Only the answer to
  // the commit says whether Redis has written these changes.
  if (!process.underWay || !process.underWay.wrote) follow(process, unwritten);
}

/**
 * Drops the entries that unwritten messages of the client have caused. The new owner handles these
 * messages again, and causes the same entries.
 */
function dropCaused(process: Process): void {
  process.entries = process.entries.filter(({ state, byMessage }) => {
    return !(byMessage && state === 'queued');
  });
}

function follow(process: Process, unwritten: Change[]): void {
  const { changes } = process.leaving!;
  process.leaving = null;
  for (const { packets, byMessage } of [...unwritten, ...changes]) {
    if (!byMessage) put(process, { to: ID, packets }, false);
  }
}

function read(world: World, process: Process, rules: Rules): void {
  const entry = JSON.parse(world.data.bus[process.epoch]![process.read]!) as BusEntry;
  process.read += 1;
  const { session } = process;
  if (entry.moved !== undefined) {
    if (session && entry.term! > session.term && rules.moved) leave(process, []);
  } else if (isNew(process, entry)) {
    if (entry.room !== undefined) process.heard.push(...entry.packets!);
    if (session) sendFromBus(session, process, entry);
  }
  restore(world, process);
}

/**
 * @returns false if the process has read the entry before. The entry can come again, because
 * processes put entries of the old epoch on the bus again after a loss of data
 */
function isNew(process: Process, { number, from }: BusEntry): boolean {
  const by = Number(from!.slice(1));
  if (number! <= process.had[by]!) return false;
  process.had[by] = number!;
  return true;
}

function sendFromBus(session: Session, process: Process, { packets }: BusEntry): void {
  const isClean = !session.dirty && !(process.underWay && process.underWay.wrote);
  session.kept.push(...packets!);
  if (isClean) session.held = nextOf(session);
}

/** Makes the session from its row, if the process has read the bus up to the takeover. */
function restore(world: World, process: Process): void {
  const { row } = process;
  if (!row || process.read < Number(row.taken)) return;
  process.row = null;
  const since = world.data.bus[process.epoch]!.slice(Number(row.at), process.read)
    .map(text => JSON.parse(text) as BusEntry);
  if (since.some(({ moved, term }) => moved === ID && term! > Number(row.term))) {
    process.wants = true;
    return;
  }
  const taken = takeOver(ID, row, since, 0);
  assert(taken);
  const session: Session = {
    ...newSession(), term: taken.term, first: taken.first, kept: [...taken.kept],
    received: Number(row.received), told: Number(row.received), writtenIn: process.epoch, dirty: false,
  };
  session.stored = taken.kept.map((_packet, i) => taken.first + i);
  for (const { packets } of taken.entries) session.kept.push(...packets!);
  session.held = nextOf(session);
  process.session = session;
}

function kill(world: World, process: Process, p: number): void {
  world.left.kills -= 1;
  process.isAlive = false;
  if (process.underWay && !process.underWay.reply) world.late.push(process.underWay.commit);
  if (world.timerIn === p) world.timerLost = true;
  Object.assign(process, { session: null, underWay: null, entries: [], wants: false, row: null });
}

/**
 * Checks a world in which no further step has to happen.
 * @throws Violation if a message is lost, doubled or out of order
 */
export function check(world: World, budget: Budget): void {
  const { client, processes } = world;
  const count = (heard: string[], packet: string) => heard.filter(one => one === packet).length;
  for (let number = 1; number <= budget.messages; number++) {
    for (const packet of [`r${number}`, `b${number}`]) {
      const times = count(client.heard, packet);
      if (times !== 1) throw new Violation(`the client has heard ${packet} ${times} times`);
    }
  }
  const timers = count(client.heard, 't');
  if (timers > 1 || (timers === 0 && world.timerIn >= 0 && !world.timerLost)) {
    throw new Violation(`the client has heard the timer ${timers} times`);
  }
  for (const kind of ['r', 'b']) {
    const order = client.heard.filter(packet => packet.startsWith(kind));
    if (String(order) !== String([...order].sort())) throw new Violation(`bad order ${String(order)}`);
  }
  for (const { isAlive, heard } of processes) {
    if (!isAlive) continue;
    const order = client.heard.filter(packet => packet.startsWith('b'));
    if (String(heard) !== String(order)) throw new Violation(`${String(heard)}, not ${String(order)}`);
  }
}
