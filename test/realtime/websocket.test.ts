/*
 * WebSockets on IIS 8 and later: the two places of web.config, and clients that cannot use
 * WebSockets. websocket.long.test.ts has Firefox, and more faults of something in between.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deployApplication, shareApplication } from '../support/application';
import { openBrowser } from '../support/browser';
import { serveAsIis } from '../support/iis';
import { appPath } from '../support/template';
import { putBetween } from './websocket/between';
import { connectsByWebSocket, ideas, pollsBehind, pollsSooner, SOONER } from './websocket/fallback';
import { BOTH, OFFERED } from './websocket/places';

const env = { TRANSPORTS: 'websocket,xhr-polling' };

test('chromium: with the two places of web.config in use, the page is connected by WebSocket on IIS 10', t => connectsByWebSocket(t, 'chromium'));

test('IIS 7.5 answers 500.19 to the same web.config', async t => {
  const { origin, trace } = await serveAsIis(t, BOTH, {}, deployApplication);
  assert.equal((await fetch(`${origin}${appPath}/`)).status, 500);
  assert.match(trace.join('\n'), /500\.19[^\n]*webSocket/);
});

describe('where WebSockets are offered and do not work, clients poll', { concurrency: true }, () => {
  for (const one of ideas) {
    const [what] = one;
    test(`something in between ${what}`, async t => {
      const { port } = await shareApplication(env);
      // A page notices the fault in the same way as a client in node. So one fault is enough here:
      // the one that the client is not told of.
      const browser = what === 'opens it, and passes nothing' ? await openBrowser(t) : null;
      await pollsBehind(t, port, browser, one);
    });
  }

  test('the browser makes none: chromium with a WebSocket that throws', async t => {
    const browser = await openBrowser(t);
    if (!browser) return;
    const server = await shareApplication(env);
    const page = await browser.newPage();
    await page.addInitScript(() => Object.assign(window, { WebSocket() { throw new Error('SecurityError'); } }));
    await page.goto(server.page);
    await page.waitForSelector('#state.connected');
    assert.equal(await page.textContent('#transport'), 'xhr-polling');
  });

  test('IIS keeps them to itself: web.config lacks <webSocket>', async t => {
    const { origin, trace } = await serveAsIis(t, OFFERED, { iis: '10' }, deployApplication);
    await pollsSooner(t, null, origin, SOONER.refused);
    assert.match(trace.join('\n'), /501/);
  });

  test('iisnode does not pass them on: a client that asks as Firefox did', async t => {
    const { port, trace } = await serveAsIis(t, BOTH, { iis: '10' }, deployApplication);
    const { origin, asked } = await putBetween(t, port, 'asks as Firefox did');
    const times = await pollsSooner(t, null, origin, SOONER.refused);
    assert(asked() >= Object.keys(times).length);
    assert.match(trace.join('\n'), /\/1\/websocket\/[^\n]* → 400/);
  });
});
