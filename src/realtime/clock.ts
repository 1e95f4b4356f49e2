/* The clock of all time-outs. It only goes forward, even if someone changes the time of day. */
import { performance } from 'perf_hooks';

/**
 * Measures durations. Windows corrects the time of day, so the time of day jumps. A time-out that
 * used the time of day could end clients too early, or never. This clock costs 20 to 30 ns more
 * than Date.now() on node 10, 12 and 20.
 * @returns the time since this process began, whole ms. V8 keeps a whole number inside the object
 * that has it. A fraction would take 16 bytes beside the object
 */
export function now(): number {
  return Math.floor(performance.now());
}
