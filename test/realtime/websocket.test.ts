/* WebSockets, on IIS 8 and later: the two places of web.config, and what becomes of a client where they do not work. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test, TestContext } from 'node:test';
import type { BrowserContext, Page } from 'playwright-core';
import { complaints, openBrowser } from '../support/browser';
import { ask, clientLibrary, connect, next } from '../support/client';
import { serveAsIis } from '../support/iis';
import { startServer } from '../support/server';
import { appPath, fromRoot, resource, root } from '../support/template';
import { until } from '../support/wait';
import { Idea, putBetween } from './websocket/between';
import { BOTH, OFFERED } from './websocket/places';

/** A page that counts its WebSockets. */
async function visit(browser: BrowserContext, url: string): Promise<{ page: Page; found: string[]; opened: string[] }> {
  const page = await browser.newPage();
  const found = complaints(page);
  const opened: string[] = [];
  page.on('websocket', webSocket => opened.push(webSocket.url()));
  await page.goto(url);
  await page.waitForSelector('#state.connected', { timeout: 30000 });
  return { page, found, opened };
}

async function exchange(page: Page): Promise<void> {
  await page.fill('#text', 'hello');
  await page.press('#text', 'Enter');
  await page.waitForSelector('#log .in');
  await page.waitForSelector('small:has-text("received")');
}

for (const name of ['chromium', 'firefox'] as const) {
  // Those of today send "Connection: Upgrade", which iisnode passes on.
  test(`${name}: with the two places of web.config in use, the page is connected by WebSocket on IIS 10`, async t => {
    const browser = await openBrowser(t, name);
    if (!browser) return;
    const { origin } = await serveAsIis(t, BOTH, { iis: '10' });
    const { page, found, opened } = await visit(browser, `${origin}${appPath}/`);
    await exchange(page);
    assert.equal(await page.textContent('#transport'), 'websocket');
    if (name === 'chromium') assert.match(opened.join(), new RegExp(`^ws:${origin.slice(5)}${resource}/1/websocket/[\\w-]{20}\\?[^,]*$`));
    assert.deepEqual(found, []);
  });
}

test('IIS 7.5 answers 500.19 to the same web.config', async t => {
  const { origin, trace } = await serveAsIis(t, BOTH);
  assert.equal((await fetch(`${origin}${appPath}/`)).status, 500);
  assert.match(trace.join('\n'), /500\.19[^\n]*webSocket/);
});

/* The fallback. */

const { connect: connectRealtime } = fromRoot(path.join(root, 'public', 'realtime.js')) as { connect: (options: object) => any };

/** Connects a client of each kind, and says how long each took to be connected over polling, ms. */
async function fallBack(t: TestContext, browser: BrowserContext | null, origin: string): Promise<Record<string, number>> {
  const times: Record<string, number> = {};
  const realtime = async () => {
    const start = Date.now();
    const connection = connectRealtime({ url: origin, resource: resource.slice(1), io: clientLibrary });
    t.after(() => connection.close());
    let status: any;
    connection.on('status', (one: any) => status = one);
    await until(() => status.state === 'connected', 'realtime.js in node', 30);
    times['realtime.js in node'] = Date.now() - start;
    assert.equal(status.transport, 'xhr-polling');
    await new Promise(resolve => connection.emit('message', 'hello', resolve));
  };
  const plain = async () => {
    const start = Date.now();
    const client = connect(t, origin);
    client.on('error', () => undefined);
    await next(client, 'connect');
    times['0.9 in node'] = Date.now() - start;
    assert.equal(client.socket.transport.name, 'xhr-polling');
    await ask(client, 'message', 'hello');
  };
  const inBrowser = async () => {
    if (!browser) return;
    const { page } = await visit(browser, `${origin}${appPath}/`);
    times.chromium = await page.evaluate(() => performance.now());
    assert.equal(await page.textContent('#transport'), 'xhr-polling');
    await exchange(page);
    await page.close();
  };
  await Promise.all([realtime(), plain(), inBrowser()]);
  return times;
}

/**
 * How much sooner than 0.9's own client realtime.js polls, ms. That one waits for 10 s, whatever
 * becomes of its WebSocket. realtime.js tries again after a second what is refused, and gives up after 5 s
 * what is not answered. Both are in the same process, so a busy machine makes both later.
 */
const SOONER = { refused: 5000, unanswered: 2000 };

const ideas: [what: string, idea: Idea, sooner: number][] = [
  ['answers 400', { status: 400 }, SOONER.refused],
  ['answers 502', { status: 502 }, SOONER.refused],
  ['cuts the connection', 'cuts', SOONER.refused],
  ['never answers', 'swallows', SOONER.unanswered],
  ['opens it, and passes nothing', 'opens, and passes nothing', SOONER.unanswered],
];

/** realtime.js was sooner than 0.9's own client. */
function check(times: Record<string, number>, sooner: number): void {
  const { 'realtime.js in node': node, '0.9 in node': plain } = times;
  assert(plain! - node! > sooner, JSON.stringify(times));
}

test('where WebSockets are offered and do not work, clients poll', { concurrency: 3 }, async t => {
  const browser = await openBrowser(t);
  const between = ideas.map(([what, idea, sooner]) => t.test(`something in between ${what}`, async t => {
    const server = await startServer(t, { env: { TRANSPORTS: 'websocket,xhr-polling' } });
    const { origin, asked } = await putBetween(t, server.port, idea);
    const times = await fallBack(t, browser, origin);
    t.diagnostic(JSON.stringify(times));
    assert(asked() >= Object.keys(times).length);
    check(times, sooner);
  }));
  const thrown = t.test('the browser makes none: chromium with a WebSocket that throws', async t => {
    if (!browser) return;
    const server = await startServer(t, { env: { TRANSPORTS: 'websocket,xhr-polling' } });
    const page = await browser.newPage();
    await page.addInitScript(() => Object.assign(window, { WebSocket() { throw new Error('SecurityError'); } }));
    await page.goto(server.page);
    await page.waitForSelector('#state.connected');
    assert.equal(await page.textContent('#transport'), 'xhr-polling');
  });
  const kept = t.test('IIS keeps them to itself: web.config lacks <webSocket>', async t => {
    const { origin, trace } = await serveAsIis(t, OFFERED, { iis: '10' });
    const times = await fallBack(t, browser, origin);
    assert.match(trace.join('\n'), /501/);
    check(times, SOONER.refused);
  });
  const asFirefox = t.test('iisnode does not pass them on: a client that asks as Firefox did', async t => {
    const { port, trace } = await serveAsIis(t, BOTH, { iis: '10' });
    const { origin, asked } = await putBetween(t, port, 'asks as Firefox did');
    const times = await fallBack(t, browser, origin);
    t.diagnostic(JSON.stringify(times));
    assert(asked() >= Object.keys(times).length);
    assert.match(trace.join('\n'), /\/1\/websocket\/[^\n]* → 400/);
    check(times, SOONER.refused);
  });
  await Promise.all([...between, thrown, kept, asFirefox]);
});
