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
