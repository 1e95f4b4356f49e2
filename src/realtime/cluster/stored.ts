import type { Session } from '../session/session';
import type { Taken } from './take';

/**
 * What of a session is in Redis, and what is not yet: its fields, and the messages to its client. Each session that others can go on with
 * has one (shared.ts); scripts.ts says what they are in Redis.
 */
export class Stored {
  /** What has to be written: all of it, its rooms, what socket.set keeps, a new handshake. */
  whole = true;
  rooms = true;
  data = true;
  handshake = true;
  /** The messages of the client that wait for an acknowledgement, by number. */
  readonly asked = new Set<number>();
  /** The numbers of the first and the last message to the client that Redis has or is being given. */
  private first = 1;
  last = 0;
  /** The number of the last one that it is known to have. */
  private confirmed = 0;
  /** Those that it is not known to have, and that whoever takes over sends all the same: the bus has them, or it does their cause again. */
  private covered: number[] = [];
  private askedBefore = '';
  private stateBefore = '';
  private receivedBefore = 0;

  constructor(private readonly session: Session) {}

  /** Whether Redis keeps messages that the client has got. */
  get canTrim(): boolean {
    return this.session.delivery!.first > this.first;
  }

  /**
   * Adds to a command what is to be written.
   * @param term how often the session has been taken over
   * @param at the position in the bus up to which its client has been sent what that said
   */
  write(args: (string | number)[], term: number, at: string): void {
    const { session, session: { id, isForGood } } = this;
    if (session.ended && !isForGood) {
      args.push(id, 'gone', term, at, 0, 0, 0, 0);
      return;
    }
    const { first, next, received } = session.delivery!;
    this.coverDoneAgain();
    // A client that has more than Redis: what is there is of no use any more.
    const whole = this.whole || first > this.last + 1;
    const asked = json([...this.asked]);
    const attempt = session.handshakeNumber === null ? '' : String(session.handshakeNumber);
    const state = json([attempt, session.isUsed, session.isBack]);
    const fields: string[] = [];
    if (whole || this.handshake) fields.push('handshake', json(session.handshake));
    if (whole || this.rooms) fields.push('rooms', json(session.rooms));
    if (whole || this.data) fields.push('data', json([...session.data]));
    if (whole || asked !== this.askedBefore) fields.push('asked', asked);
    if (whole || state !== this.stateBefore) fields.push('state', state);
    if (isForGood) fields.push('ended', '1');
    const packets = session.delivery!.from(whole ? first : this.last + 1);
    args.push(id, whole ? 'whole' : 'part', term, at, received, whole ? first : first - this.first);
    args.push(fields.length / 2, ...fields, packets.length, ...packets);
    [this.first, this.last] = [first, next - 1];
    this.whole = this.rooms = this.data = this.handshake = false;
    [this.askedBefore, this.stateBefore, this.receivedBefore] = [asked, state, received];
  }

  /** The last message to the client is on the bus. */
  coverLast(): void {
    this.covered.push(this.session.delivery!.next - 1);
  }

  /** What was sent since the last writing, where a message was handled or data changed: if Redis does not get it, it is done again. */
  private coverDoneAgain(): void {
    const { received, next } = this.session.delivery!;
    if (!this.data && received === this.receivedBefore) return;
    for (let number = this.last + 1; number < next; number++) this.covered.push(number);
  }

  /** What was written up to that message is known to be there. */
  confirm(last: number): void {
    this.confirmed = Math.max(this.confirmed, last);
    if (this.covered.length > 0) this.covered = this.covered.filter(number => number > last);
  }

  /** No more is written. Gives what nobody else sends, once it is known what is there. */
  async rest(settled: Promise<unknown>): Promise<string[]> {
    this.coverDoneAgain();
    await settled;
    const from = Math.max(this.confirmed + 1, this.session.delivery!.first);
    return this.session.delivery!.from(from).filter((_packet, i) => !this.covered.includes(from + i));
  }

  /**
   * Goes on with what is there.
   * @param isRenewed whether the session has another handshake than is there
   */
  restore({ first, kept, received, asked, data, handshakeNumber, isBack }: Taken, isRenewed: boolean): void {
    const { session } = this;
    session.outbox.continueFrom(first, kept, received);
    this.first = first;
    this.last = this.confirmed = first + kept.length - 1;
    for (const number of asked) this.asked.add(number);
    for (const [key, value] of data) session.data.set(key, value);
    session.handshakeNumber = handshakeNumber;
    session.isBack = isBack;
    this.askedBefore = json(asked);
    this.receivedBefore = received;
    this.whole = this.rooms = this.data = false;
    this.handshake = isRenewed;
  }
}

/** What cannot be written as JSON does not go along. */
function json(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return '[]';
  }
}
