import { randomBytes } from 'crypto';
import { Config, ConfigError } from '../../config';
import type { Log } from '../../log';
import type { Manager } from '../manager';
import type { Session } from '../session';
import { Bus, Entry, Read } from './bus';
import { Outgoing } from './outgoing';
import { Redis } from './redis';
import { COMMIT } from './scripts';
import { Shared } from './shared';
import { take, Taken } from './take';

/** How many sessions, and entries of the bus, one command writes at most. */
const TOGETHER = 500;
/** What it carries of sessions that are written as a whole, characters. */
const LARGEST = 4000000;
/** A command that takes longer does not hold back what goes to clients any more, ms. */
const SLOW = 2000;
/** How often a session that says nothing is written, so that Redis keeps it, ms. */
const REFRESH = 60000;
/** Nothing of a process is kept for longer, ms, beyond the time that its sessions may be away. */
const FORGOTTEN = 2 * REFRESH;
/** A session that left comes back after so long at the earliest, ms. */
const RETURN = 500;
/** A process that has not been heard of for so long is dead, ms. */
const DEAD = 5000;

/**
 * What several processes share, by Redis. Each client has one process, its session's owner. What changes in a process within one turn
 * of its event loop is written by one command, and clients of public/realtime.js are told nothing that is not written: whoever takes
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
  private readonly reader: Redis;
  private readonly bus: Bus;
  private readonly dirty = new Set<Session>();
  private readonly outgoing = new Outgoing(this.id, entry => this.apply(entry));
  private scheduled = false;
  /** Commands that are under way, and when they were sent, ms, the oldest first. */
  private readonly underWay = new Map<Promise<void>, number>();
  /** Those that are being taken over, with what the bus brings meanwhile. */
  private readonly taking = new Map<string, Read[]>();
  private movedAt: number[] = [];
  /** Sessions that left this process a moment ago, and when, ms. */
  private readonly left = new Map<string, number>();
  /** What each process said last of itself, and when. */
  private readonly heard = new Map<string, { said: string; at: number; alive: boolean }>();

  constructor(private readonly config: Config, private readonly log: Log) {
    this.prefix = `socket.io:${config.appPath}:`;
    this.redis = new Redis(config.redisUrl!, log);
    this.reader = new Redis(config.redisUrl!, log);
    this.bus = new Bus(this.reader, `${this.prefix}bus`, read => this.onRead(read));
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

  private onReady(ready: boolean): void {
    this.up = ready;
    if (!this.manager) return; // the first time
    if (!ready) {
      this.releaseAll();
      return;
    }
    this.log.info('Redis is back');
    if (this.underWay.size === 0) this.outgoing.again(); // else it was slow, and has them
    for (const { shared } of this.manager.sessions.values()) {
      if (!shared) continue;
      shared.whole = true;
      shared.touch();
    }
    this.soon();
  }

  /** Makes a session one that another process can go on with. */
  share(session: Session): Shared {
    return new Shared(session, this);
  }

  /** Something of a session has changed. */
  touch(session: Session): void {
    this.dirty.add(session);
    this.soon();
  }

  /** Puts something on the bus, for all processes: this one reads it there as well, so that all have the same order. */
  publish(entry: Entry): void {
    this.outgoing.add(entry, this.cause, this.up);
    this.soon();
  }

  private soon(): void {
    if (this.scheduled || !this.up) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      if (this.up) this.commit();
    });
  }

  private commit(): void {
    const sessions: Session[] = [];
    let size = 0;
    for (const session of this.dirty) {
      if (sessions.length === TOGETHER || size > LARGEST) break;
      sessions.push(session);
      if (session.shared!.whole) size += session.outbox.size;
    }
    const entries = this.outgoing.take(TOGETHER);
    const args: (string | number)[] = [this.prefix, this.id, this.config.sessionTimeout + FORGOTTEN / 1000, this.state(), sessions.length];
    const written = sessions.map(session => {
      this.dirty.delete(session);
      const tell = session.shared!.write(args);
      return { session, tell, last: session.shared!.lastWritten };
    });
    args.push(entries.length);
    for (const { cause, text } of entries) args.push(cause, text);
    if (this.dirty.size > 0 || this.outgoing.waiting > 0) this.soon();

    const reply = this.redis.run(COMMIT, args) as Promise<[moved: string[], unknown: string[]]>;
    const done = reply.then(([moved, unknown]) => {
      for (const { session, last } of written) {
        if (!moved.includes(session.id) && !unknown.includes(session.id)) session.shared!.confirm(last);
      }
      this.outgoing.drop(entries.filter(({ cause }) => moved.includes(cause)).map(({ number }) => number));
      for (const { session } of written) {
        if (moved.includes(session.id)) this.onMoved(session);
        if (unknown.includes(session.id)) this.onUnknown(session);
      }
      if (!this.up && this.redis.ready) this.onReady(true); // it was slow
    }, (error: Error & { code?: string }) => {
      for (const { session } of written) session.shared!.whole = true;
      if (this.redis.ready) this.log.error('Redis:', error.code || error.message);
    }).then(() => {
      this.underWay.delete(done);
      written.forEach(({ tell }) => tell());
    });
    this.underWay.set(done, Date.now());
  }

  private state(): string {
    return `${this.bus.position} ${this.manager.clients} ${Date.now()}`;
  }

  /** Redis has lost it, or was not there when it began. */
  private onUnknown({ ended, shared }: Session): void {
    if (ended) return;
    shared!.whole = true;
    shared!.touch();
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
  private onMoved(session: Session): void {
    if (session.shared!.elsewhere) return;
    void session.shared!.onMoved(Promise.all(this.underWay.keys()));
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

  /** Whether a process has died: it says once a second that it has not. */
  async isDead(process: string): Promise<boolean> {
    const state = async () => saidAt(String(await this.redis.call('hget', `${this.prefix}procs`, process)));
    const before = await state();
    await new Promise(resolve => { setTimeout(resolve, DEAD); });
    return before === await state();
  }

  /** To be called about once a second. */
  async sweep(now: number): Promise<void> {
    const [oldest] = this.underWay.values();
    if (this.up && oldest !== undefined && now - oldest > SLOW) {
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
    this.soon();
    const all = await this.redis.call('hgetall', `${this.prefix}procs`) as Record<string, string>;
    let elsewhere = 0;
    for (const id in all) {
      // By this machine's clock: those of several servers differ.
      const said = saidAt(all[id]!);
      const before = this.heard.get(id);
      const at = before && before.said === said ? before.at : now;
      // One that is heard of for the first time may have died long ago: it counts when it says something again.
      const alive = before !== undefined && (before.alive || before.said !== said);
      this.heard.set(id, { said, at, alive });
      if (id !== this.id && alive && now - at < DEAD) elsewhere += Number(all[id]!.split(' ')[1]);
      if (now - at > FORGOTTEN + this.config.sessionTimeout * 1000) void this.redis.call('hdel', `${this.prefix}procs`, id);
    }
    this.elsewhere = elsewhere;
    // In its first seconds it does not know of the others.
    if (process.uptime() > 3) this.manager.onCount();
  }
}

/** When a process said what it says of itself, by its own clock. */
function saidAt(state: string): string {
  return state.slice(state.lastIndexOf(' ') + 1);
}
