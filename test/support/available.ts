/* Checks the programs that a test needs. If one is missing, the test fails in CI, and is skipped elsewhere. */
import type { TestContext } from 'node:test';

const windows = process.platform === 'win32';

/** Returns options that skip a test on Windows, with the reason, because Windows lacks a feature. */
export const notOnWindows = (what: string) => ({ skip: windows && `skipped: ${what} does not exist on Windows` });

/** The options of a test that needs signals. On Windows, a process cannot handle a signal: it ends at once. */
export const needsSignals = notOnWindows('a signal that a process can handle');

/**
 * Says whether the test can run. If the program is missing, the function skips the test, with the reason.
 * @param what the name of the program, for the reason
 * @param there a falsy value if the program is missing
 * @param forWindows whether the program exists for Windows
 * @throws in CI, if the program is missing
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
