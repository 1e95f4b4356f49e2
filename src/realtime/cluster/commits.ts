/*
 * Writes to Redis what has changed in this process: one command for all that changed within a turn of the event loop, its sessions
 * (shared.ts says what of each) and what it puts on the bus (outgoing.ts). index.ts has it.
 */
import type { Session } from '../session';
import type { Cluster } from './index';
import { state } from './members';
import type { Outgoing } from './outgoing';
import { COMMIT } from './scripts';

/** How many sessions, and entries of the bus, one command writes at most. */
const TOGETHER = 500;
/** What it carries of sessions that are written as a whole, characters. */
const LARGEST = 4000000;
/** A command that takes longer does not hold back what goes to clients any more, ms. */
const SLOW = 2000;

export class Commits {
  private readonly dirty = new Set<Session>();
  private scheduled = false;
  /** Commands that are under way, and when they were sent, ms, the oldest first. */
  private readonly underWay = new Map<Promise<void>, number>();

  constructor(private readonly cluster: Cluster, private readonly outgoing: Outgoing) {}

  /** Something of a session has changed. */
  touch(session: Session): void {
    this.dirty.add(session);
    this.soon();
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

  isSlow(now: number): boolean {
    const [oldest] = this.underWay.values();
    return oldest !== undefined && now - oldest > SLOW;
  }

  /** When of all that is being written it is known whether it is there. */
  settled(): Promise<unknown> {
    return Promise.all(this.underWay.keys());
  }

  private commit(): void {
    const { cluster, outgoing } = this;
    const sessions: Session[] = [];
    let size = 0;
    for (const session of this.dirty) {
      if (sessions.length === TOGETHER || size > LARGEST) break;
      sessions.push(session);
      if (session.shared!.whole) size += session.outbox.size;
    }
    const entries = outgoing.take(TOGETHER);
    const said = state(cluster.bus.position, cluster.manager.clients);
    const args: (string | number)[] = [cluster.prefix, cluster.id, cluster.keptFor, said, sessions.length];
    const written = sessions.map(session => {
      this.dirty.delete(session);
      const tell = session.shared!.write(args);
      return { session, tell, last: session.shared!.last };
    });
    args.push(entries.length);
    for (const { cause, text } of entries) args.push(cause, text);
    if (this.dirty.size > 0 || outgoing.waiting > 0) this.soon();

    const reply = cluster.redis.run(COMMIT, args) as Promise<[moved: string[], unknown: string[]]>;
    const done = reply.then(([moved, unknown]) => {
      for (const { session, last } of written) {
        if (!moved.includes(session.id) && !unknown.includes(session.id)) session.shared!.confirm(last);
      }
      outgoing.drop(entries.filter(({ cause }) => moved.includes(cause)).map(({ number }) => number));
      for (const { session } of written) {
        if (moved.includes(session.id)) cluster.onMoved(session);
        if (unknown.includes(session.id)) onUnknown(session);
      }
      if (!cluster.up && cluster.redis.ready) cluster.onReady(true); // it was slow
    }, (error: Error & { code?: string }) => {
      for (const { session } of written) session.shared!.whole = true;
      if (cluster.redis.ready) cluster.log.error('Redis:', error.code || error.message);
    }).then(() => {
      this.underWay.delete(done);
      written.forEach(({ tell }) => tell());
    });
    this.underWay.set(done, Date.now());
  }
}

/** Redis has lost it, or was not there when it began. */
function onUnknown({ ended, shared }: Session): void {
  if (ended) return;
  shared!.whole = true;
  shared!.touch();
}
