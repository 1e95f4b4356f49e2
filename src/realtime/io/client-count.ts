/*
 * Decides when the application gets the number of clients: io.on('clients', …). manager.ts uses
 * this file.
 */

/**
 * The shortest time between two calls of the application, ms. The usual handler sends the number to
 * all clients, so the cost of each call grows with the number of clients. Without a pause, n
 * clients that come at once would cost n × n: in version 1.0.0, 800 clients cost 319,600 events
 * and 4 s of the processor.
 */
const PAUSE = 1000;
/**
 * The number of clients that come or go in one pause only if a crowd does so, for example after a
 * recycle. The application hears of a crowd when the crowd has come or gone: telling thousands of
 * clients in the middle of it would make all the others wait. 10,000 clients came in 1.3 s, and in
 * 1.5 s when the application heard the number meanwhile.
 */
const CROWD = 1000;
/** The largest number of further pauses for which the application waits for the end of a crowd. */
const MOST_PAUSES = 5;

/**
 * Tells the application a number that changes. The application hears the first change after a quiet
 * second at once. The application hears all further changes together, when a second has passed; if
 * a crowd comes or goes, it hears them when the crowd is over. The timer does not depend on the
 * time of day.
 */
export class ClientCount {
  private last = 0;
  private changed = false;
  private pause: NodeJS.Timeout | null = null;
  /** The number at the beginning of the pause. */
  private atPause = 0;
  /** The number of pauses in a row in which a crowd has come or gone. */
  private pauses = 0;

  /**
   * @param count returns the current number
   * @param tell takes the number; called at most once a second
   */
  constructor(
    private readonly count: () => number,
    private readonly tell: (count: number) => void,
  ) {}

  /**
   * Makes the next onChange tell the number, even if the number is the same: a new client does not
   * know any number.
   */
  onNewcomer(): void {
    this.last = -1;
  }

  /** Tells the application the number, if it has changed: now, or after the pause. */
  onChange(): void {
    if (this.pause !== null) {
      this.changed = true;
      return;
    }
    const count = this.count();
    if (count === this.last) return;
    this.last = count;
    this.beginPause(count);
    this.tell(count);
  }

  private beginPause(count: number): void {
    this.atPause = count;
    this.pause = setTimeout(() => this.onPauseOver(), PAUSE);
    // The timer does not keep a process alive that has nothing else to do.
    this.pause.unref();
  }

  private onPauseOver(): void {
    this.pause = null;
    if (!this.changed) return;
    const count = this.count();
    const isCrowd = Math.abs(count - this.atPause) > CROWD;
    if (isCrowd && this.pauses < MOST_PAUSES) {
      this.pauses += 1;
      this.beginPause(count);
      return;
    }
    this.pauses = 0;
    this.changed = false;
    this.onChange();
  }
}
