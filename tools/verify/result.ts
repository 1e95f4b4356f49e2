/* What a check gives. */
import type { Browser } from './browser';
import type { Cure } from './cures';

/** What it takes to find a cause beside the answer. */
export interface Scene {
  browser: Browser;
  /** The application's address. */
  base: URL;
  /** Has web.config and iisnode.yml, as they are here. */
  folder: string;
  /** The script that the handler names. */
  entry: string;
}

/** Why something is wrong, and what ends it. */
export interface Cause {
  /** One sentence. */
  why: string;
  /** What to paste, and where: all of it. The first line is the most important one. */
  cures: Cure[];
}

/**
 * Something wrong: what was seen, and its cause. Where the answer fits several, all are named, the
 * most likely first. A check may throw it.
 */
export class Fault extends Error {
  constructor(readonly saw: string, readonly causes: Cause[]) {
    super(saw);
  }

  /** The same, seen at another place or time. */
  as(saw: string): Fault {
    return new Fault(saw, this.causes);
  }
}

/** The only cause, with what ends it. */
export function because(why: string, ...cures: Cure[]): Cause[] {
  return [{ why, cures }];
}

/** One cause, one line to paste or several that belong together. */
export function fault(saw: string, why: string, ...cures: Cure[]): Fault {
  return new Fault(saw, because(why, ...cures));
}

export interface Outcome {
  /** In a few words, for the table. */
  saw: string;
  faults?: Fault[];
  skipped?: boolean;
}

export interface Result {
  name: string;
  state: 'passed' | 'failed' | 'skipped';
  saw: string;
  faults: Fault[];
}
