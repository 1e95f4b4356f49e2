/*
 * What several processes share, by Redis; server.ts makes it if REDIS_URL is set. What changes in a process is written (commits.ts, of
 * each session shared.ts), what is for all goes over the bus (outgoing.ts, bus.ts), sessions come and go by moves.ts.
 */
import { randomBytes } from 'crypto';
import type { Log } from '../logging';
import type { Handshake } from '../api';
import type { Backplane, Entry } from '../backplane';
import type { Manager } from '../io/manager';
import type { Session } from '../session/session';
import { Bus, BusEntry, Read } from './bus';
import { Commits } from './commits';
import { Members } from './members';
import { Moves } from './moves';
import { enter, handOn } from './moving';
import { Outgoing } from './outgoing';
import { Redis } from './redis';
import { COMMIT, TAKE } from './scripts';
import { Shared, sharedOf } from './shared';

/** How often a session that says nothing is written, so that Redis keeps it, ms. */
const REFRESH = 60000;

/** What the cluster needs to know; config.ts fits. */
export interface ClusterOptions {
  appPath: string;
  redisUrl: string;
  /** s. */
  sessionTimeout: number;
}

/**
 * Each client has one process, its session's owner. Clients of public/realtime.js are told nothing that is not written: whoever takes
 * over a session goes on exactly where the client saw it.
 */
export class Cluster implements Backplane {
  readonly id = randomBytes(9).toString('base64');
  /** How many clients the other processes have. */
  elsewhere = 0;
  /** Whether Redis answers. */
  up = false;
  /** The session whose message is being handled. */
  cause = '';
  /** Whether it was gone, and has taken nothing since. */
  private gone = false;
  manager!: Manager;
  readonly prefix: string;
  readonly redis: Redis;
  readonly bus: Bus;
  readonly members: Members;
  /** How long Redis keeps what nobody writes any more, s: longer than a session may be away. */
  readonly keptFor: number;
  private readonly reader: Redis;
  private readonly outgoing = new Outgoing(this.id, entry => this.tell(entry, false));
  readonly commits: Commits = new Commits(this, this.outgoing);
  readonly moves: Moves = new Moves(this);

  constructor({ appPath, redisUrl, sessionTimeout }: ClusterOptions, readonly log: Log) {
    this.prefix = `socket.io:${appPath}:`;
    this.redis = new Redis(redisUrl, log, [COMMIT, TAKE]);
    this.reader = new Redis(redisUrl, log);
    this.bus = new Bus(this.reader, `${this.prefix}bus`, read => this.onRead(read));
    this.keptFor = sessionTimeout + 2 * REFRESH / 1000;
    this.members = new Members(this.redis, `${this.prefix}procs`, this.id, this.keptFor);
  }

  /**
   * Connects.
   * @throws Error if Redis cannot be reached; its message has no password in it
   */
  async open(): Promise<void> {
    try {
      await this.reader.open(ready => { if (ready) void this.bus.follow(); });
      await this.bus.begin();
      await this.redis.open(ready => this.onReady(ready));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    this.redis.close();
    this.reader.close();
  }

  /** Redis answers, or does not any more. */
  onReady(ready: boolean): void {
    this.up = ready;
    if (!this.manager) return; // the first time
    if (!ready) {
      this.gone = true;
      this.releaseAll();
      return;
    }
    if (this.commits.idle) this.outgoing.again(); // else it was slow, and has them
    for (const session of this.manager.sessions.values()) {
      const shared = sharedOf(session);
      if (!shared) continue;
      shared.stored.whole = true;
      shared.touch();
    }
    this.commits.soon();
  }

  /** Redis has taken a command. */
  onTaken(): void {
    if (!this.up && this.redis.ready) this.onReady(true); // it was slow
    if (this.gone) this.log.info('Redis is back');
    this.gone = false;
  }

  /** Redis answers, and takes nothing: it has no memory left, say, or is a copy that is only read. It is asked again once a second. */
  onRefused(why: string): void {
    this.log.error('Redis:', why);
    if (this.up) this.onReady(false);
  }

  /** Sets for which clients it is. */
  attach(manager: Manager): this {
    this.manager = manager;
    return this;
  }

  /** Makes a session one that another process can go on with. */
  keep(session: Session): Shared {
    return new Shared(session, this);
  }

  enter(handshake: Handshake, admit: () => string): Promise<string> {
    return enter(this, handshake, admit);
  }

  bring(session: Session | undefined, id: string, handshakeNumber: number | null): Promise<void> | null {
    if (handshakeNumber !== null && session && session.isOf(handshakeNumber)) return null;
    return this.moves.fetch(id, handshakeNumber === null ? '' : String(handshakeNumber));
  }

  handle(session: Session, handshakeNumber: number | null, act: (session: Session) => void): Promise<void> | null {
    if (sharedOf(session)) return handOn(this, session, handshakeNumber, act);
    act(session);
    return null;
  }

  causing(session: Session, act: () => void): void {
    this.cause = sharedOf(session) ? session.id : '';
    try {
      act();
    } finally {
      this.cause = '';
    }
  }

  /** The total is known once a second: sweep() tells it then. */
  onClients(): void {}

  get state(): 'ok' | 'gone' {
    return this.up ? 'ok' : 'gone';
  }

  /** What Redis has of a session is JSON. */
  get copies(): boolean {
    return true;
  }

  /** Puts something on the bus, for all processes: this one reads it there as well, so that all have the same order. */
  publish(entry: Entry): void {
    this.outgoing.add(entry, this.cause, this.up);
    this.commits.soon();
  }

  /** What is kept from clients until it is written goes to them as it is. */
  private releaseAll(): void {
    for (const session of this.manager.sessions.values()) {
      const shared = sharedOf(session);
      if (shared) shared.letGo();
    }
    this.outgoing.onGone();
  }

  private onRead(read: Read): void {
    this.moves.onRead(read);
    const [, entry] = read;
    if (!this.manager || (entry.from === this.id && !this.outgoing.onRead(entry.number!))) return;
    this.tell(entry, true);
    const { moved, term, end } = entry;
    const session = this.manager.sessions.get(moved || end || '');
    if (session && end) session.end('booted');
    else if (session && sharedOf(session) && term! > sharedOf(session)!.term) this.moves.leave(session);
  }

  /**
   * Tells clients of this process what an entry has for them.
   * @param fromBus whether it was read from the bus
   */
  private tell({ packet, room, except = [], volatile, to }: BusEntry, fromBus: boolean): void {
    if (room !== undefined) this.tellRoom(room, packet!, volatile, except, fromBus);
    const one = to === undefined ? undefined : this.manager.sessions.get(to);
    const shared = one && sharedOf(one);
    if (shared) shared.sendForOther(packet!, fromBus);
    else if (one) one.send(packet!);
  }

  private tellRoom(room: string, packet: string, volatile: boolean | undefined, except: string[], fromBus: boolean): void {
    if (!fromBus) return this.manager.sendToRoom(room, packet, volatile, except);
    const left = new Set(except);
    for (const session of this.manager.rooms.in(room)) {
      if (left.has(session.id)) continue;
      const shared = sharedOf(session);
      if (shared) shared.sendFromBus(packet, volatile);
      else session.send(packet, volatile);
    }
  }

  /** To be called about once a second. */
  sweep(time: number): void {
    this.sweepAll(time).catch((error: Error) => this.log.debug('Redis:', error.message));
  }

  private async sweepAll(now: number): Promise<void> {
    if (this.up && this.commits.isSlow(now)) {
      this.log.error('Redis does not answer');
      this.onReady(false);
    }
    if (this.outgoing.lost > 0) {
      this.log.error(`${this.outgoing.lost} messages for other processes could not be kept until Redis is back`);
      this.outgoing.lost = 0;
    }
    this.moves.sweep(now);
    if (!this.up && this.redis.ready && this.commits.idle) this.onReady(true);
    try {
      if (this.up) await this.sweepRedis(now);
    } finally {
      // While Redis is gone, too: clients that come are told. In its first seconds it knows no others.
      if (process.uptime() > 3) this.manager.onCount();
    }
  }

  private async sweepRedis(now: number): Promise<void> {
    for (const session of this.manager.sessions.values()) {
      const shared = sharedOf(session);
      if (shared && (shared.stored.canTrim || shared.stored.whole || now - shared.at > REFRESH)) shared.touch();
    }
    this.commits.soon();
    this.elsewhere = await this.members.clientsElsewhere(now);
  }
}
