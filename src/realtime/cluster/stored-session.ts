/*
 * A StoredSession lets another process go on with a session. The StoredSession knows which changes
 * of the session are in Redis, and which changes are not. The client is told of a change only when
 * the change is in Redis. Each session of a client of public/realtime.js has a StoredSession.
 * journal.ts writes the session; moves.ts brings the session here, and lets it go.
 */
import type { Handshake } from '../api';
import { isAck } from '../session/delivery';
import type { Keeper } from '../session/keeper';
import { kindOf } from '../session/newest';
import type { Session } from '../session/session';
import { encodePacket } from '../protocol/write';
import type { BusEntry, SetValue } from './bus';
import { Change, Changes, toEntry } from './changes';
import type { Row, SessionWrite } from './commit';
import { UnwrittenHold } from './hold';
import type { Members } from './members';
import type { Taken } from './takeover';

/**
 * The error that a page gets in place of an answer that will not come any more. The text is the
 * same in public/realtime.js.
 */
const RESTARTED = 'the server was restarted before it answered';
/**
 * The largest size of the messages in a row, characters. If the messages are larger, and the client
 * has some of them, the session is written again. This writing deletes the messages that the client
 * has.
 */
const MOST_SPARE = 4000;

/** The term of the process that opens a session. Each takeover adds 1. */
const FIRST_TERM = 1;
/** The number of versions that one owner can give to a value. No session needs as many. */
const OF_A_TERM = 1e9;

/** The parts of the cluster that a stored session needs. */
export interface SessionStore {
  /** The id of this process. */
  readonly id: string;
  /** The id of the session whose message is being handled; '' if no message is being handled. */
  readonly cause: string;
  /**
   * Whether Redis answers. While Redis answers, clients get only data that Redis has.
   */
  readonly up: boolean;
  readonly members: Members;
  readonly journal: { touch(session: StoredSession): void };
  readonly manager: {
    readonly allRooms: { join(session: Session, room: string): void;
      leave(session: Session, room: string): void; };
    readonly middleware: { pack(handshake: Handshake): string };
  };
  put(entry: BusEntry, cause: string): void;
}

/** The part of the commit under way that writes this session. */
interface Writing {
  received: number;
  first: number;
  last: number;
  changes: Change[];
  waiting: (() => void)[];
  isSettled: boolean;
}

/**
 * @returns the StoredSession of a session; null for a session with which no other process can go on
 */
export function storedOf({ keeper }: Session): StoredSession | null {
  return keeper instanceof StoredSession ? keeper : null;
}

export class StoredSession implements Keeper {
  /**
   * The term of the session: each takeover adds 1. A process whose term is lower than the term in
   * the row no longer owns the session.
   */
  term = FIRST_TERM;
  /** Whether another process has the session now. */
  left = false;
  /** Whether the next commit is to write the session. */
  dirty = false;
  /**
   * The `at` of the row: the row has all entries for the session up to this position on the bus.
   */
  at = 0;
  /** The time at which the last commit of the session was made, ms. */
  time = 0;
  /**
   * For each message for which the client waits for an acknowledgement, by its number: the id of
   * the process that owes the acknowledgement.
   */
  private readonly asked = new Map<number, string>();
  /**
   * The version of each value, by the value's key. The version grows each time that the value is
   * set, and when a new owner uses the value for the first time.
   */
  private readonly versions = new Map<string, number>();
  /** The keys of the values that this process has used since the session came here. */
  private readonly used = new Set<string>();
  /**
   * The epoch in which the row was written last; '' if Redis has no row yet, or has lost the row.
   */
  private writtenIn = '';
  /** The numbers of the first and the last message in the row. */
  private first = 1;
  private last = 0;
  /**
   * The size of the messages in the row, characters. A message that was deleted counts until all
   * messages of the row are deleted.
   */
  private size = 0;
  /** The small fields (SMALL), as they are in the row. */
  private fields: Row = {};
  /** The names of the large fields that may differ from the row. */
  private readonly toCompare = new Set(['handshake', 'rooms', 'data']);
  private readonly changes = new Changes();
  /**
   * Whether the client is told of a commit when Redis has it. After a loss of data, two processes
   * may have the session: one process had taken it over, and the other had not read that on the bus
   * yet. Both write the session again. If the process with the lower term comes first, the other
   * process overwrites the row. So the client is told nothing until all processes have written
   * their sessions. Until then, the row is `unsettled`, and no process takes the session over.
   */
  private isSettled = true;
  /** The changes in the row that another process may overwrite. */
  private unsettled: Change[] = [];
  private writing: Writing | null = null;
  private waiting: (() => void)[] = [];
  /**
   * Whether the session just gets packets or rooms that Redis has already, on the bus or in the
   * row. Such packets and rooms are not noted as changes.
   */
  private isGiven = false;
  private isFollowing = false;
  /**
   * The keys of the client's rooms when the session left this process, with its namespaces. The
   * list is empty until the handlers of 'disconnect' have run: if a handler leaves a room, as many
   * applications do, the client stays in this room in the next process.
   */
  private roomsAtLeave: string[] = [];
  /**
   * Whether the session had changes while Redis did not answer. Such changes are not noted (note,
   * release), and the row in Redis does not have them yet.
   */
  private isAhead = false;
  private readonly hold = new UnwrittenHold();

  constructor(readonly session: Session, private readonly store: SessionStore) {
    session.outbox.hold = this.hold;
  }

  /**
   * Says whether the client has to wait for Redis: the client is told that its message has arrived
   * only when Redis has written that.
   */
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

  /** Says whether a message of another session is being handled. */
  private get isForOther(): boolean {
    return this.store.cause !== '' && this.store.cause !== this.session.id;
  }

  /**
   * Sends to this session by the bus. A message of another session has caused the entry. One commit
   * writes the message and the entry, so the entry counts only if the message counts.
   * @returns false: the session does not send the packet itself (Keeper.sends, Keeper.boots)
   */
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
    // An earlier owner may have set the value since, and the change may arrive when a third process
    // has the session. The version in the row tells the third process that the value has been used.
    this.versions.set(key, this.nextVersion(key));
    this.toCompare.add('data');
    this.touch();
  }

  /** @returns a version that is higher than each version that an earlier owner has given a value */
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
    this.isSettled = true;
    this.touch();
  }

  sendOn(packet: string): void {
    if (this.left) this.note(change => change.packets.push(packet));
  }

  roomOn(room: string, isIn: boolean): void {
    // A client that had left a namespace joins no room of the namespace.
    const namespace = room.slice(0, room.indexOf('\n'));
    if (!this.left || !this.roomsAtLeave.includes(namespace)) return;
    this.note(change => change.rooms.set(room, isIn));
  }

  /**
   * Notes a change. The note is kept until Redis has the change. If the session moves before that,
   * follow() decides about the change.
   */
  private note(add: (change: Change) => void): void {
    // While Redis is gone, the client is told of a change at once. If the change were noted,
    // another process would tell the client again.
    if (!this.left && !this.store.up) {
      this.isAhead = true;
      return;
    }
    add(this.changes.current(this.store.cause === this.session.id));
    if (this.left) this.followSoon();
  }

  /** Marks the session for the next commit, because data that another process needs has changed. */
  touch(): void {
    if (this.left) return;
    this.dirty = true;
    this.hold.isOn = this.store.up;
    this.store.journal.touch(this);
  }

  /**
   * Marks the session for the next commit if its row is old, or has too many messages that the
   * client already has.
   * @param position the position of the last entry of the bus that this process has read
   * @param time the present time, by the clock that only goes forward, ms
   * @param behind the most entries that the row may be behind this position
   * @param age the greatest age of the row, ms
   */
  refreshIf(position: number, time: number, behind: number, age: number): void {
    const isOld = position - this.at > behind || time - this.time > age;
    const isSpare = this.size > MOST_SPARE && this.session.delivery!.first > this.first;
    if (!this.dirty && (isOld || isSpare)) this.touch();
  }

  /**
   * @returns a promise that is resolved when Redis has all changes made until now; it is also
   * resolved if Redis does not answer, or another process has the session
   */
  written(): Promise<void> {
    if (!this.store.up || this.left) return Promise.resolve();
    this.touch();
    return new Promise(resolve => { this.waiting.push(resolve); });
  }

  /**
   * Puts all changes of the session into a commit.
   * @param epoch the epoch of the commit
   * @param position the position on the bus up to which the session has got all entries for it
   * @param time the present time, by the clock that only goes forward, ms
   * @returns the part of the commit that writes the session
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
      isSettled: this.isSettled,
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
    if (!this.isSettled || this.fields.unsettled) now.unsettled = this.isSettled ? '' : '1';
    const { toCompare } = this;
    if (all || toCompare.has('handshake')) {
      now.handshake = this.store.manager.middleware.pack(session.handshake);
    }
    if (all || toCompare.has('rooms')) now.rooms = toJson(session.rooms);
    if (all || toCompare.has('data')) now.data = toJson(this.values());
    toCompare.clear();
    const changed: [string, string][] = [];
    for (const name of Object.keys(now)) {
      if (!all && name in SMALL && this.fields[name] === now[name]) continue;
      changed.push([name, now[name]!]);
      // Only the small fields are kept for a comparison. A large field is written when it is named
      // in toCompare.
      if (name in SMALL) this.fields[name] = now[name]!;
    }
    return changed;
  }

  /**
   * Lists the values for the row. The list has deleted values, too: a key and a version without a
   * value. Otherwise an older change that comes by the bus could bring back a deleted value.
   * @returns each value that was ever set, with its key and version
   */
  private values(): [key: string, version: number, value?: unknown][] {
    const { data } = this.session;
    return Array.from(this.versions, ([key, version]) => {
      return data.has(key) ? [key, version, data.get(key)] : [key, version];
    });
  }

  /**
   * Sends the client the packets that Redis has now, because a commit has written the session. If
   * the session is not settled, the packets wait.
   * @param epoch the epoch of the commit
   */
  onWritten(epoch: string): void {
    const { received, first, last, changes, waiting, isSettled } = this.writing!;
    this.writing = null;
    this.writtenIn = epoch;
    this.first = first;
    this.last = last;
    if (!isSettled) this.unsettled.push(...changes);
    else this.unsettled = [];
    if (this.left) {
      this.takeUnsettledBack();
      this.followSoon();
    } else if (!isSettled) {
      this.waiting.unshift(...waiting);
      return;
    } else {
      this.hold.onWritten();
      if (!this.dirty) {
        this.hold.clear();
        this.isAhead = false;
      }
      this.hold.isOn = this.dirty && this.store.up;
      this.session.delivery!.tell(received);
      this.session.transport.flushSoon();
    }
    for (const resolve of waiting) resolve();
  }

  /**
   * Takes the changes of a commit back. Redis has not written the session, because another process
   * has it.
   */
  onNotWritten(): void {
    const { changes, waiting } = this.writing!;
    this.writing = null;
    this.changes.putBack(changes);
    this.takeUnsettledBack();
    for (const resolve of waiting) resolve();
    if (this.left) this.followSoon();
  }

  /**
   * Takes the changes in a row back that was not settled. Nobody takes over such a row, so another
   * process has overwritten it.
   */
  private takeUnsettledBack(): void {
    this.changes.putBack(this.unsettled);
    this.unsettled = [];
  }

  /** Marks the whole session for the next commit, because Redis has lost data. */
  onLost(): void {
    if (this.writing) {
      this.changes.putBack(this.writing.changes);
      this.waiting.unshift(...this.writing.waiting);
      this.writing = null;
    }
    if (this.left) {
      // No later commit of this process writes the session, so nothing is left to wait for.
      for (const resolve of this.waiting.splice(0)) resolve();
      this.followSoon();
    }
    this.writtenIn = '';
    this.isSettled = this.session.ended;
    this.size = 0;
    this.touch();
  }

  /**
   * Marks the session for one more commit after a loss of data. All processes have written their
   * sessions again by now, so this commit shows whether another process has the session, too.
   */
  settle(): void {
    this.isSettled = true;
    this.touch();
  }

  /**
   * Sends the client all packets that are held back, even if Redis does not have them. Called when
   * Redis does not answer, or when the session has ended.
   */
  release(): void {
    this.hold.clear();
    this.hold.isOn = false;
    if (!this.store.up) this.isAhead = true;
    this.changes.takeAll();
    this.unsettled = [];
    if (this.writing) this.writing.changes = [];
    this.session.delivery!.tell(this.session.delivery!.received);
    this.session.transport.flushSoon();
    this.resolveWaiting();
  }

  private resolveWaiting(): void {
    const flying = this.writing ? this.writing.waiting.splice(0) : [];
    for (const resolve of [...flying, ...this.waiting.splice(0)]) resolve();
  }

  /** Ends the session in this process, because another process has it now. */
  leave(): void {
    const { session } = this;
    this.left = true;
    this.dirty = false;
    const rooms = session.rooms.slice();
    if (!this.writing) this.takeUnsettledBack();
    if (this.isAhead) this.noteAcks();
    if (session.isForGood) this.store.put({ to: session.id, end: true, packets: [] }, '');
    if (session.ended) session.forget();
    else session.end('moved');
    this.roomsAtLeave = rooms;
    for (const resolve of this.waiting.splice(0)) resolve();
    this.followSoon();
  }

  /**
   * Notes the acknowledgements that the client may not have. Redis may have them, but in a row that
   * another process overwrites. The new owner drops those that it has given itself.
   */
  private noteAcks(): void {
    const delivery = this.session.delivery!;
    const acks = delivery.from(delivery.first).filter(isAck);
    if (acks.length > 0) this.changes.current(false).packets.push(...acks);
  }

  /**
   * Puts unwritten changes on the bus for the new owner, at the end of this turn. Changes that a
   * message of the client has caused are left out, because the new owner handles the message again.
   * If a commit is under way, all changes wait for the answer of Redis, because the commit may
   * write them.
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

  /**
   * Fills this new session with its data from the process that had the session. The request of the
   * client is handled after this.
   * @param row the row of the session in Redis
   * @param taken the messages and the entries with which the session goes on
   * @param epoch the epoch of the row
   * @param time the present time, by the clock that only goes forward, ms
   */
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
    const { allRooms } = store.manager;
    for (const room of JSON.parse(row.rooms!) as string[]) allRooms.join(session, room);
    this.isGiven = false;
    this.toCompare.clear();
    for (const entry of taken.entries) this.take(entry);
  }

  /** Acts on an entry of the bus that is for this session. */
  take({ packets, values = [], rooms = [], room, volatile }: BusEntry): void {
    const kind = volatile === undefined ? undefined : kindOf(volatile, room);
    let sent = packets!;
    if (values.length > 0 || rooms.length > 0) {
      // The next commit writes the session, so that `at` is behind this entry. Otherwise a later
      // owner would read the entry, too. That owner would not know which values were used here, and
      // could apply values that were refused here.
      this.touch();
      if (values.every(set => this.isUntouched(set))) this.apply(values, rooms);
      else sent = sent.filter(isAck);
    }
    for (const packet of sent) {
      const acknowledged = /^6:\d*::(\d+)/.exec(packet);
      // If the message is not in `asked`, the client has an answer already: settleDebts has told
      // the client that the process was gone.
      if (acknowledged && !this.asked.delete(Number(acknowledged[1]))) continue;
      this.isGiven = true;
      this.session.send(packet, kind);
      this.isGiven = false;
    }
  }

  /**
   * Says whether an entry may set a value. It may if the value here is still the value that the old
   * owner has replaced, and this process has not used the value.
   */
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
    for (const [room, isIn] of rooms) manager.allRooms[isIn ? 'join' : 'leave'](session, room);
    this.isGiven = false;
  }

  /** Says whether the client waits for an acknowledgement that another process owes. */
  get isOwed(): boolean {
    if (this.left || this.session.ended) return false;
    for (const process of this.asked.values()) if (process !== this.store.id) return true;
    return false;
  }

  /**
   * Sends an error for each acknowledgement that a dead process owes. Otherwise the client would
   * wait for the acknowledgement for ever.
   * @param time the present time, by the clock that only goes forward, ms
   */
  settleDebts(time: number): void {
    for (const [ackId, process] of this.asked) {
      if (!this.store.members.isDead(process, time)) continue;
      this.asked.delete(ackId);
      this.session.send(encodePacket({ type: 'ack', ackId, args: [{ error: RESTARTED }] }));
    }
  }
}

/** The small fields. A commit writes a small field only if the field differs from the row. */
const SMALL: Record<string, true> = { try: true, state: true, asked: true, unsettled: true };

/**
 * @returns the value as JSON; '[]' if JSON.stringify refuses the value, which then does not go to a
 * new owner
 */
function toJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return '[]';
  }
}
