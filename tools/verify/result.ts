/* The results of checks: faults with their causes, and the cures of the causes. */
import type { Browser } from './browser';
import type { Cure } from './cures';

/** The data beside the answer that diagnosis.ts needs to find a cause. */
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
  /** The cures, the most important first. All of them are needed. */
  cures: Cure[];
}

/**
 * A fault: the observation of a check, and the possible causes, the most likely first. A check
 * returns its faults, or throws one fault.
 */
export class Fault extends Error {
  constructor(readonly saw: string, readonly causes: Cause[]) {
    super(saw);
  }

  /** Makes the same fault with other words for the observation. */
  as(saw: string): Fault {
    return new Fault(saw, this.causes);
  }
}

/** Makes a list of one cause, with its cures. */
export function because(why: string, ...cures: Cure[]): Cause[] {
  return [{ why, cures }];
}

/** Makes a fault with one cause. */
export function fault(saw: string, why: string, ...cures: Cure[]): Fault {
  return new Fault(saw, because(why, ...cures));
}

export interface Outcome {
  /** The observation of the check, in a few words for the table. */
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
