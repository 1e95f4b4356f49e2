/*
 * The backplane for several processes, which share their clients by Redis. server.ts makes a
 * Cluster if REDIS_URL is set. README.md in this folder has all rules on one page.
 */
import { randomBytes } from 'crypto';
import type { Handshake } from '../api';
import type { Backplane, Entry } from '../backplane';
import { now } from '../clock';
import type { Manager } from '../io/manager';
import type { Log } from '../logging';
import { notHandshaken } from '../protocol/refusal';
import { kindOf } from '../session/newest';
import type { Session } from '../session/session';
import { Bus, BusEntry } from './bus';
import { Answer, BUS_ENTRIES, commitScript, Keys, Says } from './commit';
import { Journal } from './journal';
import { Members } from './members';
import { elusive, Moves, MOST_TRIES } from './moves';
import { Redis } from './redis';
import { StoredSession, storedOf } from './stored-session';

/** The time, after SESSION_TIMEOUT, for which Redis keeps a row that nobody writes, s. */
const KEPT = 86400;
/** The age at which a row is written again, ms. Redis deletes rows that nobody writes. */
const OLD = 3600000;
/**
 * The most entries that the `at` of a row may be behind the end of the bus. A row that is further
 * behind is written again. A new owner has to find all later entries on the bus, and the bus keeps
 * only BUS_ENTRIES.
 */
const BEHIND = BUS_ENTRIES / 2;
/** The longest wait of a start for the first answer of Redis, ms. */
const START = 10000;
/**
 * The time from a loss of data to one more writing of all sessions, ms. By then, all processes have
 * written their sessions again, and have put their entries on the bus again. One process may have
 * read such an entry before the loss, and another process may not have read it. A process that
 * takes over a session after this writing does not look at these entries. Takeovers wait for longer
 * than this time (CALM in moves.ts).
 */
const RETOLD = 1500;
/**
 * The age from which a process tells the application the number of all clients, s. A younger
 * process does not know the clients of the other processes yet.
 */
const FIRST = 3;

/** The settings of the cluster. The settings in config.ts fit this shape. */
export interface ClusterOptions {
  appPath: string;
  redisUrl: string;
  /** SESSION_TIMEOUT, s. */
  sessionTimeout: number;
}

export class Cluster implements Backplane {
  readonly id = randomBytes(9).toString('base64');
  /** The number of clients that the other processes have. */
  elsewhere = 0;
  /**
   * Whether Redis answers. While Redis answers, clients get only data that Redis has.
   */
  up = true;
  /** The id of the session whose message is being handled; '' if no message is being handled. */
  cause = '';
  manager!: Manager;
  readonly names: Keys;
  readonly keptFor: number;
  readonly redis: Redis;
  readonly bus: Bus;
  readonly members = new Members(this.id);
  readonly journal: Journal = new Journal(this);
  readonly moves: Moves = new Moves(this);
  private readonly reader: Redis;
  /** Whether Redis was in trouble, and has not answered a commit since then. */
  private wasGone = false;
  /**
   * The function that is called when this process has learned its first epoch, or, with an error,
   * when Redis refuses a commit.
   */
  private onFirstEpoch: (error?: Error) => void = () => undefined;
  private hasBegun = false;

  constructor({ appPath, redisUrl, sessionTimeout }: ClusterOptions, readonly log: Log) {
    this.names = new Keys(appPath);
    this.keptFor = sessionTimeout + KEPT;
    this.redis = new Redis(redisUrl, log, commitScript());
    this.reader = new Redis(redisUrl, log);
    this.bus = new Bus(
      this.reader, this.redis, this.names, (entry, position) => this.onEntry(entry, position),
      () => this.onGap(),
    );
  }

  /**
   * Connects to Redis, and waits until Redis has answered the first commit.
   * @throws Error if Redis cannot be reached or refuses the commit; the message of the error has no
   * password in it
   */
  async open(): Promise<void> {
    try {
      await this.reader.open(ready => { if (ready) void this.bus.follow(); });
      await this.redis.open(ready => this.onConnection(ready));
      await this.begin();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /**
   * Waits until Redis has answered the first commit.
   * @throws Error if Redis refuses the commit, or does not answer within 10 s
   */
  private begin(): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error('no answer')), START);
      this.onFirstEpoch = error => {
        clearTimeout(late);
        if (error) reject(error);
        else resolve();
      };
      this.journal.soon();
    });
  }

  close(): void {
    this.journal.close();
    this.redis.close();
    this.reader.close();
  }

  /** Tells the cluster which manager has the sessions of this process. */
  attach(manager: Manager): this {
    this.manager = manager;
    return this;
  }

  get state(): 'ok' | 'gone' {
    return this.up && this.redis.ready ? 'ok' : 'gone';
  }

  /** Always true: the data of a session that has moved was JSON in Redis. */
  get copies(): boolean {
    return true;
  }

  get readByAll(): number {
    return Math.min(this.members.readByAll(now()), this.bus.position);
  }

  get clients(): number {
    return this.manager ? this.manager.clients : 0;
  }

  get sessions(): Iterable<Session> {
    return this.manager ? this.manager.sessions.values() : [];
  }

  private onConnection(ready: boolean): void {
    if (!ready) {
      this.wasGone = true;
      return;
    }
    // Redis may be back with older data, in which an earlier owner has a session. Takeovers wait
    // until all processes have made commits. These commits show whether Redis has older data.
    if (this.wasGone) {
      this.moves.onTrouble();
      this.journal.soon();
    }
    this.journal.send();
  }

  /**
   * Notes that Redis has answered a commit.
   * @param peers the reports of all processes, by their ids; null if the commit did not ask for
   * them
   */
  onAnswered(peers: Map<string, Says> | null): void {
    if (!this.up) {
      this.up = true;
      this.moves.onTrouble();
    }
    if (this.wasGone) this.log.info('Redis is back');
    this.wasGone = false;
    if (!peers) return;
    const time = now();
    for (const id of this.members.hear(peers, time)) {
      this.redis.call('hdel', this.names.procs, id).catch(() => undefined);
    }
    this.elsewhere = this.members.clientsElsewhere(time);
    this.journal.unread.onAllRead(this.readByAll);
  }

  /** Begins a new epoch: this process is new, or Redis has lost data. */
  onEpoch({ epoch, tail, peers }: Answer & { lost: true }): void {
    if (!this.hasBegun) {
      this.hasBegun = true;
      for (const [id, { lastEntry }] of peers) this.bus.skip(id, lastEntry);
      this.bus.begin(epoch, tail);
      this.onFirstEpoch();
      return;
    }
    this.log.warn('Redis has lost data: this process writes everything again');
    this.onAnswered(null);
    this.moves.onTrouble();
    this.members.onLost();
    this.bus.begin(epoch, 0);
    setTimeout(() => {
      // After another loss in the meantime, the timer of that loss does this.
      if (this.journal.epoch === epoch) this.forAll(stored => stored.settle());
    }, RETOLD).unref();
  }

  /**
   * Logs that Redis refuses a commit, for example because Redis has no memory left. journal.ts
   * sends the commit again.
   */
  onRefused(why: string): void {
    this.onFirstEpoch(new Error(why));
    this.wasGone = true;
    this.log.error('Redis:', why);
  }

  onSlow(): void {
    if (!this.up) return;
    this.up = false;
    this.wasGone = true;
    if (this.redis.ready) this.log.error('Redis does not answer');
    this.journal.giveUpTakes();
    this.forAll(stored => stored.release());
  }

  onMoved(stored: StoredSession): void {
    this.moves.leave(stored);
  }

  /**
   * Handles a gap: Redis has deleted entries that this process has not read, because this process
   * was paused for too long.
   */
  private onGap(): void {
    this.log.error('messages for all were lost: this process has not read them in time');
    this.forAll(stored => stored.touch());
  }

  private forAll(act: (stored: StoredSession) => void): void {
    for (const session of this.sessions) {
      const stored = storedOf(session);
      if (stored) act(stored);
    }
  }

  /** Acts on a new entry of the bus. */
  private onEntry(entry: BusEntry, position: number): void {
    if (entry.from === this.id) this.journal.unread.onRead(entry.number!, position);
    if (!this.manager) return;
    const { moved, term, room, to } = entry;
    if (moved !== undefined) {
      const stored = this.stored(moved);
      if (stored && term! > stored.term) this.moves.leave(stored);
    } else if (room !== undefined) this.tellRoom(entry, room);
    else this.tellOne(entry, this.manager.sessions.get(to!));
  }

  private stored(id: string): StoredSession | null {
    const session = this.manager.sessions.get(id);
    return session ? storedOf(session) : null;
  }

  private tellRoom(entry: BusEntry, room: string): void {
    const { except = [], packets, volatile } = entry;
    const left = new Set(except);
    const kind = volatile === undefined ? undefined : kindOf(volatile, room);
    for (const session of this.manager.allRooms.in(room)) {
      if (left.has(session.id)) continue;
      const stored = storedOf(session);
      if (stored) stored.take(entry);
      else session.send(packets![0]!, kind);
    }
  }

  private tellOne(entry: BusEntry, session: Session | undefined): void {
    if (!session) return;
    const stored = storedOf(session);
    if (stored) stored.take(entry);
    else for (const packet of entry.packets!) session.send(packet);
    if (entry.end) session.end('booted');
  }

  /** Makes the keeper of a session, by which another process can go on with the session. */
  keep(session: Session): StoredSession {
    return new StoredSession(session, this);
  }

  publish({ packet, room, except, volatile, to, end }: Entry): void {
    if (volatile !== undefined && !this.up) return;
    const packets = packet === undefined ? [] : [packet];
    if (room !== undefined) {
      const left = except && except.length > 0 ? { except } : {};
      const isValue = volatile === undefined ? {} : { volatile };
      this.put({ room, packets, ...left, ...isValue }, this.cause);
    } else if (end !== undefined) this.put({ to: end, end: true, packets }, this.cause);
    else this.put({ to: to!, packets }, this.cause);
  }

  /**
   * Puts an entry on the bus, for all processes. This process, too, acts on the entry only when it
   * reads the entry on the bus. So all processes act on the entries in the same order.
   * @param cause the id of the session whose message causes the entry; '' if no message causes it
   */
  put(entry: BusEntry, cause: string): void {
    this.journal.unread.add(entry, cause, this.up);
    this.journal.soon();
  }

  async enter(handshake: Handshake, admit: () => string): Promise<string> {
    const { session: id, got } = handshake.query;
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      if (typeof id === 'string' && got !== undefined) {
        await this.moves.fetch(id, { handshakeNumber: null, got: Number(got), handshake });
      }
      const told = admit();
      const stored = this.stored(told.split(':')[0]!);
      if (!stored) return told;
      await stored.written();
      if (!stored.left) return told;
    }
    throw elusive();
  }

  bring(
    session: Session | undefined, id: string, handshakeNumber: number | null, got: number,
  ): Promise<void> | null {
    if (handshakeNumber !== null && session && session.isOf(handshakeNumber)) return null;
    return this.moves.fetch(id, { handshakeNumber, got });
  }

  handle(
    session: Session, handshakeNumber: number | null, act: (session: Session) => void,
  ): Promise<void> | null {
    if (storedOf(session)) return this.handleUntilWritten(session, handshakeNumber, act);
    act(session);
    return null;
  }

  /**
   * Lets a session handle a request of its client, and waits until Redis has all changes. If the
   * session has moved before the changes were written, the new owner knows nothing of the changes.
   * This process then takes the session back, and calls `act` again.
   * @param first the session, as this process knows it now
   * @param handshakeNumber the handshake that the request belongs to
   * @param act the function that handles the request
   * @throws Refusal if the session cannot go on here; the client has to send the request again
   */
  private async handleUntilWritten(
    first: Session, handshakeNumber: number | null, act: (session: Session) => void,
  ): Promise<void> {
    const { id } = first;
    let session: Session | undefined = first;
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const stored = session ? storedOf(session) : null;
      const hasMoved = stored !== null && stored.left;
      if (!session || !(hasMoved || session.isOf(handshakeNumber))) throw notHandshaken();
      if (stored && !hasMoved) {
        act(session);
        await stored.written();
        if (!stored.left) return;
      }
      await this.moves.fetch(id, { handshakeNumber, got: 0 });
      session = this.manager.sessions.get(id);
    }
    throw elusive();
  }

  causing(session: Session, act: () => void): void {
    this.cause = storedOf(session) ? session.id : '';
    try {
      act();
    } finally {
      this.cause = '';
    }
  }

  /**
   * Does nothing. This process learns the number of all clients once a second, and sweep() tells
   * the application.
   */
  onClients(): void {}

  /**
   * Writes old rows, and makes the commit that is due each second. Called about once a second.
   * @param time the present time, by the clock that only goes forward, ms
   */
  sweep(time: number): void {
    const { unread } = this.journal;
    if (unread.lost > 0) {
      this.log.error(`${unread.lost} messages could not be kept until Redis is back`);
      unread.lost = 0;
    }
    this.forAll(stored => stored.refreshIf(this.bus.position, time, BEHIND, OLD));
    this.moves.sweep(time);
    this.journal.beat();
    // The application learns the number of clients even while Redis is gone, because clients still
    // come to this process.
    if (process.uptime() > FIRST) this.manager.onCount();
  }
}
