/*
 * What makes the messages of a client of public/realtime.js arrive, each once and in order, whatever happens to its connection. Such a
 * client's session has one, which its outbox (outbox.ts) uses; 0.9's own clients have none.
 */
/** How much of a client may go without an acknowledgement while there is nothing else to send, characters, and for how long, ms. */
const MOST_OWED = 50000;
/** What a message counts beside its text: a client sends 500 of them and then waits. */
const OWED_EACH = 200;
const LONGEST_OWED = 1000;

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
    if (this.owed === 0) [this.owed, this.owedSince] = [OWED_EACH, Date.now()];
  }

  /**
   * The client has all messages up to `number`.
   * @returns how many characters are no longer kept
   */
  onGot(number: number): number {
    const got = Math.min(number - this.first + 1, this.sent);
    if (!(got > 0)) return 0;
    this.first += got;
    this.sent -= got;
    return this.kept.splice(0, got).reduce((size, packet) => size + packet.length, 0);
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
    if (this.owed === 0) this.owedSince = Date.now();
    this.owed += size + OWED_EACH;
    if (number <= this.received) return 'again';
    if (number > this.received + 1) return 'gap';
    this.received = number;
    if (tell) this.mayTell = number;
    return 'next';
  }

  /** A message was missing. Gives whether it is the fourth time that this one is: a client that was told we have it does not send it. */
  isLost(): boolean {
    this.missing = this.missingAfter === this.received ? this.missing + 1 : 1;
    this.missingAfter = this.received;
    return this.missing > 3;
  }

  /** Whether the client has to be told what we have, though there is nothing else to tell it. */
  isAckDue(now: number): boolean {
    return this.owed >= MOST_OWED || (this.owed > 0 && now - this.owedSince >= LONGEST_OWED);
  }

  /** Tells the client what we have, if it does not know: a packet, or none. */
  takeAck(always = false): string[] {
    if (this.owed === 0 && !always) return [];
    this.owed = 0;
    return [`6:::${this.mayTell}`];
  }
}
