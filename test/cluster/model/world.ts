/*
 * A model of several processes, small enough to be searched whole: two processes, the session of one
 * client, a Redis. `steps` gives each thing that can happen next. The script of a commit is that of
 * redis.ts; whether and how a session is taken over is the server's own function.
 */
import assert from 'node:assert/strict';
import type { BusEntry } from '../../../src/realtime/cluster/bus';
import type { Commit } from '../../../src/realtime/cluster/commit';
import { takeOver } from '../../../src/realtime/cluster/takeover';
import { ALL, commit, Data, EMPTY, Reply, Rules } from './redis';

const ID = 'S';
const ROOM = 'room';

/** A change that is not written: its packets, and whether a message of the client has caused it. */
interface Change { packets: string[]; byMessage: boolean }

/** The session in a process. */
interface Session {
  term: number;
  /** The messages that the client may not have: the number of the first, and those from there on. */
  first: number;
  kept: string[];
  /** The number of the first message that is held back. */
  held: number;
  received: number;
  /** The same, as far as the client may be told. */
  told: number;
  /** The epoch in which it was written; '' if in none that is known. */
  writtenIn: string;
  /** The numbers of the messages in its row. */
  stored: number[];
  dirty: boolean;
  changes: Change[];
}

interface Entry {
  number: number;
  text: string;
  byMessage: boolean;
  /** queued, in the commit under way, on the bus at this position or at one that is not known yet. */
  state: 'queued' | 'sent' | 'put';
  position: number;
}

interface Process {
  id: string;
  isAlive: boolean;
  epoch: string;
  /** Of the last commit that was answered. */
  number: number;
  /** The position in the bus up to which it has read. */
  read: number;
  entries: Entry[];
  lastEntry: number;
  /** By process, the number of its last entry that was read. */
  had: number[];
  session: Session | null;
  /** Whether the client has come, and the session is to be taken over. */
  wants: boolean;
  /** The row that a takeover has brought, until the process has read the bus up to there. */
  row: Record<string, string> | null;
  underWay: {
    commit: Commit;
    reply: Reply | null;
    /** If the session is in it: what it has written. */
    wrote: { next: number; received: number; stored: number[]; changes: Change[] } | null;
  } | null;
  /** Of a session that has left while a commit of it was under way: what may have to follow. */
  leaving: { changes: Change[] } | null;
  /** What a client hears that stays with this process: all that is for the room. */
  heard: string[];
}

export interface World {
  data: Data;
  /** What Redis has on its disk. */
  disk: Data | null;
  processes: Process[];
  /** Commits of connections that were cut: they may arrive later. */
  late: Commit[];
  client: { got: number; acked: number; heard: string[] };
  left: Budget;
  /** Whether the timer was in a process that was killed. */
  timerLost: boolean;
  timerIn: number;
}

/** How often each may happen. */
export interface Budget {
  messages: number;
  /** A timer of the application sends something. */
  timers: number;
  moves: number;
  kills: number;
  cuts: number;
  /** Redis is restarted empty. */
  empties: number;
  /** Redis is restarted with what it had on its disk. */
  olders: number;
}

const NOTHING: Budget = {
  messages: 0, timers: 0, moves: 0, kills: 0, cuts: 0, empties: 0, olders: 0,
};

const newSession = (): Session => ({
  term: 1, first: 1, kept: [], held: 1, received: 0, told: 0,
  writtenIn: '', stored: [], dirty: true, changes: [],
});

/** The client has its session in the first process, and that is written. */
export function begin(budget: Partial<Budget>): World {
  const process = (id: string): Process => ({
    id, isAlive: true, epoch: 'e0', number: 0, read: 0, entries: [], lastEntry: 0, had: [0, 0],
    session: null, wants: false, row: null, underWay: null, leaving: null, heard: [],
  });
  const world: World = {
    data: { ...EMPTY, procs: { epoch: 'e0', tail: '0' } },
    disk: null, processes: [process('p0'), process('p1')], late: [],
    client: { got: 0, acked: 0, heard: [] }, left: { ...NOTHING, ...budget },
    timerLost: false, timerIn: -1,
  };
  world.processes[0]!.session = newSession();
  for (const step of ['send', 'execute', 'answer'] as const) act(world, step, 0, ALL);
  return world;
}

/** Whether a world breaks the promise. */
export class Violation extends Error {}

export type Step = [name: string, process: number];

/** @returns each step that can be taken; faults and moves only as often as the budget says */
export function steps(world: World): Step[] {
  const { processes, left, data, client } = world;
  const possible: Step[] = [];
  const nowhere = !processes.some(({ isAlive, session, wants, row }) => {
    return isAlive && (session || wants || row);
  });
  processes.forEach((process, p) => {
    if (!process.isAlive) return;
    const { session, underWay, epoch, read } = process;
    const add = (name: string, is: unknown) => { if (is) possible.push([name, p]); };
    add('post', session && session.received < left.messages && session.received >= client.acked);
    add('timer', session && left.timers > 0);
    add('poll', session && (
      session.held - 1 > client.got || session.told > client.acked ||
      (isOwner(world, process) && client.got >= nextOf(session))));
    add('arrive', !session && !process.wants && !process.row && (nowhere || left.moves > 0));
    const queued = process.entries.some(({ state }) => state === 'queued');
    // A process sends a commit each second: it need not have anything to write.
    const isStale = data.procs.epoch !== epoch ||
      parseInt(data.procs[process.id] ?? '0', 10) !== process.number;
    add('send', !underWay && (queued || process.wants || isStale || (session && session.dirty)));
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

/** @returns whether a step is a fault: the promise holds where none of them happens any more */
export function isFault([name]: Step): boolean {
  return ['kill', 'cut', 'empty', 'older', 'save', 'late', 'timer', 'arrive'].includes(name);
}

/**
 * @param before the world as JSON
 * @returns the world after a step
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

/** A message of the client is handled: it is answered, and told to all. */
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
  process.entries.push({ number, text, byMessage, state: 'queued', position: 0 });
}

function poll(world: World, process: Process): void {
  const { client } = world;
  const session = process.session!;
  client.acked = Math.max(client.acked, session.told);
  // A process that has lost the session, and does not know it yet, may know less than the client.
  if (client.got >= nextOf(session)) {
    if (isOwner(world, process)) throw new Violation('the client has more than its session');
    return;
  }
  if (session.first > client.got + 1) throw new Violation('a message is gone');
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

function arrive({ left, processes }: World, process: Process): void {
  const isForced = !processes.some(({ isAlive, session, wants, row }) => {
    return isAlive && (session || wants || row);
  });
  if (!isForced) left.moves -= 1;
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
    // What a message has caused goes with it.
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
  if (letter === 'n') throw new Violation('the session is gone');
  if (letter === 'o') return;
  process.wants = false;
  if (rows[0]!.owner === undefined) process.wants = true;
  else {
    process.row = { ...rows[0] };
    restore(world, process);
  }
}

/** The session has another owner: what nobody else does again follows. */
function leave(process: Process, unwritten: Change[]): void {
  const { changes } = process.session!;
  process.session = null;
  process.leaving = { changes };
  dropCaused(process);
  // Whether a commit that is under way has written it will be known when it is answered.
  if (!process.underWay || !process.underWay.wrote) follow(process, unwritten);
}

/** What messages have caused that are not written is caused again by the next owner. */
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

/** @returns whether an entry was not read before, in this epoch or an older one */
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

/** The session goes on here, when all of the bus up to its takeover is read. */
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

/** @throws Violation if something is lost, doubled or in another order, where nothing more happens */
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
    if (String(order) !== String([...order].sort())) throw new Violation(`the order ${String(order)}`);
  }
  for (const { isAlive, heard } of processes) {
    if (!isAlive) continue;
    const order = client.heard.filter(packet => packet.startsWith('b'));
    if (String(heard) !== String(order)) throw new Violation(`${String(heard)}, not ${String(order)}`);
  }
}
