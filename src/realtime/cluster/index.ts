/*
 * What several processes share, by Redis; server.ts makes it if REDIS_URL is set. README.md beside
 * this file has all of its rules on one page.
 */
import { randomBytes } from 'crypto';
import type { Handshake } from '../api';
import type { Backplane, Entry } from '../backplane';
import { now } from '../clock';
import type { Manager } from '../io/manager';
import type { Log } from '../logging';
import { notHandshaken } from '../protocol/refusal';
import type { Session } from '../session/session';
import { Bus, BusEntry } from './bus';
import { Answer, BUS_ENTRIES, commitScript, Keys, Says } from './commit';
import { Journal } from './journal';
import { Members } from './members';
import { elusive, Moves, MOST_TRIES } from './moves';
import { Redis } from './redis';
import { StoredSession, storedOf } from './stored-session';

/** How long Redis keeps the row of a session that nobody writes, beyond SESSION_TIMEOUT, s. */
const KEPT = 86400;
/** A row that is older is written again, ms. */
const OLD = 3600000;
/** As is one that has fallen so far behind the bus, entries: others have to find them there. */
const BEHIND = BUS_ENTRIES / 2;
/** How long a start waits for the first answer, ms. */
const START = 10000;
/**
 * So long after a loss the entries are on the bus that processes put there again, ms. One process
 * may have read them before, another not: each session is written again then, and who takes it over
 * later does not look at them. Takeovers wait for longer (moves.ts).
 */
const RETOLD = 1500;
/** In the first seconds of a process it does not know the others, s. */
const FIRST = 3;

/** What the cluster needs to know; config.ts fits. */
export interface ClusterOptions {
  appPath: string;
  redisUrl: string;
  /** s. */
  sessionTimeout: number;
}

export class Cluster implements Backplane {
  readonly id = randomBytes(9).toString('base64');
  /** How many clients the other processes have. */
  elsewhere = 0;
  /** Whether clients are told nothing that is not written: Redis answers. */
  up = true;
  /** The session whose message is being handled; '' for none. */
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
  /** Whether Redis was in trouble, and has taken nothing since. */
  private wasGone = false;
  /** Called once, when the first epoch is known or there is none to be known. */
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
   * Connects.
   * @throws Error if Redis cannot be reached; its message has no password in it
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

  /** @throws Error if Redis does not answer within 10 s */
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

  /** Sets for which clients it is. */
  attach(manager: Manager): this {
    this.manager = manager;
    return this;
  }

  get state(): 'ok' | 'gone' {
    return this.up && this.redis.ready ? 'ok' : 'gone';
  }

  /** What Redis has of a session is JSON. */
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
    if (ready) this.journal.send();
    else this.wasGone = true;
  }

  /** Redis has answered a commit. */
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

  /** Redis is new to this process, or has lost data. */
  onEpoch({ epoch, tail, peers }: Answer & { lost: true }): void {
    if (!this.hasBegun) {
      this.hasBegun = true;
      for (const [id, { lastEntry }] of peers) this.bus.skip(id, lastEntry);
      this.bus.begin(epoch, tail);
      this.onFirstEpoch();
      return;
    }
    this.log.warn('Redis has lost data: all is written again');
    this.moves.onTrouble();
    this.members.onLost();
    this.bus.begin(epoch, 0);
    setTimeout(() => this.touchAll(), RETOLD).unref();
  }

  /** Redis answers, and takes nothing: it has no memory left, say. It is asked again. */
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
    for (const session of this.sessions) {
      const stored = storedOf(session);
      if (stored) stored.release();
    }
  }

  onMoved(stored: StoredSession): void {
    this.moves.leave(stored);
  }

  /** Entries are gone that this process has not read: it was paused for too long. */
  private onGap(): void {
    this.log.error('messages for all were lost: this process has not read them in time');
    this.touchAll();
  }

  private touchAll(): void {
    for (const session of this.sessions) {
      const stored = storedOf(session);
      if (stored) stored.touch();
    }
  }

  /** An entry has been read from the bus. */
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
    for (const session of this.manager.rooms.in(room)) {
      if (left.has(session.id)) continue;
      const stored = storedOf(session);
      if (stored) stored.take(entry);
      else session.send(packets![0]!, volatile);
    }
  }

  private tellOne(entry: BusEntry, session: Session | undefined): void {
    if (!session) return;
    const stored = storedOf(session);
    if (stored) stored.take(entry);
    else for (const packet of entry.packets!) session.send(packet);
    if (entry.end) session.end('booted');
  }

  /** Makes a session one that another process can go on with. */
  keep(session: Session): StoredSession {
    return new StoredSession(session, this);
  }

  publish({ packet, room, except, volatile, to, end }: Entry): void {
    if (volatile && !this.up) return;
    const packets = packet === undefined ? [] : [packet];
    if (room !== undefined) {
      const left = except && except.length > 0 ? { except } : {};
      this.put({ room, packets, ...left, ...volatile ? { volatile } : {} }, this.cause);
    } else if (end !== undefined) this.put({ to: end, end: true, packets }, this.cause);
    else this.put({ to: to!, packets }, this.cause);
  }

  /**
   * An entry goes on the bus, for all processes: this one reads it there as well, so that all have
   * the same order.
   * @param cause the session whose message causes it; '' for none
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
   * Only what is written counts: of the rest another process knows nothing, so it is done again.
   * @throws Refusal if it does not count, and the client has to send it again
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

  /** The total is known once a second: sweep() tells it then. */
  onClients(): void {}

  /** To be called about once a second. */
  sweep(time: number): void {
    const { unread } = this.journal;
    if (unread.lost > 0) {
      this.log.error(`${unread.lost} messages could not be kept until Redis is back`);
      unread.lost = 0;
    }
    for (const session of this.sessions) {
      const stored = storedOf(session);
      if (stored) stored.refreshIf(this.bus.position, time, BEHIND, OLD);
    }
    this.moves.sweep(time);
    this.journal.beat();
    // While Redis is gone, too: clients that come are told.
    if (process.uptime() > FIRST) this.manager.onCount();
  }
}
