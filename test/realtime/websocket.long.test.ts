/*
 * The cases of websocket.test.ts in Firefox, and with all faults of something in between, for
 * clients in node and for pages.
 */
import { describe, test } from 'node:test';
import { startApplication } from '../support/application';
import { openBrowser } from '../support/browser';
import { connectsByWebSocket, ideas, moreIdeas, pollsBehind } from './websocket/fallback';

test('firefox: with the two places of web.config in use, the page is connected by WebSocket on IIS 10', t => connectsByWebSocket(t, 'firefox'));

describe('where WebSockets are offered and do not work, clients poll', { concurrency: 3 }, () => {
  for (const one of [...ideas, ...moreIdeas]) {
    test(`something in between ${one[0]}`, async t => {
      const { port } = await startApplication(t, { env: { TRANSPORTS: 'websocket,xhr-polling' } });
      await pollsBehind(t, port, await openBrowser(t), one);
    });
  }
});
