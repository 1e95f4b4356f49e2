/*
 * Writes to Redis what has changed in this process: one command for all that changed within a turn of the event loop, its sessions
 * (shared.ts says what of each) and what it puts on the bus (outgoing.ts). index.ts has it.
 */
import { now } from '../clock';
import type { Session } from '../session/session';
import type { Bus } from './bus';
import { state } from './members';
import type { Outgoing } from './outgoing';
import type { Redis } from './redis';
import { COMMIT } from './scripts';
import { sharedOf } from './shared';

/** How many sessions one command writes at most. */
const TOGETHER = 500;
/** What it carries of sessions that are written as a whole, characters. */
const LARGEST = 4000000;
/** A command that takes longer does not hold back what goes to clients any more, ms. */
const SLOW = 2000;

/** The cluster, as far as its commits need it. */
export interface Committing {
  /** This process. */
  readonly id: string;
  readonly prefix: string;
  readonly keptFor: number;
  readonly up: boolean;
  readonly redis: Redis;
  readonly bus: Bus;
  readonly manager: { readonly clients: number };
  readonly moves: { leave(session: Session): void };
  onTaken(): void;
  onRefused(why: string): void;
}

export class Commits {
  private readonly dirty = new Set<Session>();
  private scheduled = false;
  /** The position in the bus up to which all sessions of this process are written: what it says of itself. */
  private position = '0-0';
  /** How long the last command took, ms. */
  took = 0;
  /** Commands that are under way, and when they were sent, ms, the oldest first. */
  private readonly underWay = new Map<Promise<void>, number>();

  constructor(private readonly cluster: Committing, private readonly outgoing: Outgoing) {}

  /** Something of a session has changed. */
  touch(session: Session): void {
    if (!this.cluster.up && session.ended && sharedOf(session)!.at === 0) this.dirty.delete(session); // Redis never heard of it
    else this.dirty.add(session);
    this.soon();
  }

  /** Another process has it. What it has handled and not written that one handles again. */
  drop(session: Session): void {
    this.dirty.delete(session);
    this.outgoing.dropOf(session.id);
  }

  /** Writes at the end of this turn. */
  soon(): void {
    if (this.scheduled || !this.cluster.up) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      if (this.cluster.up) this.commit();
    });
  }

  get idle(): boolean {
    return this.underWay.size === 0;
  }

  isSlow(time: number): boolean {
    const [oldest] = this.underWay.values();
    return oldest !== undefined && time - oldest > SLOW;
  }

  /** When of all that is being written it is known whether it is there. */
  settled(): Promise<unknown> {
    return Promise.all(this.underWay.keys());
  }

  private commit(): void {
    const { cluster, outgoing } = this;
    // That a message was handled, and what it causes, is there at once or not at all.
    const { causes } = outgoing;
    const sessions = [...this.dirty].filter(({ id }) => causes.has(id));
    for (const session of sessions) this.dirty.delete(session);
    let size = 0;
    for (const session of this.dirty) {
      if (sessions.length >= TOGETHER || size > LARGEST) break;
      sessions.push(session);
      this.dirty.delete(session);
      if (sharedOf(session)!.stored.whole) size += session.outbox.size;
    }
    if (this.dirty.size === 0) this.position = cluster.bus.position;
    const entries = outgoing.take();
    const args: (string | number)[] = [
      cluster.prefix, cluster.id, cluster.keptFor, state(this.position, cluster.manager.clients), sessions.length,
    ];
    const written = sessions.map(session => {
      const shared = sharedOf(session)!;
      const tell = shared.write(args);
      return { session, tell, last: shared.stored.last };
    });
    args.push(entries.length);
    for (const { cause, text } of entries) args.push(cause, text);
    if (this.dirty.size > 0) this.soon();

    const reply = cluster.redis.run(COMMIT, args) as Promise<[moved: string[], unknown: string[]]>;
    const done = reply.then(([moved, unknown]) => {
      for (const { session, last } of written) {
        if (!moved.includes(session.id) && !unknown.includes(session.id)) sharedOf(session)!.stored.confirm(last);
      }
      outgoing.drop(entries.filter(({ cause }) => moved.includes(cause)).map(({ number }) => number));
      for (const { session } of written) {
        if (moved.includes(session.id)) cluster.moves.leave(session);
        if (unknown.includes(session.id)) onUnknown(session);
      }
      cluster.onTaken();
    }, (error: Error & { code?: string }) => {
      // None of it is there, as far as we know. What has each session says how far it is (scripts.ts).
      this.position = '0-0';
      for (const { session } of written) sharedOf(session)!.stored.whole = true;
      if (cluster.redis.ready) cluster.onRefused(error.code || error.message);
    }).then(() => {
      this.took = now() - this.underWay.get(done)!;
      this.underWay.delete(done);
      written.forEach(({ tell }) => tell());
    });
    this.underWay.set(done, now());
  }
}

/** Redis has lost it, or was not there when it began. */
function onUnknown(session: Session): void {
  if (session.ended) return;
  const shared = sharedOf(session);
  shared!.stored.whole = true;
  shared!.touch();
}
