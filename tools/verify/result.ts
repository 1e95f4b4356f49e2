/* The results of checks: faults with their causes, and the cures of the causes. */
import type { Browser } from './browser';
import type { Cure } from './cures';

/** Everything beside the answer that is needed to find a cause. */
export interface Scene {
  browser: Browser;
  /** The application's address. */
  base: URL;
  /** The folder with the local web.config and iisnode.yml. */
  folder: string;
  /** The script that the handler names. */
  entry: string;
}

/** The cause of a fault, and its cures. */
export interface Cause {
  /** The cause in one sentence. */
  why: string;
  /** The cures, which are all needed; the first is the most important one. */
  cures: Cure[];
}

/**
 * A fault: what a check saw, and the possible causes, the most likely first. A check returns its
 * faults, or throws one.
 */
export class Fault extends Error {
  constructor(readonly saw: string, readonly causes: Cause[]) {
    super(saw);
  }

  /** The same fault, with other words for what was seen. */
  as(saw: string): Fault {
    return new Fault(saw, this.causes);
  }
}

/** A list of one cause, with its cures. */
export function because(why: string, ...cures: Cure[]): Cause[] {
  return [{ why, cures }];
}

/** A fault with one cause. */
export function fault(saw: string, why: string, ...cures: Cure[]): Fault {
  return new Fault(saw, because(why, ...cures));
}

export interface Outcome {
  /** What the check saw, in a few words for the table. */
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
