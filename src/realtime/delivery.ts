/*
 * What makes the messages of a client of public/realtime.js arrive, each once and in order, whatever happens to its connection. Such a
 * client's session has one, which its outbox (outbox.ts) uses; 0.9's own clients have none.
 */
import { now } from './clock';

/** How much of a client may go without an acknowledgement while there is nothing else to send, characters, and for how long, ms. */
const MOST_OWED = 50000;
/** What a message counts beside its text: a client sends 500 of them and then waits. */
const OWED_EACH = 200;
const LONGEST_OWED = 1000;
/**
 * What a packet takes beside its letters, bytes: V8 keeps it as the parts that it was put together from,
 * and its places in the lists. Measured on node 12 and 20: 80 to 120, for plain clients up to 200.
 */
const EACH = 100;

/** How much a packet counts where it is kept. */
export function held(packet: string): number {
  return packet.length + EACH;
}

/** Whether a packet is an acknowledgement. */
export function isAck(packet: string): boolean {
  return packet[0] === '6';
}

/**
 * Both sides number messages (the ids of their packets), and keep them until the other says that it has them. The client says it with
 * each poll (got=17 in its query), or by an acknowledgement without an id (6:::17), as we do to it.
 */
export class Delivery {
  /** Messages to the client, from number `first` on. The first `sent` of them are on their way. */
  private kept: string[] = [];
  first = 1;
  private sent = 0;
  /** The number of the client's last message. */
  received = 0;
  /** The same, as far as the client may be told. */
  private mayTell = 0;
  /** How much of its messages it does not know that we have, characters, and since when. */
  private owed = 0;
  private owedSince = 0;
  /** How often in a row a message was missing, and after which. */
  private missing = 0;
  private missingAfter = 0;
  /** Whether the session has ended, and only acknowledgements are kept. */
  private over = false;

  /** The number that the next message to the client will have. */
  get next(): number {
    return this.first + this.kept.length;
  }

  /**
   * Numbers and keeps a packet: a message, JSON, an event or an acknowledgement, in the main namespace.
   * @returns what is to be sent; null if it is not one to be kept
   */
  keep(packet: string): string | null {
    const type = packet[0]!;
    const second = packet.indexOf(':', 2);
    const inNamespace = second + 1 < packet.length && packet[second + 1] !== ':';
    if (type < '3' || type > '6' || inNamespace) return null;
    const numbered = `${type}:${this.next}${packet[second - 1] === '+' ? '+' : ''}${packet.slice(second)}`;
    this.kept.push(numbered);
    return numbered;
  }

  /** Messages to the client, from this number on. */
  from(number: number): string[] {
    return this.kept.slice(number - this.first);
  }

  /** Goes on where another process was. */
  restore(first: number, kept: string[], received: number): void {
    this.first = first;
    this.kept = kept;
    this.sent = kept.length; // as far as we know
    this.received = this.mayTell = received;
    if (received > 0) this.owe(); // whether the client knows is not known
  }

  /** All that is kept has been sent, but the last `held`. */
  onSent(held: number): void {
    this.sent = this.kept.length - held;
  }

  /** The client may be told that its messages up to this number have arrived. */
  tell(number: number): void {
    if (number <= this.mayTell) return;
    this.mayTell = number;
    this.owe();
  }

  private owe(): void {
    if (this.owed === 0) [this.owed, this.owedSince] = [OWED_EACH, now()];
  }

  /**
   * The client has all messages up to `number`.
   * @returns how much is no longer kept
   */
  onGot(number: number): number {
    if (this.over) return this.onLastGot(number);
    const got = Math.min(number - this.first + 1, this.sent);
    if (!(got > 0)) return 0;
    this.first += got;
    this.sent -= got;
    return this.kept.splice(0, got).reduce((size, packet) => size + held(packet), 0);
  }

  /** What has been sent and not arrived, to be sent again before anything else. */
  takeLost(): string[] {
    const lost = this.kept.slice(0, this.sent);
    this.sent = 0;
    return lost;
  }

  /**
   * A message of the client arrives.
   * @param size its length in characters
   * @param tell whether the client may be told at once
   * @returns 'next' if it is to be handled, 'again' if it has been, 'gap' if one before it is missing
   */
  onMessage(number: number, size: number, tell: boolean): 'next' | 'again' | 'gap' {
    if (this.owed === 0) this.owedSince = now();
    this.owed += size + OWED_EACH;
    if (number <= this.received) return 'again';
    if (number > this.received + 1) return 'gap';
    this.received = number;
    if (tell) this.mayTell = number;
    return 'next';
  }

  /**
   * The session has ended: of the messages to the client only acknowledgements are kept.
   * @returns how much that is
   */
  keepAcks(): number {
    this.over = true;
    this.kept = this.kept.filter(isAck);
    return this.kept.reduce((size, packet) => size + held(packet), 0);
  }

  /** No message is for the client any more. */
  giveUp(): void {
    this.first = this.next;
    this.kept = [];
    this.sent = 0;
  }

  /** Whether the client would be told something by lastAcks. */
  hasLastAcks(): boolean {
    return this.owed > 0 || this.kept.length > 0;
  }

  /** The same as onGot, of a session that has ended. */
  private onLastGot(number: number): number {
    const before = this.kept;
    this.first = Math.max(this.first, number + 1);
    this.sent = 0;
    this.kept = before.filter(packet => numberOf(packet) > number);
    return before.slice(0, before.length - this.kept.length)
      .reduce((size, packet) => size + held(packet), 0);
  }

  /**
   * The last that the client is told: what we have of its messages, and what these were answered. The
   * messages between are gone, so that the acknowledgements get the numbers that the client expects next.
   */
  lastAcks(): string[] {
    const next = this.first + this.sent;
    const acks = this.kept.filter(packet => numberOf(packet) >= next);
    return [
      ...this.takeAck(true),
      ...acks.map((packet, i) => `6:${next + i}${packet.slice(packet.indexOf(':', 2))}`),
    ];
  }

  /** A message was missing. Gives whether it is the fourth time that this one is: a client that was told we have it does not send it. */
  isLost(): boolean {
    this.missing = this.missingAfter === this.received ? this.missing + 1 : 1;
    this.missingAfter = this.received;
    return this.missing > 3;
  }

  /** Whether the client has to be told what we have, though there is nothing else to tell it. */
  isAckDue(time: number): boolean {
    return this.owed >= MOST_OWED || (this.owed > 0 && time - this.owedSince >= LONGEST_OWED);
  }

  /** Tells the client what we have, if it does not know: a packet, or none. */
  takeAck(always = false): string[] {
    if (this.owed === 0 && !always) return [];
    this.owed = 0;
    return [`6:::${this.mayTell}`];
  }
}

/** The number of a message. */
function numberOf(packet: string): number {
  return parseInt(packet.slice(2), 10);
}
