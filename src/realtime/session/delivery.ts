/*
 * A Delivery makes all messages from a client and to it arrive once and in order, whatever happens
 * to the connection. The session of a client of public/realtime.js has one Delivery, which its
 * outbox (outbox.ts) uses. The sessions of 0.9's own clients have none.
 *
 * Both sides number their messages (the ids of packets). Each side keeps a message until the other
 * side says that the message has arrived. The client says so with each poll (got=17 in its query),
 * or by an acknowledgement without an id (6:::17). The server always sends such an acknowledgement.
 */
import { now } from '../clock';

/** The most characters of a client's messages whose acknowledgement waits for other packets. */
const MOST_OWED = 50000;
/** The longest time that such an acknowledgement waits for other packets, ms. */
const LONGEST_OWED = 1000;
/**
 * The characters that each message adds to the length of its text in this count. A client stops
 * after 500 messages without an acknowledgement, so short messages have to count, too.
 */
const OWED_EACH = 200;
/**
 * The memory of a packet beside its letters, bytes: V8 keeps the parts that the packet was put
 * together from, and each list has an entry for the packet. Measured on node 12 and 20: 80 to 120;
 * for 0.9's own clients up to 200.
 */
const EACH = 100;
/** The number of times in a row that a message may be missing. */
const MOST_MISSING = 3;

/** The beginning of a packet that has a number from keep(). */
const NUMBERED = /^[3-6]:[0-9]+\+?:(?::|$)/;

/** @returns the size of a packet that waits or is kept */
export function weigh(packet: string): number {
  return packet.length + EACH;
}

/** @returns whether a packet is an acknowledgement */
export function isAck(packet: string): boolean {
  return packet[0] === '6';
}

export class Delivery {
  /** The number of the first message to the client that has perhaps not arrived. */
  first = 1;
  /** The messages to the client, from number `first` on. */
  private messages: string[] = [];
  /** The number of messages at the beginning of `messages` that are on their way. */
  private sent = 0;
  /** The number of the last message that has come from the client. */
  received = 0;
  /** The number up to which the client may be told that its messages have arrived. */
  private mayTell = 0;
  /** The size of the client's messages that have arrived without an acknowledgement, characters. */
  private owed = 0;
  /** The time since which the server owes the client an acknowledgement, ms. */
  private owedSince = 0;
  /** The number of times in a row that a message of the client was missing. */
  private missing = 0;
  /** The number of the message before the missing message. */
  private missingAfter = 0;
  /** Whether the session has ended, so that only acknowledgements are kept. */
  private onlyAcks = false;

  /** The number that the next message to the client will have. */
  get next(): number {
    return this.first + this.messages.length;
  }

  /**
   * Numbers and keeps a packet, if it is a message, JSON, an event or an acknowledgement in the
   * main namespace.
   * @returns the packet with its number; null if the packet is not kept
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
   * Goes on with the delivery of another process.
   * @param first the number of the first message in `messages`
   * @param messages the messages to the client that have perhaps not arrived
   * @param received the number of the last message that has come from the client
   */
  continueFrom(first: number, messages: string[], received: number): void {
    this.first = first;
    this.messages = messages;
    this.sent = messages.length; // the other process has perhaps sent all of them
    this.received = received;
    this.mayTell = received;
    if (received > 0) this.owe(); // the client perhaps does not know that they have arrived
  }

  /** Notes that all messages have been sent, except the last `heldBack` ones. */
  onSent(heldBack: number): void {
    this.sent = this.messages.length - heldBack;
  }

  /** Notes that these packets have been sent. Other messages follow later. */
  onPartSent(packets: string[]): void {
    this.sent += packets.filter(packet => NUMBERED.test(packet)).length;
  }

  /** Allows the server to tell the client that its messages up to this number have arrived. */
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
   * Drops all messages up to `number`, because the client has them.
   * @returns the size of the dropped messages
   */
  onGot(number: number): number {
    if (this.onlyAcks) return this.onLastGot(number);
    const got = Math.min(number - this.first + 1, this.sent);
    if (!(got > 0)) return 0;
    this.first += got;
    this.sent -= got;
    return this.messages.splice(0, got).reduce((size, packet) => size + weigh(packet), 0);
  }

  /**
   * Counts all messages as not sent.
   * @returns the messages that were on their way: they have to be sent again, before other packets
   */
  collectLost(): string[] {
    const lost = this.messages.slice(0, this.sent);
    this.sent = 0;
    return lost;
  }

  /**
   * Notes a message of the client.
   * @param size the length of the message, characters
   * @param tell whether the client may be told at once that the message has arrived
   * @returns 'next' if the message has to be handled, 'again' if it was handled before, 'gap' if a
   * message before it is missing
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
   * Notes that a message of the client is missing.
   * @returns whether the message is lost: it is missing for the fourth time. A client that was told
   * that the message has arrived never sends it again
   */
  isLost(): boolean {
    this.missing = this.missingAfter === this.received ? this.missing + 1 : 1;
    this.missingAfter = this.received;
    return this.missing > MOST_MISSING;
  }

  /**
   * Drops the messages to the client except acknowledgements, because the session has ended.
   * @returns the size of the acknowledgements
   */
  keepAcks(): number {
    this.onlyAcks = true;
    this.messages = this.messages.filter(isAck);
    return this.messages.reduce((size, packet) => size + weigh(packet), 0);
  }

  /** Drops all messages to the client. */
  giveUp(): void {
    this.first = this.next;
    this.messages = [];
    this.sent = 0;
  }

  /** @returns whether lastAcks has something to tell the client */
  hasLastAcks(): boolean {
    return this.owed > 0 || this.messages.length > 0;
  }

  /** Does the work of onGot for a session that has ended. */
  private onLastGot(number: number): number {
    const before = this.messages;
    this.first = Math.max(this.first, number + 1);
    this.sent = 0;
    this.messages = before.filter(packet => numberOf(packet) > number);
    return before.slice(0, before.length - this.messages.length)
      .reduce((size, packet) => size + weigh(packet), 0);
  }

  /**
   * Makes the last packets for the client. The messages between the acknowledgements are gone, so
   * the acknowledgements get the numbers that the client expects next.
   * @returns a packet that says which messages of the client have arrived, and the acknowledgements
   * that the application gave
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
   * @returns whether the client has to be told which of its messages have arrived, even if there is
   * no other packet for it
   */
  isAckDue(): boolean {
    return this.owed >= MOST_OWED || (this.owed > 0 && now() - this.owedSince >= LONGEST_OWED);
  }

  /**
   * @param always whether the client is told even if it knows already
   * @returns a packet that says which messages of the client have arrived; an empty list if the
   * client knows
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
