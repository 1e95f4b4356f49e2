/* Waiting for what takes an unknown time. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until `look` gives something, and gives it. Fails after `seconds`. */
export async function until<T>(look: () => T | Promise<T>, what: string, seconds = 60): Promise<NonNullable<T>> {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(20)) {
    const seen = await look();
    if (seen) return seen;
  }
  throw new Error(`waited ${seconds} s for ${what}`);
}

/**
 * Measures up to five times, until a measurement is below a bound. A machine that is busy with other
 * work is late now and then; a fault is late each time.
 * @param bound ms
 * @param measure does the work, and gives how long it took, ms
 */
export async function takesLess(
  bound: number, measure: (time: number) => Promise<number>,
): Promise<void> {
  const took: number[] = [];
  for (let time = 1; time <= 5; time++) {
    took.push(await measure(time));
    if (took.at(-1)! < bound) return;
  }
  throw new Error(`took ${took.join(', ')} ms; less than ${bound} ms is expected`);
}
