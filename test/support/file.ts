/* The things that the tests of one file share, such as a server. */
import { after, type TestContext } from 'node:test';

const ends: (() => unknown)[] = [];
after(async () => {
  for (const end of ends) await end();
});

/**
 * Takes the place of a test where its `after` is needed. The given functions run when all tests of
 * the file have ended.
 */
export const wholeFile = { after: (end: () => unknown) => ends.push(end) } as unknown as TestContext;
