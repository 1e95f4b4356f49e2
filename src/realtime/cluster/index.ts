/*
 * What several processes share, by Redis; server.ts makes it if REDIS_URL is set. What changes in a process is written (commits.ts, of
 * each session shared.ts), what is for all goes over the bus (outgoing.ts, bus.ts), a session comes from another process by take.ts.
 */
import { randomBytes } from 'crypto';
import { Config, ConfigError } from '../../config';
import type { Log } from '../../log';
import type { Manager } from '../manager';
import type { Session } from '../session';
import { Bus, Entry, Read } from './bus';
import { Commits } from './commits';
import { Members } from './members';
import { Outgoing } from './outgoing';
import { Redis } from './redis';
import { Shared } from './shared';
import { take, Taken } from './take';

/** How often a session that says nothing is written, so that Redis keeps it, ms. */
const REFRESH = 60000;
/** A session that left comes back after so long at the earliest, ms. */
const RETURN = 500;

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
  manager!: Manager;
  readonly prefix: string;
  readonly redis: Redis;
  readonly bus: Bus;
  readonly members: Members;
  /** How long Redis keeps what nobody writes any more, s: longer than a session may be away. */
  readonly keptFor: number;
  private readonly reader: Redis;
  private readonly outgoing = new Outgoing(this.id, entry => this.apply(entry));
  readonly commits = new Commits(this, this.outgoing);
  /** Those that are being taken over, with what the bus brings meanwhile. */
  private readonly taking = new Map<string, Read[]>();
  private movedAt: number[] = [];
  /** Sessions that left this process a moment ago, and when, ms. */
  private readonly left = new Map<string, number>();

  constructor({ appPath, redisUrl, sessionTimeout }: Config, readonly log: Log) {
    this.prefix = `socket.io:${appPath}:`;
    this.redis = new Redis(redisUrl!, log);
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
      this.releaseAll();
      return;
    }
    this.log.info('Redis is back');
    if (this.commits.idle) this.outgoing.again(); // else it was slow, and has them
    for (const { shared } of this.manager.sessions.values()) {
      if (!shared) continue;
      shared.whole = true;
      shared.touch();
    }
    this.commits.soon();
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
    for (const reads of this.taking.values()) reads.push(read);
    const [, entry] = read;
    if (entry.from === this.id && !this.outgoing.onRead(entry.number!)) return;
    this.reading = true;
    try {
      this.apply(entry);
    } finally {
      this.reading = false;
    }
  }

  private apply({ packet, room, except = [], volatile, to, moved, owner, end }: Entry): void {
    if (!this.manager) return;
    if (room !== undefined) this.manager.sendToRoom(room, packet!, volatile, except);
    const one = this.manager.sessions.get(to || end || '');
    if (one && end) one.disconnect();
    else if (one && one.shared) one.shared.sendForOther(packet!);
    else if (one) one.send(packet!);
    const other = moved === undefined ? undefined : this.manager.sessions.get(moved);
    if (!other || !other.shared) return;
    if (owner === this.id) other.shared.arrived = true;
    else if (other.shared.arrived) this.onMoved(other); // else it has come back here since then
  }

  /** Another process has taken over a session of this one. */
  onMoved(session: Session): void {
    if (session.shared!.elsewhere) return;
    void session.shared!.onMoved(this.commits.settled());
    // A recycle moves each client once. One that goes to and fro is slow.
    const now = Date.now();
    this.left.set(session.id, now);
    this.movedAt = [...this.movedAt.filter(at => now - at < 10000), now];
    if (this.movedAt.length > 20 + 2 * this.manager.clients) {
      this.movedAt = [];
      this.log.warn('clients go from process to process: let each stay with one (nodeProcessStickySessions in iisnode.yml, affinity in a balancer)');
    }
  }

  /**
   * Takes over a session from the process that had it.
   * @returns null if there is no such session
   */
  async take(id: string): Promise<Taken | null> {
    const reads: Read[] = [];
    // Without that, a client whose polls go to and fro, and whose session says something at each turn, would do nothing else.
    if (this.left.delete(id)) await new Promise(resolve => { setTimeout(resolve, RETURN); });
    if (!this.up || this.taking.has(id)) return null;
    this.taking.set(id, reads);
    try {
      const taken = await take(this, id, () => reads, () => this.bus.position);
      return taken && taken.seen === 'gone' ? null : taken;
    } finally {
      this.taking.delete(id);
    }
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
    for (const [id, at] of this.left) if (now - at > 5 * RETURN) this.left.delete(id);
    if (!this.up) return;
    for (const session of this.manager.sessions.values()) {
      const { shared } = session;
      if (shared && (shared.canTrim || now - shared.at > REFRESH)) shared.touch();
    }
    this.commits.soon();
    this.elsewhere = await this.members.clientsElsewhere(now);
    // In its first seconds it does not know of the others.
    if (process.uptime() > 3) this.manager.onCount();
  }
}
