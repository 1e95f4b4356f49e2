/*
 * When the application is told how many clients there are: io.on('clients', …), which manager.ts
 * calls.
 */

/**
 * How often the application may be told, ms. The usual handler tells all clients, so each telling
 * costs as much as there are clients. Without a pause, n clients that come at once cost n × n: 800
 * were 319,600 events and 4 s of the processor in version 1.0.0.
 */
const PAUSE = 1000;

/**
 * A number that changes: the first change after a quiet second is told at once, all further ones
 * together when a second has passed. The timer runs on a clock that nobody sets.
 */
export class ClientCount {
  private last = 0;
  private changed = false;
  private pause: NodeJS.Timeout | null = null;

  /**
   * @param count the number as it is now
   * @param tell takes the number; called at most once a second
   */
  constructor(
    private readonly count: () => number,
    private readonly tell: (count: number) => void,
  ) {}

  /** Somebody has come who knows no number: it is told again, even if it is the same one. */
  onNewcomer(): void {
    this.last = -1;
  }

  /** The number may have changed. */
  onChange(): void {
    if (this.pause !== null) {
      this.changed = true;
      return;
    }
    const count = this.count();
    if (count === this.last) return;
    this.last = count;
    this.pause = setTimeout(() => this.onPauseOver(), PAUSE);
    // A process that has nothing else to do may end.
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
