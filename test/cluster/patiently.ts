import type { TestContext } from 'node:test';
import { Running, startServer } from '../support/server';

/**
 * Starts a server, and tries again if the server has not reached Redis in time. A server waits 5 s
 * for Redis when it starts. On a busy machine the proxy between the server and Redis (between.ts)
 * may need longer.
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
