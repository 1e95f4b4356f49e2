/* What a test needs of the machine: it fails in CI where that is missing, and is skipped elsewhere. */
import type { TestContext } from 'node:test';

const windows = process.platform === 'win32';

/** Options of a test that needs what Windows does not have: there it is skipped, and says why. */
export const notOnWindows = (what: string) => ({ skip: windows && `skipped: ${what} does not exist on Windows` });

/** Signals that a process can handle: on Windows each ends it at once. */
export const needsSignals = notOnWindows('a signal that a process can handle');

/**
 * Whether the test can run: in CI nothing may be missing, elsewhere it is skipped, and says why.
 * @param there what is looked for, something falsy where it is missing
 * @param forWindows whether it exists for Windows at all
 * @throws in CI, if it cannot
 */
export function available(t: TestContext, what: string, there: unknown, forWindows = true): boolean {
  if (there) return true;
  if (windows && !forWindows) {
    t.skip(`skipped: ${what} does not exist on Windows`);
    return false;
  }
  if (process.env.CI) throw new Error(`${what} is missing`);
  t.skip(`skipped: ${what} is missing`);
  return false;
}
