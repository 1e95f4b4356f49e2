/*
 * Sessions that come here from another process, and those that leave: when, and how often. Clients
 * of public/realtime.js may come to any process.
 */
import type { Handshake } from '../api';
import { now } from '../clock';
import type { Manager } from '../io/manager';
import type { Log } from '../logging';
import { Refusal } from '../protocol/refusal';
import type { Bus, BusEntry } from './bus';
import type { Row } from './commit';
import type { Journal } from './journal';
import { StoredSession, storedOf } from './stored-session';
import { takeOver } from './takeover';

/** A session that left comes back after so long at the earliest, ms. */
const RETURN = 500;
/** And as many times as long as a commit takes: the other process needs two. */
const RETURN_COMMITS = 4;
/** How long it is known that a session has left, ms. */
const LEFT = 2500;
/** How long takeovers wait after Redis was in trouble, ms: until all have written all again. */
const CALM = 3000;
/** How often a row of an old epoch is looked at again, and how long it takes each time, ms. */
const OLD_TRIES = 6;
const OLD_PAUSE = 500;
/** How long it is waited for the bus before it is asked by another connection, ms. */
const BUS = 200;

/** How often something is done that another process makes vain by taking the session. */
export const MOST_TRIES = 3;

export const elusive = () => new Refusal(503, 'the session goes from process to process');

/** What a client has said when it came. */
export interface Coming {
  /** The handshake that it came with; null for any. */
  handshakeNumber: number | null;
  /** The number of the last message that it has. */
  got: number;
  /** The handshake that it comes with, if it does: handlers are to see that. */
  handshake?: Handshake;
}

/** The cluster, as far as moves need it. */
export interface Moving {
  readonly up: boolean;
  readonly log: Log;
  readonly manager: Manager;
  readonly bus: Bus;
  readonly journal: Journal;
}

export class Moves {
  /** Those that left a moment ago, and when, ms. */
  private readonly left = new Map<string, number>();
  /** When sessions left, in the last ten seconds, ms. */
  private leftAt: number[] = [];
  /** Sessions that are on their way here, and those who wait for each. */
  private readonly fetching = new Map<string, Promise<void>>();
  /** Sessions that other processes owe acknowledgements. */
  private readonly owed = new Set<StoredSession>();
  /** Until when takeovers wait, ms. */
  private calmAt = 0;

  constructor(private readonly cluster: Moving) {}

  /** Redis was in trouble: takeovers wait for a moment. */
  onTrouble(): void {
    this.calmAt = now() + CALM;
  }

  /**
   * Takes over a session, if another process has it.
   * @throws Refusal if it cannot be had
   */
  async fetch(id: string, coming: Coming): Promise<void> {
    // One that is under way may be for an older handshake, which does not get it. Each waits for
    // the one before it alone: if all waited for the first, n requests would be woken n² times.
    const before = this.fetching.get(id);
    const fetching = this.fetchAfter(before, id, coming);
    this.fetching.set(id, fetching);
    try {
      await fetching;
    } finally {
      if (this.fetching.get(id) === fetching) this.fetching.delete(id);
    }
  }

  private async fetchAfter(
    before: Promise<void> | undefined, id: string, coming: Coming,
  ): Promise<void> {
    if (before) await before.catch(() => undefined);
    const known = this.cluster.manager.sessions.get(id);
    if (known && (coming.handshakeNumber === null || known.isOf(coming.handshakeNumber))) return;
    await this.bring(id, coming);
  }

  private async bring(id: string, coming: Coming): Promise<void> {
    const { cluster } = this;
    let old = 0;
    for (let tries = 0; tries < MOST_TRIES;) {
      if (this.left.delete(id) || tries > 0) await this.wait();
      while (cluster.up && now() < this.calmAt) await pause(this.calmAt - now());
      if (!cluster.up) return; // without Redis the client begins anew
      const take = await cluster.journal.take(id, coming.handshakeNumber);
      if (take === 'none') return;
      if (take === 'old') {
        // Its process writes it again, if it lives.
        if ((old += 1) > OLD_TRIES) return;
        await pause(OLD_PAUSE);
        continue;
      }
      if (take !== 'again' && await this.arrive(id, take, coming)) return;
      tries += 1;
    }
    throw elusive();
  }

  /** @returns whether the session is here now; otherwise it has been taken away since */
  private async arrive(id: string, row: Row, { got, handshake }: Coming): Promise<boolean> {
    const { bus, journal, manager } = this.cluster;
    const { epoch } = journal;
    await Promise.race([bus.readUpTo(Number(row.taken)), pause(BUS)]);
    if (bus.position < Number(row.taken)) {
      await bus.catchUp(Number(row.taken)).catch(() => undefined);
    }
    if (journal.epoch !== epoch) return false;
    if (bus.position < Number(row.taken)) throw elusive();
    let since: BusEntry[] | null;
    let position: number;
    do {
      position = bus.position;
      since = await bus.since(Number(row.at)).catch(() => null);
    } while (bus.position !== position); // from here on nothing comes between
    if (journal.epoch !== epoch) return false;
    const term = Number(row.term);
    if (since && since.some(entry => entry.moved === id && entry.term! > term)) return false;
    const known = manager.sessions.get(id);
    if (known) {
      const stored = storedOf(known);
      if (!stored || stored.term >= term) return true;
      this.leave(stored);
    }
    const taken = takeOver(id, row, since, got);
    const session = manager.adopt(id, JSON.parse(row.handshake!) as Handshake);
    const stored = storedOf(session)!;
    if (!taken) {
      stored.term = term;
      session.end('its last messages are missing');
      return true;
    }
    const isRenewed = handshake !== undefined && manager.users.isSame(session, handshake);
    if (isRenewed) session.renew(handshake);
    stored.restore(row, taken, epoch, now());
    if (isRenewed) stored.changed('handshake');
    const isOver = row.ended !== undefined || taken.entries.some(({ end }) => end);
    if (isOver) session.end('booted');
    else if (row.state![0] === '1') session.open(true);
    if (stored.isOwed) this.owed.add(stored);
    return true;
  }

  /** Another process has taken over a session of this one. */
  leave(stored: StoredSession): void {
    if (stored.left) return;
    const { journal, manager, log } = this.cluster;
    const { id } = stored.session;
    journal.drop(stored);
    stored.leave();
    // A recycle moves each client once. One that goes to and fro is slow.
    const time = now();
    this.left.set(id, time);
    this.leftAt = [...this.leftAt.filter(at => time - at < 10000), time];
    if (this.leftAt.length <= 20 + 2 * manager.clients) return;
    this.leftAt = [];
    log.warn('clients go from process to process: let each stay with one '
      + '(nodeProcessStickySessions in iisnode.yml, affinity in a balancer)');
  }

  /**
   * Without that, a client whose polls go to and fro, and whose session says something at each
   * turn, would do nothing else.
   */
  private wait(): Promise<void> {
    return pause(RETURN + RETURN_COMMITS * this.cluster.journal.took);
  }

  /** To be called about once a second. */
  sweep(time: number): void {
    for (const [id, at] of this.left) if (time - at > LEFT) this.left.delete(id);
    for (const stored of this.owed) {
      stored.settleDebts(time);
      if (!stored.isOwed) this.owed.delete(stored);
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => { setTimeout(resolve, ms); });
}
