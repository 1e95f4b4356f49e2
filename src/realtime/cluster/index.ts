/*
 * What several processes share, by Redis; server.ts makes it if REDIS_URL is set. What changes in a process is written (commits.ts, of
 * each session shared.ts), what is for all goes over the bus (outgoing.ts, bus.ts), sessions come and go by moves.ts.
 */
import { randomBytes } from 'crypto';
import { Config, ConfigError } from '../../config';
import type { Log } from '../../log';
import type { Manager } from '../io/manager';
import type { Session } from '../session/session';
import { Bus, Entry, Read } from './bus';
import { Commits } from './commits';
import { Members } from './members';
import { Moves } from './moves';
import { Outgoing } from './outgoing';
import { Redis } from './redis';
import { COMMIT, TAKE } from './scripts';
import { Shared } from './shared';

/** How often a session that says nothing is written, so that Redis keeps it, ms. */
const REFRESH = 60000;

/**
 * Each client has one process, its session's owner. Clients of public/realtime.js are told nothing that is not written: whoever takes
 * over a session goes on exactly where the client saw it.
 */
export class Cluster {
  readonly id = randomBytes(9).toString('base64');
  /** How many clients the other processes have. */
  elsewhere = 0;
  /** Whether Redis answers. */
  up = false;
  /** The session whose message is being handled. */
  cause = '';
  /** Whether what goes to sessions comes from the bus. */
  reading = false;
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
  private readonly outgoing = new Outgoing(this.id, entry => this.tell(entry));
  readonly commits = new Commits(this, this.outgoing);
  readonly moves = new Moves(this);

  constructor({ appPath, redisUrl, sessionTimeout }: Config, readonly log: Log) {
    this.prefix = `socket.io:${appPath}:`;
    this.redis = new Redis(redisUrl!, log, [COMMIT, TAKE]);
    this.reader = new Redis(redisUrl!, log);
    this.bus = new Bus(this.reader, `${this.prefix}bus`, read => this.onRead(read));
    this.keptFor = sessionTimeout + 2 * REFRESH / 1000;
    this.members = new Members(this.redis, `${this.prefix}procs`, this.id, this.keptFor);
  }

  /**
   * Connects.
   * @throws ConfigError if Redis cannot be reached
   */
  async open(): Promise<void> {
    try {
      await this.reader.open(ready => { if (ready) void this.bus.follow(); });
      await this.bus.begin();
      await this.redis.open(ready => this.onReady(ready));
    } catch (error) {
      this.close();
      // It may have a password in it.
      throw new ConfigError('REDIS_URL', '…', `the address of a Redis that answers, version 5 or later (${(error as Error).message})`);
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
    for (const { shared } of this.manager.sessions.values()) {
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

  /** Makes a session one that another process can go on with. */
  share(session: Session): Shared {
    return new Shared(session, this);
  }

  /** Puts something on the bus, for all processes: this one reads it there as well, so that all have the same order. */
  publish(entry: Entry): void {
    this.outgoing.add(entry, this.cause, this.up);
    this.commits.soon();
  }

  /** What is kept from clients until it is written goes to them as it is. */
  private releaseAll(): void {
    for (const { shared } of this.manager.sessions.values()) if (shared) shared.letGo();
    this.outgoing.onGone();
  }

  private onRead(read: Read): void {
    this.moves.onRead(read);
    const [, entry] = read;
    if (!this.manager || (entry.from === this.id && !this.outgoing.onRead(entry.number!))) return;
    this.fromBus(() => this.tell(entry));
    const { moved, term, end } = entry;
    const session = this.manager.sessions.get(moved || end || '');
    if (session && end) session.disconnect();
    else if (session && session.shared && term! > session.shared.term) this.moves.leave(session);
  }

  /** Sends what the bus has said. Nothing of the application is called: what it sends is something else. */
  fromBus(send: () => void): void {
    this.reading = true;
    try {
      send();
    } finally {
      this.reading = false;
    }
  }

  /** Tells clients of this process what an entry of the bus has for them. */
  private tell({ packet, room, except = [], volatile, to }: Entry): void {
    if (room !== undefined) this.manager.sendToRoom(room, packet!, volatile, except);
    const one = to === undefined ? undefined : this.manager.sessions.get(to);
    if (one && one.shared) one.shared.sendForOther(packet!);
    else if (one) one.send(packet!);
  }

  /** To be called about once a second. */
  async sweep(now: number): Promise<void> {
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
      const { shared } = session;
      if (shared && (shared.stored.canTrim || shared.stored.whole || now - shared.at > REFRESH)) shared.touch();
    }
    this.commits.soon();
    this.elsewhere = await this.members.clientsElsewhere(now);
  }
}
