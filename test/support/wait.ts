/* Waits for events that take an unknown time. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Calls `look` again and again, until its result is truthy. Fails after `seconds`. @returns the result */
export async function until<T>(look: () => T | Promise<T>, what: string, seconds = 60): Promise<NonNullable<T>> {
  const end = Date.now() + seconds * 1000;
  for (let isOver = false; ; await sleep(20)) {
    const seen = await look();
    if (seen) return seen;
    if (isOver) throw new Error(`waited ${seconds} s for ${what}`);
    // A busy machine may stop this process for seconds. So one more look follows the end, when the
    // process has done the work that came meanwhile.
    isOver = Date.now() >= end;
  }
}

/**
 * Measures up to five times, until a measurement is below a bound. A busy machine is late only now and
 * then, but a fault is late each time.
 * @param bound the bound, ms
 * @param measure a function that does the work, and returns the time that the work took, ms
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
