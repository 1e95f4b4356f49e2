import type { TestContext } from 'node:test';
import { Running, startServer } from '../support/server';

/**
 * Starts a server. A start waits 5 s for Redis. On a machine that has much to do, that may be too
 * short for what stands between: then there is another start.
 */
export async function startPatiently(
  t: TestContext, folder: string, env: Record<string, string>,
): Promise<Running> {
  for (let tries = 1; ; tries++) {
    try {
      return await startServer(t, { folder, env });
    } catch (error) {
      if (tries === 6 || !/that answers|waited/.test(String(error))) throw error;
    }
  }
}
