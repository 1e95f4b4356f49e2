/*
 * The messages of a client of public/realtime.js, and to it, arrive once and in order, whatever
 * happens to its connection. The session of such a client has one Delivery, which its outbox
 * (outbox.ts) uses; 0.9's own clients have none.
 *
 * Both sides number their messages (the ids of packets), and keep each until the other side says
 * that it has it. The client says so with each poll (got=17 in its query), or by an acknowledgement
 * without an id (6:::17). The server always says it by such an acknowledgement.
 */
import { now } from '../clock';

/** How much of a client may go unacknowledged while nothing else is sent, characters. */
const MOST_OWED = 50000;
/** And for how long, ms. */
const LONGEST_OWED = 1000;
/** How much a message counts there beside its text: a client sends 500 and then waits. */
const OWED_EACH = 200;
/**
 * How much memory a packet takes beside its letters, bytes: V8 keeps it as the parts that it was
 * put together from, and its places in the lists. Measured on node 12 and 20: 80 to 120, for plain
 * clients up to 200.
 */
const EACH = 100;
/** How often in a row a message may be missing. */
const MOST_MISSING = 3;

/** The beginning of a packet that has a number of its own (keep). */
const NUMBERED = /^[3-6]:[0-9]+\+?:(?::|$)/;

/** @returns how much a packet counts where it waits or is kept */
export function weigh(packet: string): number {
  return packet.length + EACH;
}

/** @returns whether a packet is an acknowledgement */
export function isAck(packet: string): boolean {
  return packet[0] === '6';
}

export class Delivery {
  /** The number of the first message that the client may not have. */
  first = 1;
  /** The messages to the client, from that number on. */
  private messages: string[] = [];
  /** How many of them, from the first on, are on their way. */
  private sent = 0;
  /** The number of the client's last message. */
  received = 0;
  /** The same, as far as the client may be told. */
  private mayTell = 0;
  /** How much of its messages the client does not know to have arrived, characters. */
  private owed = 0;
  /** Since when, ms. */
  private owedSince = 0;
  /** How often in a row a message was missing, and after which. */
  private missing = 0;
  private missingAfter = 0;
  /** Whether the session has ended, and only acknowledgements are kept. */
  private onlyAcks = false;

  /** The number that the next message to the client will have. */
  get next(): number {
    return this.first + this.messages.length;
  }

  /**
   * A packet gets a number and is kept, if it is a message, JSON, an event or an acknowledgement,
   * in the main namespace.
   * @returns what is to be sent; null if the packet is not one to be kept
   */
  keep(packet: string): string | null {
    const type = packet[0]!;
    const second = packet.indexOf(':', 2);
    const inNamespace = second + 1 < packet.length && packet[second + 1] !== ':';
    if (type < '3' || type > '6' || inNamespace) return null;
    const plus = packet[second - 1] === '+' ? '+' : '';
    const numbered = `${type}:${this.next}${plus}${packet.slice(second)}`;
    this.messages.push(numbered);
    return numbered;
  }

  /** @returns the messages to the client, from this number on */
  from(number: number): string[] {
    return this.messages.slice(number - this.first);
  }

  /**
   * The delivery goes on where that of another process was.
   * @param first the number of the first message in `messages`
   * @param messages those that the client may not have
   * @param received the number of the last message of the client
   */
  continueFrom(first: number, messages: string[], received: number): void {
    this.first = first;
    this.messages = messages;
    this.sent = messages.length; // as far as we know
    this.received = received;
    this.mayTell = received;
    if (received > 0) this.owe(); // whether the client knows is not known
  }

  /** All messages have been sent, but the last `heldBack`. */
  onSent(heldBack: number): void {
    this.sent = this.messages.length - heldBack;
  }

  /** These packets have been sent, and not yet all messages: the next ones follow later. */
  onPartSent(packets: string[]): void {
    this.sent += packets.filter(packet => NUMBERED.test(packet)).length;
  }

  /** The client may be told that its messages up to this number have arrived. */
  tell(number: number): void {
    if (number <= this.mayTell) return;
    this.mayTell = number;
    this.owe();
  }

  private owe(): void {
    if (this.owed > 0) return;
    this.owed = OWED_EACH;
    this.owedSince = now();
  }

  /**
   * The client has all messages up to `number`.
   * @returns how much is no longer kept
   */
  onGot(number: number): number {
    if (this.onlyAcks) return this.onLastGot(number);
    const got = Math.min(number - this.first + 1, this.sent);
    if (!(got > 0)) return 0;
    this.first += got;
    this.sent -= got;
    return this.messages.splice(0, got).reduce((size, packet) => size + weigh(packet), 0);
  }

  /** @returns what has been sent and not arrived, to be sent again before anything else */
  collectLost(): string[] {
    const lost = this.messages.slice(0, this.sent);
    this.sent = 0;
    return lost;
  }

  /**
   * A message of the client arrives.
   * @param size its length in characters
   * @param tell whether the client may be told at once
   * @returns 'next' if it is to be handled, 'again' if it has been, 'gap' if one before it is
   * missing
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
   * A message of the client was missing.
   * @returns whether it is to be given up: it is the fourth time that this message is missing, and
   * a client that was told that we have it does not send it
   */
  isLost(): boolean {
    this.missing = this.missingAfter === this.received ? this.missing + 1 : 1;
    this.missingAfter = this.received;
    return this.missing > MOST_MISSING;
  }

  /**
   * The session has ended: of the messages to the client only acknowledgements are kept.
   * @returns how much that is
   */
  keepAcks(): number {
    this.onlyAcks = true;
    this.messages = this.messages.filter(isAck);
    return this.messages.reduce((size, packet) => size + weigh(packet), 0);
  }

  /** No message is for the client any more. */
  giveUp(): void {
    this.first = this.next;
    this.messages = [];
    this.sent = 0;
  }

  /** @returns whether the client would be told something by lastAcks */
  hasLastAcks(): boolean {
    return this.owed > 0 || this.messages.length > 0;
  }

  /** The same as onGot, of a session that has ended. */
  private onLastGot(number: number): number {
    const before = this.messages;
    this.first = Math.max(this.first, number + 1);
    this.sent = 0;
    this.messages = before.filter(packet => numberOf(packet) > number);
    return before.slice(0, before.length - this.messages.length)
      .reduce((size, packet) => size + weigh(packet), 0);
  }

  /**
   * The messages between the acknowledgements are gone, so that these get the numbers that the
   * client expects next.
   * @returns the last packets for the client: which of its messages have arrived, and the
   * acknowledgements that the application gave
   */
  lastAcks(): string[] {
    const next = this.first + this.sent;
    const acks = this.messages.filter(packet => numberOf(packet) >= next);
    return [
      ...this.collectAck(true),
      ...acks.map((packet, i) => `6:${next + i}${packet.slice(packet.indexOf(':', 2))}`),
    ];
  }

  /**
   * @returns whether the client has to be told which of its messages have arrived, though there is
   * nothing else to tell it
   */
  isAckDue(time: number): boolean {
    return this.owed >= MOST_OWED || (this.owed > 0 && time - this.owedSince >= LONGEST_OWED);
  }

  /**
   * @param always even if the client knows
   * @returns a packet that says which messages of the client have arrived, or none
   */
  collectAck(always = false): string[] {
    if (this.owed === 0 && !always) return [];
    this.owed = 0;
    return [`6:::${this.mayTell}`];
  }
}

/** @returns the number of a message */
function numberOf(packet: string): number {
  return parseInt(packet.slice(2), 10);
}
