/*
 * Answers that are written, and that the system has not taken for their clients yet: limits.ts has
 * them. Where a client does not read, each is memory and a connection.
 *
 * That an answer is in here does not say that its client has not got it. A named pipe of Windows
 * tells node later that an answer was taken, by 20 ms where node 12 runs in wine, and after a pause
 * of the process later still. By then the connection may carry the request of another client:
 * iisnode shares its connections. So an answer is cut only when it has been in here for several
 * sweeps, between which node hears what the system has to say; behind iisnode, its connection then
 * carries no other request, as one whose answer is not complete is not shared.
 */

/** After how many sweeps, about a second each, an answer counts as one that nobody reads. */
const UNREAD = 3;
/** How many sweeps an answer may take, and how many more for each million characters of it. */
const SLOWEST = 60;

export interface Answer {
  /** Characters. */
  size: number;
  /** How many sweeps have seen it. */
  sweeps: number;
  /** What it went over. */
  connection: { isGone(): boolean; cut(): void };
  client: {
    /** Whether the client has more under way than it may, and does not read it. */
    hasTooMuch(answer: Answer): boolean;
    /** The client has taken it, or its connection is gone. */
    onTaken(answer: Answer): void;
  };
}

export class Unread {
  /** Of all of them, characters. */
  size = 0;
  /** The oldest first. */
  private readonly answers = new Set<Answer>();

  add(answer: Answer): void {
    this.answers.add(answer);
    this.size += answer.size;
  }

  /** More is sent behind it. */
  grow(answer: Answer, size: number): void {
    answer.size += size;
    this.size += size;
  }

  /** An answer has been taken, or its connection is gone. */
  remove(answer: Answer): void {
    if (!this.answers.delete(answer)) return;
    this.size -= answer.size;
    answer.client.onTaken(answer);
  }

  /** Cuts those that take too long, and those of clients with too much of them. Once a second. */
  sweep(): void {
    for (const answer of this.answers) {
      answer.sweeps += 1;
      const { client, connection, size } = answer;
      const most = client.hasTooMuch(answer) ? UNREAD : SLOWEST * (1 + size / 1e6);
      // One that stands behind another on its connection does not hear that this is gone.
      if (connection.isGone()) this.remove(answer);
      else if (answer.sweeps > most) this.cut(answer);
    }
  }

  /**
   * Cuts the oldest, of those that nobody reads, until the rest is small enough.
   * @param most how much may be left, characters
   */
  cutOldest(most: number): void {
    for (const answer of this.answers) {
      if (this.size <= most || answer.sweeps < UNREAD) return;
      this.cut(answer);
    }
  }

  private cut(answer: Answer): void {
    this.remove(answer);
    answer.connection.cut();
  }
}
