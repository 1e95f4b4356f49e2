/*
 * The journal of this process has all changes that are to be written to Redis, and the one commit
 * that is under way (commit.ts). The journal sends the same bytes of this commit again until Redis
 * answers. Then the journal makes the next commit, from all changes since.
 */
import { randomBytes } from 'crypto';
import { now } from '../clock';
import type { Session } from '../session/session';
import type { Bus } from './bus';
import { Answer, Commit, encode, Keys, Letter, readAnswer, Row, Says } from './commit';
import type { Redis, RedisError } from './redis';
import { StoredSession, storedOf } from './stored-session';
import { Unread, UnreadEntries } from './unread';

/**
 * The most sessions that one commit writes. If more sessions have caused entries, the commit writes
 * all of these sessions (choose).
 */
const TOGETHER = 500;
/**
 * The largest size of the outboxes of the sessions of one commit, characters. A commit that has
 * more gets no further session.
 */
const LARGEST = 4000000;
/** The longest time of a commit, beats. Then the clients stop waiting for the commit (onSlow). */
const SLOW = 3;

/** The parts of the cluster that the journal needs. */
export interface Writer {
  /** The id of this process. */
  readonly id: string;
  readonly names: Keys;
  /** The time for which Redis keeps a row that nobody writes, s. */
  readonly keptFor: number;
  readonly up: boolean;
  readonly redis: Redis;
  readonly bus: Bus;
  readonly clients: number;
  /** The position on the bus up to which all processes have read, as far as this process knows. */
  readonly readByAll: number;
  /** All sessions of this process. */
  readonly sessions: Iterable<Session>;
  /** Called for a session that Redis has not written: another process has taken it over. */
  onMoved(session: StoredSession): void;
  /**
   * Called when Redis has answered a commit.
   * @param peers the reports of all processes, by their ids; null if the commit did not ask for
   * them
   */
  onAnswered(peers: Map<string, Says> | null): void;
  /** Called when an answer has another epoch: Redis has lost data, or this process is new. */
  onEpoch(answer: Answer & { lost: true }): void;
  /**
   * Called when Redis refuses the commit.
   * @param why the code or the message of the error
   */
  onRefused(why: string): void;
  /** Called when Redis has not answered a commit for SLOW beats. */
  onSlow(): void;
}

/**
 * The result of a takeover: the row of the session, or the reason why the takeover has failed.
 * - none: this process cannot have the session (letter n of commit.lua), or Redis does not answer
 * - old: the row is of an old epoch, and the owner of the session may write it again
 * - again: another process has taken over the session since
 */
export type Take = Row | 'none' | 'old' | 'again';

interface Wanted {
  id: string;
  handshakeNumber: number | null;
  resolve: (take: Take) => void;
}

interface UnderWay {
  commit: Commit;
  sessions: StoredSession[];
  takes: Wanted[];
  entries: Unread[];
  /** The beat in which the commit was made. */
  beat: number;
  /** The time at which the commit was sent last, ms. */
  time: number;
  isSent: boolean;
}

export class Journal {
  epoch = '';
  /** The time that the last commit took, ms. */
  took = 0;
  /**
   * The beats that this process has counted: one a second, and none while the process is paused.
   */
  beats = 0;
  readonly unread: UnreadEntries;
  /** The number of the last commit that Redis has answered. */
  private number = 0;
  private underWay: UnderWay | null = null;
  private readonly dirty = new Set<StoredSession>();
  private wanted: Wanted[] = [];
  private isCurious = false;
  private isScheduled = false;
  private isClosed = false;

  constructor(private readonly writer: Writer) {
    this.unread = new UnreadEntries(writer.id);
  }

  /** Marks a session for the next commit, because something of the session has changed. */
  touch(session: StoredSession): void {
    this.dirty.add(session);
    this.soon();
  }

  /**
   * Forgets a session that another process has now: no later commit of this process writes the
   * session. The new owner handles the unwritten messages of the client again. So the journal drops
   * the entries that these messages have caused here.
   */
  drop(session: StoredSession): void {
    this.dirty.delete(session);
    this.unread.dropCausedBy(session.session.id);
  }

  /**
   * Takes over a session with the next commit.
   * @param handshakeNumber the number of the handshake with which the client came; null stands for
   * any handshake
   * @returns the row of the session, or the reason why the takeover has failed
   */
  take(id: string, handshakeNumber: number | null): Promise<Take> {
    return new Promise(resolve => {
      this.wanted.push({ id, handshakeNumber, resolve });
      this.soon();
    });
  }

  /** Ends all waiting takeovers with the result 'none', because Redis does not answer. */
  giveUpTakes(): void {
    for (const { resolve } of this.wanted.splice(0)) resolve('none');
    if (this.underWay) for (const { resolve } of this.underWay.takes) resolve('none');
  }

  /**
   * Makes a commit at the end of this turn of the event loop, or as soon as Redis has answered the
   * commit under way.
   */
  soon(): void {
    if (this.isScheduled || this.underWay || this.isClosed) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      this.begin();
    });
  }

  /**
   * Counts a beat. Called once a second. Each beat makes a commit, if none is under way. By this
   * commit the other processes see that this process is alive, and this process learns whether
   * Redis has lost data. The time of a commit is counted in beats, not in ms: otherwise a process
   * that was paused would take Redis for slow.
   */
  beat(): void {
    this.beats += 1;
    this.isCurious = true;
    if (this.underWay && this.beats - this.underWay.beat >= SLOW) this.writer.onSlow();
    if (this.underWay) this.send();
    else this.begin();
  }

  close(): void {
    this.isClosed = true;
  }

  private begin(): void {
    if (this.underWay || this.isClosed) return;
    const { writer, unread } = this;
    const sessions = this.epoch === '' ? [] : this.choose();
    const writes = sessions.map(one => one.write(this.epoch, writer.bus.position, now()));
    const takes = this.epoch === '' ? [] : this.wanted.splice(0);
    const entries = this.epoch === '' ? [] : unread.take();
    const places = new Map(sessions.map((one, i) => [one.session.id, i]));
    const commit: Commit = {
      process: writer.id,
      epoch: this.epoch,
      number: this.number + 1,
      fresh: randomBytes(9).toString('base64'),
      says: {
        beats: this.beats, clients: writer.clients, read: writer.bus.position,
        lastEntry: unread.last,
      },
      writes,
      takes,
      entries: entries.map(({ cause, text }) => {
        const place = places.get(cause);
        return { cause: place === undefined ? -1 : place, text };
      }),
      readByAll: writer.readByAll,
      curious: this.isCurious,
    };
    this.isCurious = false;
    this.underWay = {
      commit, sessions, takes, entries, beat: this.beats, time: now(), isSent: false,
    };
    this.send();
  }

  /** @returns the sessions that the next commit writes */
  private choose(): StoredSession[] {
    // A message that was handled and the entries that it has caused must be in the same commit: if
    // this process dies, Redis has both or neither. So the commit first takes all sessions whose
    // messages have caused entries.
    const { causes } = this.unread;
    const chosen = [...this.dirty].filter(({ session }) => causes.has(session.id));
    for (const one of chosen) this.dirty.delete(one);
    let size = 0;
    for (const one of this.dirty) {
      if (chosen.length >= TOGETHER || size > LARGEST) break;
      chosen.push(one);
      this.dirty.delete(one);
      size += one.session.outbox.size;
    }
    return chosen;
  }

  /** Sends the commit under way, if it has not been sent on this connection yet. */
  send(): void {
    const one = this.underWay;
    const { writer } = this;
    if (!one || one.isSent || !writer.redis.ready) return;
    one.isSent = true;
    one.time = now();
    const { keys, args } = encode(one.commit, writer.names, writer.keptFor);
    writer.redis.run(keys, args).then(reply => this.onReply(one, readAnswer(reply)), error => {
      // Redis may have run the commit, or not. The journal sends the same commit again: when a new
      // connection is ready, or, if Redis has refused the commit, with the next beat.
      one.isSent = false;
      const { code, message } = error as RedisError;
      if (writer.redis.ready) writer.onRefused(code || message);
    });
  }

  private onReply(one: UnderWay, answer: Answer): void {
    if (this.underWay !== one) return;
    this.underWay = null;
    this.took = now() - one.time;
    if (answer.lost) this.onLost(one, answer);
    else this.onDone(one, answer);
    if (this.dirty.size > 0 || this.wanted.length > 0 || this.unread.isDue) this.soon();
  }

  private onDone(one: UnderWay, { outcome, rows, peers }: Answer & { lost: false }): void {
    const { commit, sessions, takes, entries } = one;
    this.number = commit.number;
    const moved = sessions.filter((_session, i) => outcome[i] !== 'w');
    this.unread.onPut(entries, new Set(moved.map(({ session }) => session.id)));
    sessions.forEach((session, i) => {
      if (outcome[i] === 'w') session.onWritten(commit.epoch);
      else session.onNotWritten();
    });
    for (const session of moved) this.writer.onMoved(session);
    let row = 0;
    takes.forEach(({ resolve }, i) => {
      const letter = outcome[sessions.length + i]!;
      resolve(letter === 't' ? toTake(rows[row++]!) : WHY_NOT[letter]!);
    });
    this.writer.onAnswered(peers);
  }

  /** Writes all sessions and entries again, in the new epoch. */
  private onLost(one: UnderWay, answer: Answer & { lost: true }): void {
    this.epoch = answer.epoch;
    this.number = 0;
    // All takeovers have to wait until each owner has written its sessions again. So the result is
    // 'old' for the takeovers of this commit, and for the takeovers that wait for the next commit.
    for (const { resolve } of [...one.takes, ...this.wanted.splice(0)]) resolve('old');
    // A session that has ended is no longer in writer.sessions, but Redis may still have to learn
    // of its end. Such a session is in this commit, or is dirty.
    const all = new Set([...one.sessions, ...this.dirty]);
    for (const session of this.writer.sessions) {
      const stored = storedOf(session);
      if (stored) all.add(stored);
    }
    const here = new Set([...all].filter(({ left }) => !left).map(({ session }) => session.id));
    this.unread.putAgain(id => here.has(id));
    this.writer.onEpoch(answer);
    for (const stored of all) stored.onLost();
  }
}

function toTake(row: Row): Take {
  return row.owner === undefined ? 'again' : row;
}

const WHY_NOT: Partial<Record<Letter, Take>> = { n: 'none', o: 'old' };
