/*
 * Collects what the server writes in one turn of the event loop, so that all of it goes out
 * together, behind the work of the turn. io/manager.ts has the Turn.
 *
 * If the server wrote each answer at once, the system would wake the receiver for each of them. 200
 * clients that send messages over loopback went to sleep 480 times for 1,000 messages, and 10 times
 * since all answers of a turn go together. A message then costs the server 3 to 5 µs less, of
 * 40 µs. Besides, all packets of a turn that are for one client go in one answer.
 */
import { now } from './clock';
import { inSlices } from './slices';

/**
 * The longest time that an answer waits for the end of the turn, ms. A turn takes long if handlers
 * of the application take long.
 */
const LONGEST = 5;

/** The part of a transport that a turn needs. */
interface Flushed {
  flush(): void;
}

export class Turn {
  private answers: (() => void)[] = [];
  private transports: Flushed[] = [];
  /** The time when the first answer of this turn was ready, ms. */
  private since = 0;
  private isLate = false;
  private readonly end = () => this.write();

  /** Answers a request at the end of this turn. @param answer writes the answer */
  answer(answer: () => void): void {
    this.begin();
    this.answers.push(answer);
  }

  /** Sends the packets that wait for a client at the end of this turn. */
  flush(transport: Flushed): void {
    this.begin();
    this.transports.push(transport);
  }

  private begin(): void {
    if (this.answers.length + this.transports.length === 0) {
      this.since = now();
      setImmediate(this.end);
    } else if (!this.isLate && now() - this.since >= LONGEST) {
      this.isLate = true;
      process.nextTick(this.end); // behind the handler that takes long
    }
  }

  /**
   * Writes all that has been collected. A broadcast to many clients goes out in slices. Packets for
   * these clients that come between two slices wait in the outboxes, behind the packets of the
   * broadcast.
   */
  private write(): void {
    const { answers, transports } = this;
    this.answers = [];
    this.transports = [];
    this.isLate = false;
    if (transports.length > 0) inSlices(transports.values(), transport => transport.flush());
    for (const answer of answers) answer();
  }
}
