/*
 * What of a session Redis has, and what it does not have yet: with that another process can go on with it. Each session of a client of
 * public/realtime.js has one, if there is Redis; commits.ts has it written.
 */
import { encodePacket } from '../encode';
import type { Session } from '../session';
import { Hold } from './hold';
import type { Cluster } from './index';
import type { Taken } from './take';

/** What realtime.js says as well. */
const RESTARTED = 'the server was restarted before it answered';

export class Shared {
  /** What has to be written: all of it, its rooms, what socket.set keeps. */
  whole = true;
  rooms = true;
  data = true;
  /** When it was written last, ms. */
  at = 0;
  /** The messages of the client that wait for an acknowledgement, by number. */
  readonly asked = new Set<number>();
  /** Whether another process has it now. */
  elsewhere = false;
  /** Whether the bus has said that it is here: what it says before that is of another time. */
  arrived = true;
  /** The number of the last message to the client that Redis is known to have. */
  confirmed = 0;
  private askedBefore = '';
  private stateBefore = '';
  /** The numbers of messages that the bus has as well, and Redis is not known to have for this client. */
  private fromBus: number[] = [];
  private receivedBefore = 0;
  /** The number of the last message to the client that another process sends as well, if it has not been written. */
  private again = 0;
  private toldWhenWritten: (() => void)[] = [];
  /** The numbers of the first and the last message to the client that Redis has or is being given. */
  private first = 1;
  last = 0;
  private readonly hold = new Hold();

  constructor(private readonly session: Session, private readonly cluster: Cluster) {
    session.outbox.hold = this.hold;
  }

  /** Something that another process would need has changed. */
  touch(): void {
    if (!this.elsewhere) this.cluster.commits.touch(this.session);
  }

  /** What socket.set keeps has changed. */
  onData(): void {
    this.data = true;
    this.touch();
  }

  /** A packet waits for the client. What the bus brought, a process that takes over reads there. */
  onPacket(): void {
    if (this.cluster.reading) this.fromBus.push(this.session.delivery!.next - 1);
    this.touch();
  }

  /** Waits until Redis has all so far, or cannot be asked. */
  written(): Promise<void> {
    if (!this.cluster.up || this.elsewhere) return Promise.resolve();
    this.touch();
    return new Promise(resolve => { this.toldWhenWritten.push(resolve); });
  }

  /** Whether Redis keeps messages that the client has got. */
  get canTrim(): boolean {
    return this.session.delivery!.first > this.first;
  }

  /**
   * Adds to a command what is to be written.
   * @returns what is to be called when it is written: then the client is told
   */
  write(args: (string | number)[]): () => void {
    const { session, session: { id, delivery } } = this;
    this.at = Date.now();
    const waiting = this.toldWhenWritten.splice(0);
    if (session.ended) {
      args.push(id, 'gone', 0, 0, 0, 0);
      return () => waiting.forEach(tell => tell());
    }
    const { first, next, received } = delivery!;
    this.noteAgain();
    // A client that has more than Redis: what is there is of no use any more.
    const whole = this.whole || first > this.last + 1;
    const asked = json([...this.asked]);
    const fields: string[] = [];
    if (whole) fields.push('handshake', json(session.handshake));
    if (whole || this.rooms) fields.push('rooms', json(session.rooms));
    if (whole || this.data) fields.push('data', json([...session.data]));
    if (whole || asked !== this.askedBefore) fields.push('asked', asked);
    const state = json([session.attempt, session.connected]);
    if (whole || state !== this.stateBefore) fields.push('state', state);
    const packets = delivery!.from(whole ? first : this.last + 1);
    args.push(id, whole ? 'whole' : 'part', received, whole ? first : first - this.first);
    args.push(fields.length / 2, ...fields, packets.length, ...packets);
    [this.first, this.last] = [first, next - 1];
    this.whole = this.rooms = this.data = false;
    this.askedBefore = asked;
    this.stateBefore = state;
    this.receivedBefore = received;

    const written = this.hold.writing();
    return () => {
      written();
      waiting.forEach(tell => tell());
      delivery!.tell(received);
      session.transport.flushSoon();
    };
  }

  /** What another process does again, as it does not know that it was done, is not to be sent from here as well. */
  private noteAgain(): void {
    const { received, next } = this.session.delivery!;
    if (this.data || received !== this.receivedBefore) this.again = next - 1;
  }

  /** What was written last is known to be there. */
  confirm(last: number): void {
    this.confirmed = Math.max(this.confirmed, last);
    if (this.fromBus.length > 0) this.fromBus = this.fromBus.filter(number => number > last);
  }

  /** The client is told what there is, though it is not written. */
  letGo(): void {
    this.hold.clear();
    this.session.delivery!.tell(this.session.delivery!.received);
    for (const tell of this.toldWhenWritten.splice(0)) tell();
    this.session.transport.flushSoon();
  }

  /** Goes on where another process was. The client is on its way. */
  restore({ first, kept, received, asked, rooms, data, missed, owner, seen, attempt, connected }: Taken): void {
    const { session } = this;
    this.arrived = seen === 'here';
    session.delivery!.restore(first, kept, received);
    [this.first, this.last, this.confirmed] = [first, first + kept.length - 1, first + kept.length - 1];
    for (const number of asked) this.asked.add(number);
    this.askedBefore = json(asked);
    for (const room of rooms) this.cluster.manager.rooms.join(session, room);
    for (const [key, value] of data) session.data.set(key, value);
    this.whole = this.rooms = this.data = false;
    this.receivedBefore = received;
    session.attempt = attempt;
    if (!connected) return;
    for (const packet of missed) this.sendForOther(packet);
    session.begin(true);
    if (asked.length > 0) void this.answerFor(owner, asked);
  }

  /** What another process sends to the client. */
  sendForOther(packet: string): void {
    const acknowledged = /^6:::(\d+)/.exec(packet);
    if (acknowledged) this.asked.delete(Number(acknowledged[1]));
    this.session.send(packet);
  }

  /** If the process that was asked for acknowledgements has died, the client waits for them no longer. */
  private async answerFor(owner: string, asked: number[]): Promise<void> {
    if (!await this.cluster.members.isDead(owner)) return;
    for (const ackId of asked) {
      if (this.asked.delete(ackId)) this.session.send(encodePacket({ type: 'ack', ackId, args: [{ error: RESTARTED }] }));
    }
  }

  /**
   * Another process has it now.
   * @param settled when all that is being written is known to be there or not
   */
  async onMoved(settled: Promise<unknown>): Promise<void> {
    this.noteAgain();
    this.elsewhere = true;
    this.session.leave();
    await settled;
    // What was not written follows it.
    const from = Math.max(this.confirmed, this.again, this.session.delivery!.first - 1) + 1;
    this.session.delivery!.from(from).forEach((packet, i) => {
      if (!this.fromBus.includes(from + i)) this.forward(packet);
    });
  }

  /** Sends a packet to where the client is. */
  forward(packet: string): void {
    this.cluster.publish({ to: this.session.id, packet });
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
