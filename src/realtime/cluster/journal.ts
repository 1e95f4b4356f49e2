/*
 * All that this process has to write to Redis, and the one commit that is under way (commit.ts). It
 * is sent again, the same bytes, until Redis answers; then the next one is made of all that has
 * changed meanwhile.
 */
import { randomBytes } from 'crypto';
import { now } from '../clock';
import type { Session } from '../session/session';
import type { Bus } from './bus';
import { Answer, Commit, encode, Keys, Letter, readAnswer, Row, Says } from './commit';
import type { Redis, RedisError } from './redis';
import { StoredSession, storedOf } from './stored-session';
import { Unread, UnreadEntries } from './unread';

/** How many sessions one commit writes at most. */
const TOGETHER = 500;
/** How much it carries of messages to clients, characters. */
const LARGEST = 4000000;
/** A commit that takes longer does not hold back clients any more, beats. */
const SLOW = 3;

/** The cluster, as far as its journal needs it. */
export interface Writer {
  /** This process. */
  readonly id: string;
  readonly names: Keys;
  /** How long Redis keeps a row that nobody writes, s. */
  readonly keptFor: number;
  readonly up: boolean;
  readonly redis: Redis;
  readonly bus: Bus;
  readonly clients: number;
  /** The position in the bus up to which all processes have read, as far as is known. */
  readonly readByAll: number;
  /** All sessions of this process. */
  readonly sessions: Iterable<Session>;
  /** A session was not written: another process has it. */
  onMoved(session: StoredSession): void;
  /** Redis has answered, and knows of these processes, if it was asked. */
  onAnswered(peers: Map<string, Says> | null): void;
  /** Redis has lost data, or is new to this process. */
  onEpoch(answer: Answer & { lost: true }): void;
  /** Redis takes nothing. */
  onRefused(why: string): void;
  /** A commit has not been answered for SLOW beats. */
  onSlow(): void;
}

/** A takeover: the row of the session, or why there is none. */
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
  /** When it was made, as beats are counted. */
  beat: number;
  /** When it was sent last, ms. */
  time: number;
  isSent: boolean;
}

export class Journal {
  epoch = '';
  /** How long the last commit took, ms. */
  took = 0;
  /** How many seconds this process has been alive, as it counts them. */
  beats = 0;
  readonly unread: UnreadEntries;
  /** The number of the last commit that was answered. */
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

  /** Something of a session has changed. */
  touch(session: StoredSession): void {
    this.dirty.add(session);
    this.soon();
  }

  /** Another process has a session. What it has handled and not written, that one handles again. */
  drop(session: StoredSession): void {
    this.dirty.delete(session);
    this.unread.dropCausedBy(session.session.id);
  }

  /**
   * A session is taken over with the next commit.
   * @param handshakeNumber the handshake that its client came with; null for any
   */
  take(id: string, handshakeNumber: number | null): Promise<Take> {
    return new Promise(resolve => {
      this.wanted.push({ id, handshakeNumber, resolve });
      this.soon();
    });
  }

  /** Nobody waits for a takeover any more: Redis does not answer. */
  giveUpTakes(): void {
    for (const { resolve } of this.wanted.splice(0)) resolve('none');
    if (this.underWay) for (const { resolve } of this.underWay.takes) resolve('none');
  }

  /** There is a commit at the end of this turn, or when the one under way is answered. */
  soon(): void {
    if (this.isScheduled || this.underWay || this.isClosed) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      this.begin();
    });
  }

  /**
   * A second is over. There is at least one commit a second: others see that this process is alive,
   * and it learns whether Redis has lost data. Beats are counted, not timed: a process that was
   * paused does not take Redis for slow.
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
    // That a message was handled, and all that it causes, is there at once or not at all.
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

  /** The commit under way is sent, unless it has been, on this connection. */
  send(): void {
    const one = this.underWay;
    const { writer } = this;
    if (!one || one.isSent || !writer.redis.ready) return;
    one.isSent = true;
    one.time = now();
    const { keys, args } = encode(one.commit, writer.names, writer.keptFor);
    writer.redis.run(keys, args).then(reply => this.onReply(one, readAnswer(reply)), error => {
      // It may be there or not. The same goes again: at once if there is a new connection, with the
      // next beat if Redis has refused it.
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

  /** All is written again, in another epoch. */
  private onLost(one: UnderWay, answer: Answer & { lost: true }): void {
    this.epoch = answer.epoch;
    this.number = 0;
    // Takeovers wait until all is written again, those too that were about to go with this commit.
    for (const { resolve } of [...one.takes, ...this.wanted.splice(0)]) resolve('old');
    // Those that have ended are no longer among the sessions, and may not be written yet.
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
