/*
 * Sessions that come here from another process, and those that leave: when, and how often. take.ts has what Redis gives of one, shared.ts
 * goes on with it.
 */
import { now } from '../clock';
import type { Handshake } from '../api';
import type { Manager } from '../io/manager';
import type { Log } from '../logging';
import { Refusal } from '../protocol/refusal';
import type { Session } from '../session/session';
import type { Read } from './bus';
import { sharedOf } from './shared';
import { take, Taken, Taking } from './take';

/** A session that left comes back after so long at the earliest, ms. */
const RETURN = 500;
/** And as many times what Redis takes for a command: the other process needs two, to take the session and to write what it has done. */
const RETURN_COMMANDS = 4;
/** How long it is known that a session has left, ms. */
const LEFT = 2500;

/** How often something is done that another process makes vain by taking the session. */
export const MOST_TRIES = 3;

export const elusive = () => new Refusal(503, 'the session goes from process to process');

/** The cluster, as far as moves need it. */
export interface Moving extends Taking {
  readonly up: boolean;
  readonly log: Log;
  readonly manager: Manager;
  readonly commits: {
    readonly took: number;
    drop(session: Session): void;
    settled(): Promise<unknown>;
  };
}

export class Moves {
  /** Those that are being taken over, with what the bus brings meanwhile. */
  private readonly taking = new Map<string, Read[]>();
  /** Those that left a moment ago, and when, ms. */
  private readonly left = new Map<string, number>();
  /** When sessions left, in the last ten seconds, ms. */
  private leftAt: number[] = [];

  /** Sessions that are on their way here. */
  private readonly fetching = new Map<string, Promise<void>>();

  constructor(private readonly cluster: Moving) {}

  /**
   * Takes over a session, if another process has it: clients of public/realtime.js may come to any.
   * @param attempt the handshake that the client came with; '' for any: a request of an older one does not move it
   * @param handshake the one that it comes with, if it does: handlers are to see that
   * @throws Refusal if it cannot be had
   */
  async fetch(id: string, attempt: string, handshake?: Handshake): Promise<void> {
    const known = this.cluster.manager.sessions.get(id);
    if (known && sharedOf(known) && (attempt === '' || Number(attempt) > Number(known.handshakeNumber))) await this.leaveIfMoved(known);
    // One that is under way may be for an older handshake, which does not get it. Each waits for the
    // one before it alone: if all waited for the first, n requests would be woken n² times.
    const before = this.fetching.get(id);
    const fetching = this.fetchAfter(before, id, attempt, handshake);
    this.fetching.set(id, fetching);
    try {
      await fetching;
    } finally {
      if (this.fetching.get(id) === fetching) this.fetching.delete(id);
    }
  }

  private async fetchAfter(
    before: Promise<void> | undefined, id: string, attempt: string, handshake?: Handshake,
  ): Promise<void> {
    if (before) await before.catch(() => undefined);
    if (!this.cluster.manager.sessions.has(id)) await this.goOn(id, attempt, handshake);
  }

  private async goOn(id: string, attempt: string, handshake?: Handshake): Promise<void> {
    const { manager } = this.cluster;
    const taken = await this.take(id, attempt).catch((error: Error) => {
      if (error instanceof Refusal) throw error;
      manager.report('Redis', error); // without an answer of Redis the client begins anew
    });
    if (!taken) return;
    const session = manager.adopt(id, taken.handshake);
    const isRenewed = handshake !== undefined && manager.users.isSame(session, handshake);
    if (isRenewed) session.renew(handshake);
    sharedOf(session)!.restore(taken, isRenewed);
  }

  /** Something has been read from the bus. */
  onRead(read: Read): void {
    for (const reads of this.taking.values()) reads.push(read);
  }

  /** Another process has taken over a session of this one. */
  leave(session: Session): void {
    const { commits, manager, log } = this.cluster;
    const shared = sharedOf(session)!;
    if (shared.elsewhere) return;
    commits.drop(session);
    void shared.onMoved(commits.settled());
    // A recycle moves each client once. One that goes to and fro is slow.
    const leftNow = now();
    this.left.set(session.id, leftNow);
    this.leftAt = [...this.leftAt.filter(at => leftNow - at < 10000), leftNow];
    if (this.leftAt.length > 20 + 2 * manager.clients) {
      this.leftAt = [];
      log.warn('clients go from process to process: let each stay with one (nodeProcessStickySessions in iisnode.yml, affinity in a balancer)');
    }
  }

  /** The same, if Redis says so: its word on the bus may not be here yet. */
  async leaveIfMoved(session: Session): Promise<void> {
    const { redis, prefix } = this.cluster;
    const term = await redis.call('hget', `${prefix}s:${session.id}`, 'term').catch(() => 0);
    if (Number(term) > sharedOf(session)!.term) this.leave(session);
  }

  /**
   * Takes over a session from the process that had it.
   * @param attempt the handshake that its client came with; '' for any
   * @returns null if there is no such session
   * @throws Refusal if others take it each time
   */
  async take(id: string, attempt: string): Promise<Taken | null> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      if (this.left.delete(id) || tries > 0) await this.wait();
      if (!this.cluster.up) return null;
      const reads: Read[] = [];
      this.taking.set(id, reads);
      try {
        const taken = await take(this.cluster, id, attempt, reads);
        if (taken !== 'gone') return taken;
      } finally {
        this.taking.delete(id);
      }
    }
    throw elusive();
  }

  /** Without that, a client whose polls go to and fro, and whose session says something at each turn, would do nothing else. */
  private wait(): Promise<void> {
    return new Promise(resolve => { setTimeout(resolve, RETURN + RETURN_COMMANDS * this.cluster.commits.took); });
  }

  /** To be called about once a second. */
  sweep(time: number): void {
    for (const [id, at] of this.left) if (time - at > LEFT) this.left.delete(id);
  }
}
