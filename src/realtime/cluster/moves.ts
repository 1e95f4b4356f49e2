/*
 * Brings sessions here from other processes, and lets sessions go. The requests of one client of
 * public/realtime.js may come to different processes.
 */
import type { Handshake } from '../api';
import { now } from '../clock';
import type { Manager } from '../io/manager';
import type { Log } from '../logging';
import { notHandshaken, Refusal } from '../protocol/refusal';
import type { Bus, BusEntry } from './bus';
import type { Row } from './commit';
import type { Journal } from './journal';
import { StoredSession, storedOf } from './stored-session';
import { takeOver } from './takeover';

/** The shortest time for which a session that has left this process stays away, ms. */
const RETURN = 500;
/**
 * The number of times that the duration of a commit is added to RETURN. The other process needs two
 * commits.
 */
const RETURN_COMMITS = 4;
/**
 * The longest time for which a session that has left this process stays away, ms. The last commit
 * may have taken very long, for example because this process was paused meanwhile. Without this
 * limit, a client that comes back would wait for four times the duration of that commit.
 */
const MOST_RETURN = 3000;
/** The time for which this process remembers that a session has left, ms. */
const LEFT = 2500;
/**
 * The time for which takeovers wait after Redis was in trouble, ms. By then all processes have
 * written their sessions again.
 */
const CALM = 3000;
/** The number of further tries of a takeover while the row is of an old epoch. */
const OLD_TRIES = 6;
/** The wait of a takeover before each of these tries, ms. */
const OLD_PAUSE = 500;
/**
 * The time for which a session that comes here waits for its entries from XREAD, ms. Then this
 * process reads the entries over the connection for commands (catchUp).
 */
const BUS = 200;

/**
 * The number of tries of an action for a session, if another process takes the session away each
 * time.
 */
export const MOST_TRIES = 3;

export const elusive = () => new Refusal(503, 'the session goes from process to process');

/** The parts of a client's request that a takeover needs. */
export interface Coming {
  /** The number of the handshake with which the client came; null stands for any handshake. */
  handshakeNumber: number | null;
  /** The number of the last message that the client has. */
  got: number;
  /** The handshake itself, if the request is a handshake. The session may go on with it. */
  handshake?: Handshake;
}

/** The parts of the cluster that moves need. */
export interface Moving {
  readonly up: boolean;
  readonly log: Log;
  readonly manager: Manager;
  readonly bus: Bus;
  readonly journal: Journal;
}

export class Moves {
  /** The ids of the sessions that left a moment ago, each with the time at which it left, ms. */
  private readonly left = new Map<string, number>();
  /** The times at which sessions left in the last ten seconds, ms. */
  private leftAt: number[] = [];
  /**
   * For each session that is on its way here, by its id: the promise of the last fetch for this
   * session. The next fetch for the session waits for this promise.
   */
  private readonly fetching = new Map<string, Promise<void>>();
  /** The sessions whose clients wait for acknowledgements that other processes owe. */
  private readonly owed = new Set<StoredSession>();
  /** The time until which takeovers wait, ms. */
  private calmAt = 0;

  constructor(private readonly cluster: Moving) {}

  /** Makes takeovers wait for CALM, because Redis was in trouble. */
  onTrouble(): void {
    this.calmAt = now() + CALM;
  }

  /**
   * Takes over a session, if another process has it.
   * @throws Refusal if the session cannot be brought here
   */
  async fetch(id: string, coming: Coming): Promise<void> {
    // A fetch that is under way may be for an older handshake, and then does not bring the session.
    // So each fetch tries again after the fetch before it. If instead all fetches waited for the
    // first fetch, n requests would be woken n² times.
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
      if (!cluster.up) return; // without Redis, the client begins a new session
      const take = await cluster.journal.take(id, coming.handshakeNumber);
      if (take === 'none') return;
      if (take === 'old') {
        // The owner of the session writes the row again, if the owner is alive.
        if ((old += 1) > OLD_TRIES) return;
        await pause(OLD_PAUSE);
        continue;
      }
      if (take !== 'again' && await this.arrive(id, take, coming)) return;
      tries += 1;
    }
    throw elusive();
  }

  /**
   * Makes the session from its row, and from the entries of the bus.
   * @returns whether the session is here now; if not, another process has taken it over since, or
   * Redis has lost data, and the takeover has to be tried again
   * @throws Refusal if this process cannot read the bus as far as the takeover, or if the client
   * has to come with a handshake
   */
  private async arrive(id: string, row: Row, coming: Coming): Promise<boolean> {
    const { bus, journal, manager } = this.cluster;
    const { epoch } = journal;
    const { handshake, isRenewed } = await this.readHandshake(row.handshake!, coming);
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
    } while (bus.position !== position); // no await below: the bus stays at `position`
    if (journal.epoch !== epoch) return false;
    const term = Number(row.term);
    if (since && since.some(entry => entry.moved === id && entry.term! > term)) return false;
    const known = manager.sessions.get(id);
    if (known) {
      const stored = storedOf(known);
      if (!stored || stored.term >= term) return true;
      this.leave(stored);
    }
    const taken = takeOver(id, row, since, coming.got);
    const session = manager.adopt(id, handshake);
    const stored = storedOf(session)!;
    if (!taken) {
      stored.term = term;
      session.end('its last messages are missing');
      return true;
    }
    stored.restore(row, taken, epoch, now());
    if (isRenewed) stored.changed('handshake');
    const isOver = row.ended !== undefined || taken.entries.some(({ end }) => end);
    if (isOver) session.end('booted');
    else if (row.state![0] === '1') session.open(true);
    if (stored.isOwed) this.owed.add(stored);
    return true;
  }

  /**
   * Finds the handshake with which a session goes on. If the client has come with a new handshake
   * as the same user, the session goes on with the new handshake. Otherwise the session goes on
   * with the stored handshake, and middleware runs again on the stored handshake.
   * @param text the stored handshake, as Middleware.pack has made it
   * @throws Refusal if middleware refuses the client now, or names another user. The client then
   * has to send a new handshake. If this request is a handshake, no error is thrown here, because
   * the client gets the answer to its handshake
   */
  private async readHandshake(
    text: string, { handshakeNumber, handshake: now }: Coming,
  ): Promise<{ handshake: Handshake; isRenewed: boolean }> {
    const { middleware, users } = this.cluster.manager;
    const before = middleware.unpack(text);
    if (now && users.isSame({ handshake: before }, now)) return { handshake: now, isRenewed: true };
    if (middleware.isEmpty) return { handshake: before, isRenewed: false };
    const { handshake, isIn } = await middleware.again(text);
    if (isIn && users.isSame({ handshake: before }, handshake)) {
      return { handshake, isRenewed: false };
    }
    if (handshakeNumber !== null) throw notHandshaken();
    // The handshake that `again` has returned would give the session to the other user.
    return { handshake: before, isRenewed: false };
  }

  /** Lets a session go, because another process has taken it over. */
  leave(stored: StoredSession): void {
    if (stored.left) return;
    const { journal, manager, log } = this.cluster;
    const { id } = stored.session;
    journal.drop(stored);
    stored.leave();
    // A recycle moves each client once. A client that moves again and again is slow, so the log
    // warns.
    const time = now();
    this.left.set(id, time);
    this.leftAt = [...this.leftAt.filter(at => time - at < 10000), time];
    if (this.leftAt.length <= 20 + 2 * manager.clients) return;
    this.leftAt = [];
    log.warn('clients go from process to process: let each client stay with one process '
      + '(nodeProcessStickySessions in iisnode.yml, affinity in a balancer)');
  }

  /**
   * Waits before a session comes back. A client may send its polls to two processes in turn, and
   * its session may have a change in each of them. Without this wait, the session would move with
   * each poll.
   */
  private wait(): Promise<void> {
    const { took } = this.cluster.journal;
    return pause(Math.min(RETURN + RETURN_COMMITS * took, MOST_RETURN));
  }

  /**
   * Forgets the sessions that left long ago, and settles the acknowledgements that dead processes
   * owe. Called about once a second.
   * @param time the present time, by the clock that only goes forward, ms
   */
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
