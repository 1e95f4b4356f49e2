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
 * Tells the application a number that changes. The application hears the first change after a quiet
 * second at once. The application hears all further changes together, when a second has passed. The
 * timer does not depend on the time of day.
 */
export class ClientCount {
  private last = 0;
  private changed = false;
  private pause: NodeJS.Timeout | null = null;

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
    this.pause = setTimeout(() => this.onPauseOver(), PAUSE);
    // The timer does not keep a process alive that has nothing else to do.
    this.pause.unref();
    this.tell(count);
  }

  private onPauseOver(): void {
    this.pause = null;
    if (!this.changed) return;
    this.changed = false;
    this.onChange();
  }
}
