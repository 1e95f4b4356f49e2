/*
 * What makes another process able to go on with a session: what of it is in Redis (stored.ts), and that its client is told nothing that is
 * not. Each session of a client of public/realtime.js has one, if there is Redis; commits.ts has it written.
 */
import { now } from '../clock';
import { encodePacket } from '../protocol/write';
import type { Change, Keeper } from '../session/keeper';
import type { Session } from '../session/session';
import { Bus, isAfter } from './bus';
import type { Entry } from '../backplane';
import { Hold } from './hold';
import type { Members } from './members';
import { Stored } from './stored';
import type { Taken } from './take';

/** What realtime.js says as well. */
const RESTARTED = 'the server was restarted before it answered';

/** The cluster, as far as a session that is shared needs it. */
export interface Sharing {
  readonly up: boolean;
  readonly bus: Bus;
  readonly members: Members;
  readonly commits: { touch(session: Session): void };
  readonly manager: { readonly rooms: { join(session: Session, room: string): void } };
  publish(entry: Entry): void;
}

/** What is shared of a session, if it is. */
export function sharedOf({ keeper }: Session): Shared | null {
  return keeper instanceof Shared ? keeper : null;
}

export class Shared implements Keeper {
  readonly stored: Stored;
  /** When it was written last, ms. */
  at = 0;
  /** Whether another process has it now. */
  elsewhere = false;
  /** How often it has been taken over: who has it with a lower one has it no longer. */
  term = 0;
  /** What the bus says up to this position has been sent already, by the process before; null if it has been read. */
  private sentUntil: string | null = null;
  /** Who waits until all is written, and those of them for whom that is under way. */
  private toldWhenWritten: (() => void)[] = [];
  private readonly waiting = new Set<() => void>();
  /** What follows it to another process later than what was not written. */
  private following: string[] | null = null;
  private readonly hold = new Hold();

  constructor(private readonly session: Session, private readonly cluster: Sharing) {
    this.stored = new Stored(session);
    session.outbox.hold = this.hold;
  }

  /** Whether the client is told nothing that is not written: not while Redis is gone. */
  get waits(): boolean {
    return this.cluster.up;
  }

  /** Something that another process would need has changed. */
  touch(): void {
    if (!this.elsewhere) this.cluster.commits.touch(this.session);
  }

  changed(what?: Change): void {
    if (what) this.stored[what] = true;
    if (!this.waits) this.hold.clear();
    this.touch();
  }

  ended(): void {
    if (this.elsewhere) return;
    this.letGo();
    this.touch();
  }

  asked(message: number): void {
    this.stored.asked.add(message);
  }

  answered(message: number): void {
    this.stored.asked.delete(message);
  }

  sendOn(packet: string): void {
    if (this.elsewhere) this.forward(packet);
  }

  /** Sends what the bus has for the client, unless the process before has sent it. */
  sendFromBus(packet: string, volatile?: boolean): void {
    if (this.isBehind) return;
    const { session, session: { delivery } } = this;
    const { next } = delivery!;
    session.send(packet, volatile);
    if (delivery!.next > next) this.stored.coverLast();
  }

  /** Waits until Redis has all so far, or cannot be asked. */
  written(): Promise<void> {
    if (!this.cluster.up || this.elsewhere) return Promise.resolve();
    this.touch();
    return new Promise(resolve => {
      this.toldWhenWritten.push(resolve);
      this.waiting.add(resolve);
    });
  }

  /**
   * Adds to a command what is to be written.
   * @returns what is to be called when it is written: then the client is told
   */
  write(args: (string | number)[]): () => void {
    const { session, session: { delivery } } = this;
    this.at = now();
    this.stored.write(args, this.term, this.isBehind ? this.sentUntil! : this.cluster.bus.position);
    const { received } = delivery!;
    const waiting = this.toldWhenWritten.splice(0);
    const written = this.hold.writing();
    return () => {
      written();
      this.onWritten(waiting);
      delivery!.tell(received);
      session.transport.flushSoon();
    };
  }

  /** The client is told what there is, though it is not written. */
  letGo(): void {
    this.hold.clear();
    this.session.delivery!.tell(this.session.delivery!.received);
    this.onWritten(this.waiting);
    this.session.transport.flushSoon();
  }

  private onWritten(waiting: Iterable<() => void>): void {
    for (const tell of waiting) {
      this.waiting.delete(tell);
      tell();
    }
  }

  /** Goes on where another process was. The client is on its way. */
  restore(taken: Taken, isRenewed: boolean): void {
    const { session } = this;
    this.term = taken.term;
    this.at = now();
    this.sentUntil = taken.from;
    for (const room of taken.rooms) this.cluster.manager.rooms.join(session, room);
    this.stored.restore(taken, isRenewed);
    if (!taken.connected && !taken.ended) return this.touch(); // nothing of the bus is for it: the next one need not look
    for (const packet of taken.missed) this.sendForOther(packet, true);
    if (taken.ended) return session.end('booted');
    session.open(true);
    if (taken.asked.length > 0) void this.answerFor(taken.owner, taken.asked);
  }

  /** Whether this process has not read yet what the one before has. */
  private get isBehind(): boolean {
    if (this.sentUntil !== null && isAfter(this.cluster.bus.position, this.sentUntil)) this.sentUntil = null;
    return this.sentUntil !== null;
  }

  /**
   * What another process sends to the client.
   * @param fromBus whether it was read from the bus
   */
  sendForOther(packet: string, fromBus: boolean): void {
    const acknowledged = /^6:\d*::(\d+)/.exec(packet);
    if (acknowledged) this.stored.asked.delete(Number(acknowledged[1]));
    if (fromBus) this.sendFromBus(packet);
    else this.session.send(packet);
  }

  /** If the process that was asked for acknowledgements has died, the client waits for them no longer. */
  private async answerFor(owner: string, asked: number[]): Promise<void> {
    while (!this.cluster.members.isDead(owner)) {
      await new Promise(resolve => { setTimeout(resolve, 1000); });
      if (this.elsewhere || this.session.ended || !asked.some(number => this.stored.asked.has(number))) return;
    }
    for (const ackId of asked) {
      if (this.stored.asked.delete(ackId)) this.session.send(encodePacket({ type: 'ack', ackId, args: [{ error: RESTARTED }] }));
    }
  }

  /**
   * Another process has it now. What was not written follows it.
   * @param settled when all that is being written is known to be there or not
   */
  async onMoved(settled: Promise<unknown>): Promise<void> {
    const rest = this.stored.rest(settled);
    this.elsewhere = true;
    this.session.end('moved');
    this.onWritten(this.toldWhenWritten.splice(0));
    if (this.session.isForGood) this.cluster.publish({ end: this.session.id });
    const following: string[] = this.following = [];
    const packets = await rest;
    this.following = null;
    for (const packet of [...packets, ...following]) this.forward(packet);
  }

  /** Sends a packet to where the client is. */
  forward(packet: string): void {
    if (this.following) this.following.push(packet);
    else this.cluster.publish({ to: this.session.id, packet });
  }
}
