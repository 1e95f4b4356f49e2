/*
 * What makes another process able to go on with a session: what of it is in Redis, what is not yet,
 * and that its client is told nothing that is not. Each session of a client of public/realtime.js
 * has one. journal.ts writes it; moves.ts lets it go.
 */
import { isAck } from '../session/delivery';
import type { Keeper } from '../session/keeper';
import type { Session } from '../session/session';
import { encodePacket } from '../protocol/write';
import type { BusEntry, SetValue } from './bus';
import { Change, Changes, toEntry } from './changes';
import type { Row, SessionWrite } from './commit';
import { UnwrittenHold } from './hold';
import type { Members } from './members';
import type { Taken } from './takeover';

/** public/realtime.js says the same of messages that it no longer has an answer for. */
const RESTARTED = 'the server was restarted before it answered';
/** So much that its client has is left in a row until the session is written again, characters. */
const MOST_SPARE = 4000;

/** The term of the process that opens a session. Each takeover adds 1. */
const FIRST_TERM = 1;
/** How many versions an owner can give to a value: more than a session ever needs. */
const OF_A_TERM = 1e9;

/** The cluster, as far as a stored session needs it. */
export interface SessionStore {
  /** This process. */
  readonly id: string;
  /** The session whose message is being handled; '' for none. */
  readonly cause: string;
  /** Whether clients are told nothing that is not written: not while Redis is gone. */
  readonly up: boolean;
  readonly members: Members;
  readonly journal: { touch(session: StoredSession): void };
  readonly manager: {
    readonly rooms: { join(session: Session, room: string): void;
      leave(session: Session, room: string): void; };
  };
  put(entry: BusEntry, cause: string): void;
}

/** What a commit that is under way writes of a session. */
interface Writing {
  received: number;
  first: number;
  last: number;
  changes: Change[];
  waiting: (() => void)[];
}

/** @returns what is stored of a session, null for one that nobody else can go on with */
export function storedOf({ keeper }: Session): StoredSession | null {
  return keeper instanceof StoredSession ? keeper : null;
}

export class StoredSession implements Keeper {
  /** How often it has been taken over: who has it with a lower one has it no longer. */
  term = FIRST_TERM;
  /** Whether another process has it now. */
  left = false;
  /** Whether something of it is to be written. */
  dirty = false;
  /** The position in the bus that its row has, and when it was written, ms. */
  at = 0;
  time = 0;
  /** The messages of the client that wait for an acknowledgement, and the process that owes it. */
  private readonly asked = new Map<number, string>();
  /** By key, the version of each value: higher each time that the value is set. */
  private readonly versions = new Map<string, number>();
  /** The values that this process has used since the session came here. */
  private readonly used = new Set<string>();
  /** The epoch in which the row was written last; '' for none. */
  private writtenIn = '';
  /** The numbers of the first and the last message in the row. */
  private first = 1;
  private last = 0;
  /** How much the messages in it were when they were written, characters. */
  private size = 0;
  /** The fields that seldom change, as they are in the row, and those that may have changed. */
  private fields: Row = {};
  private readonly toCompare = new Set(['handshake', 'rooms', 'data']);
  private readonly changes = new Changes();
  private writing: Writing | null = null;
  private waiting: (() => void)[] = [];
  /** Whether the session is given something that is on the bus or in its row already. */
  private isGiven = false;
  private isFollowing = false;
  private readonly hold = new UnwrittenHold();

  constructor(readonly session: Session, private readonly store: SessionStore) {
    session.outbox.hold = this.hold;
  }

  /** Whether the client is not to be told yet that a message of it has arrived. */
  get waits(): boolean {
    return this.store.up;
  }

  sends(packet: string): boolean {
    if (this.isGiven) return true;
    if (this.isForOther) return this.sendByBus({ packets: [packet] });
    this.touch();
    this.note(change => change.packets.push(packet));
    return true;
  }

  boots(): boolean {
    return !this.isForOther || this.sendByBus({ packets: [], end: true });
  }

  /** Whether a message of another session is being handled. */
  private get isForOther(): boolean {
    return this.store.cause !== '' && this.store.cause !== this.session.id;
  }

  /** It counts only if the message counts that has caused it: both are written at once. */
  private sendByBus(entry: BusEntry): false {
    this.store.put({ to: this.session.id, ...entry }, this.store.cause);
    return false;
  }

  changed(what?: 'handshake'): void {
    if (what) this.toCompare.add(what);
    this.touch();
  }

  valueSet(key: string): void {
    this.used.add(key);
    this.toCompare.add('data');
    this.touch();
    const before = this.versions.get(key) || 0;
    const after = this.nextVersion(key);
    this.versions.set(key, after);
    this.note(({ values }) => {
      const first = values.get(key);
      values.set(key, { before: first ? first.before : before, after });
    });
  }

  valueUsed(key: string): void {
    if (this.used.has(key)) return;
    this.used.add(key);
    if (this.term === FIRST_TERM) return;
    // An earlier owner may have set the value since: its change can arrive when a third process has
    // the session. The version in the row tells that process that the value has been used.
    this.versions.set(key, this.nextVersion(key));
    this.toCompare.add('data');
    this.touch();
  }

  /** @returns a version of a value that is higher than any of an owner before this one */
  private nextVersion(key: string): number {
    return Math.max(this.versions.get(key) || 0, (this.term - FIRST_TERM) * OF_A_TERM) + 1;
  }

  roomChanged(room: string, isIn: boolean): void {
    this.toCompare.add('rooms');
    if (this.isGiven) return;
    this.touch();
    if (!this.session.ended) this.note(change => change.rooms.set(room, isIn));
  }

  asks(message: number): void {
    this.asked.set(message, this.store.id);
  }

  answered(message: number): void {
    this.asked.delete(message);
  }

  ended(): void {
    if (this.left) return;
    this.release();
    this.touch();
  }

  sendOn(packet: string): void {
    if (this.left) this.note(change => change.packets.push(packet));
  }

  /** A change is kept until it is written, or until it is known who else does it. */
  private note(add: (change: Change) => void): void {
    // What a client is told while Redis is gone is not told by another process as well.
    if (!this.left && !this.store.up) return;
    add(this.changes.current(this.store.cause === this.session.id));
    if (this.left) this.followSoon();
  }

  /** Something that another process would need has changed. */
  touch(): void {
    if (this.left) return;
    this.dirty = true;
    this.hold.isOn = this.store.up;
    this.store.journal.touch(this);
  }

  /** It is to be written because its row gets old. */
  refreshIf(position: number, time: number, behind: number, age: number): void {
    const isOld = position - this.at > behind || time - this.time > age;
    const isSpare = this.size > MOST_SPARE && this.session.delivery!.first > this.first;
    if (!this.dirty && (isOld || isSpare)) this.touch();
  }

  /** @returns a promise that is resolved when Redis has all so far, or cannot be asked */
  written(): Promise<void> {
    if (!this.store.up || this.left) return Promise.resolve();
    this.touch();
    return new Promise(resolve => { this.waiting.push(resolve); });
  }

  /**
   * A commit is made that writes it.
   * @param position the position in the bus up to which it has been sent all that is there for it
   */
  write(epoch: string, position: number, time: number): SessionWrite {
    const { session, term, session: { id, isForGood } } = this;
    const { first, next, received } = session.delivery!;
    const isNew = this.writtenIn !== epoch;
    this.dirty = false;
    this.at = position;
    this.time = time;
    this.writing = {
      received, first, last: next - 1, changes: this.changes.takeAll(), waiting: this.waiting,
    };
    this.waiting = [];
    this.hold.beginWriting();
    if (session.ended && !isForGood) {
      return { id, how: isNew ? 'over' : 'gone', term, fields: [], gone: [] };
    }
    const fields: SessionWrite['fields'] = [
      ['at', position], ['next', next], ['received', received], ...this.changedFields(isNew),
    ];
    const from = isNew ? first : Math.max(first, this.last + 1);
    session.delivery!.from(from).forEach((packet, i) => {
      fields.push([String(from + i), packet]);
      this.size += packet.length;
    });
    const gone: number[] = [];
    if (!isNew) {
      const end = Math.min(first, this.last + 1);
      for (let number = this.first; number < end; number++) gone.push(number);
      if (end > this.last) this.size = 0;
    }
    return { id, how: isNew ? 'whole' : 'part', term, fields, gone };
  }

  private changedFields(all: boolean): [string, string][] {
    const { session } = this;
    const state = `${Number(session.isUsed)}${Number(session.isBack)}`;
    const now: Row = {
      try: session.handshakeNumber === null ? '' : String(session.handshakeNumber),
      state,
      asked: this.asked.size === 0 && !this.fields.asked ? '[]' : toJson([...this.asked]),
    };
    if (session.isForGood) now.ended = '1';
    const { toCompare } = this;
    if (all || toCompare.has('handshake')) now.handshake = toJson(session.handshake);
    if (all || toCompare.has('rooms')) now.rooms = toJson(session.rooms);
    if (all || toCompare.has('data')) now.data = toJson(this.values());
    toCompare.clear();
    const changed: [string, string][] = [];
    for (const name of Object.keys(now)) {
      if (!all && name in SMALL && this.fields[name] === now[name]) continue;
      changed.push([name, now[name]!]);
      // The large ones are not kept: they are written when they are said to have changed.
      if (name in SMALL) this.fields[name] = now[name]!;
    }
    return changed;
  }

  /** Those that were deleted, too: a change that follows is not to bring them back. */
  private values(): [key: string, version: number, value?: unknown][] {
    const { data } = this.session;
    return Array.from(this.versions, ([key, version]) => {
      return data.has(key) ? [key, version, data.get(key)] : [key, version];
    });
  }

  /** The commit has been answered, and Redis has it. */
  onWritten(epoch: string): void {
    const { received, first, last, waiting } = this.writing!;
    this.writing = null;
    this.writtenIn = epoch;
    this.first = first;
    this.last = last;
    if (this.left) {
      this.followSoon();
    } else {
      this.hold.onWritten();
      if (!this.dirty) this.hold.clear();
      this.hold.isOn = this.dirty && this.store.up;
      this.session.delivery!.tell(received);
      this.session.transport.flushSoon();
    }
    for (const resolve of waiting) resolve();
  }

  /** The commit has been answered, and Redis does not have it: another process has the session. */
  onNotWritten(): void {
    const { changes, waiting } = this.writing!;
    this.writing = null;
    this.changes.putBack(changes);
    for (const resolve of waiting) resolve();
    if (this.left) this.followSoon();
  }

  /** Redis has lost data: all is to be written again. */
  onLost(): void {
    if (this.writing) {
      this.changes.putBack(this.writing.changes);
      this.waiting.unshift(...this.writing.waiting);
      this.writing = null;
      if (this.left) this.followSoon();
    }
    this.writtenIn = '';
    this.size = 0;
    this.touch();
  }

  /** Redis is gone: the client is told what there is, though it is not written. */
  release(): void {
    this.hold.clear();
    this.hold.isOn = false;
    this.changes.takeAll();
    if (this.writing) this.writing.changes = [];
    this.session.delivery!.tell(this.session.delivery!.received);
    this.session.transport.flushSoon();
    this.resolveWaiting();
  }

  private resolveWaiting(): void {
    const flying = this.writing ? this.writing.waiting.splice(0) : [];
    for (const resolve of [...flying, ...this.waiting.splice(0)]) resolve();
  }

  /** Another process has it now. */
  leave(): void {
    const { session } = this;
    this.left = true;
    this.dirty = false;
    if (session.isForGood) this.store.put({ to: session.id, end: true, packets: [] }, '');
    if (session.ended) session.forget();
    else session.end('moved');
    for (const resolve of this.waiting.splice(0)) resolve();
    this.followSoon();
  }

  /**
   * What is not written, and what nobody else does again, follows the session: at the end of the
   * turn, and not before it is known whether a commit that is under way has written it.
   */
  private followSoon(): void {
    if (this.isFollowing) return;
    this.isFollowing = true;
    setImmediate(() => {
      this.isFollowing = false;
      if (this.writing) return;
      for (const change of this.changes.takeAll()) this.follow(change);
    });
  }

  private follow(change: Change): void {
    if (change.byMessage) return;
    const { packets, values, rooms } = change;
    if (packets.length + values.size + rooms.size === 0) return;
    this.store.put(toEntry(this.session.id, change, this.session.data), '');
  }

  /** Goes on with a session that another process had. Its client is on its way. */
  restore(row: Row, taken: Taken, epoch: string, time: number): void {
    const { session, store } = this;
    this.term = taken.term;
    this.writtenIn = epoch;
    this.at = Number(row.at);
    this.time = time;
    this.first = taken.first;
    this.last = taken.first + taken.kept.length - 1;
    for (const name of Object.keys(SMALL)) {
      if (row[name] !== undefined) this.fields[name] = row[name]!;
    }
    session.outbox.continueFrom(taken.first, taken.kept, Number(row.received));
    session.handshakeNumber = row.try === '' ? null : Number(row.try);
    session.isBack = row.state![1] === '1';
    for (const [message, process] of JSON.parse(row.asked!) as [number, string][]) {
      this.asked.set(message, process);
    }
    for (const [key, version, ...value] of JSON.parse(row.data!) as [string, number, unknown?][]) {
      this.versions.set(key, version);
      if (value.length > 0) session.data.set(key, value[0]);
    }
    this.isGiven = true;
    for (const room of JSON.parse(row.rooms!) as string[]) store.manager.rooms.join(session, room);
    this.isGiven = false;
    this.toCompare.clear();
    for (const entry of taken.entries) this.take(entry);
  }

  /** An entry of the bus is for this session. */
  take({ packets, values = [], rooms = [], volatile }: BusEntry): void {
    let sent = packets!;
    if (values.length > 0 || rooms.length > 0) {
      // Whoever takes over next would not know that it does not count: that is written, too.
      this.touch();
      if (values.every(set => this.isUntouched(set))) this.apply(values, rooms);
      else sent = sent.filter(isAck);
    }
    for (const packet of sent) {
      const acknowledged = /^6:\d*::(\d+)/.exec(packet);
      // It has been answered, if only to say that the process that owed it was gone.
      if (acknowledged && !this.asked.delete(Number(acknowledged[1]))) continue;
      this.isGiven = true;
      this.session.send(packet, volatile);
      this.isGiven = false;
    }
  }

  /** Whether a value is as the process that has set it knew it, and nobody here goes by it yet. */
  private isUntouched({ key, before }: SetValue): boolean {
    return !this.used.has(key) && (this.versions.get(key) || 0) === before;
  }

  private apply(values: SetValue[], rooms: [string, boolean][]): void {
    const { session, store: { manager } } = this;
    for (const { key, value, after } of values) {
      this.versions.set(key, after);
      if (value === undefined) session.data.delete(key);
      else session.data.set(key, value);
    }
    if (values.length > 0) this.toCompare.add('data');
    this.isGiven = true;
    for (const [room, isIn] of rooms) manager.rooms[isIn ? 'join' : 'leave'](session, room);
    this.isGiven = false;
  }

  /** Whether a process that has left it owes its client acknowledgements. */
  get isOwed(): boolean {
    if (this.left || this.session.ended) return false;
    for (const process of this.asked.values()) if (process !== this.store.id) return true;
    return false;
  }

  /** If a process that owes acknowledgements has died, the client waits for them no longer. */
  settleDebts(time: number): void {
    for (const [ackId, process] of this.asked) {
      if (!this.store.members.isDead(process, time)) continue;
      this.asked.delete(ackId);
      this.session.send(encodePacket({ type: 'ack', ackId, args: [{ error: RESTARTED }] }));
    }
  }
}

/** The fields that are compared with those in the row. */
const SMALL: Record<string, true> = { try: true, state: true, asked: true };

/** What cannot be written as JSON does not go along. */
function toJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return '[]';
  }
}
