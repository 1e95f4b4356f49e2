/* Clients of a server that offers WebSockets: they use one, or fall back to polling. */
import assert from 'node:assert/strict';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { BrowserContext, Page } from 'playwright-core';
import { deployApplication } from '../../support/application';
import { BrowserName, complaints, openBrowser } from '../../support/browser';
import { ask, clientLibrary, connect, next } from '../../support/client';
import { serveAsIis } from '../../support/iis';
import { appPath, fromRoot, resource, root } from '../../support/template';
import { until } from '../../support/wait';
import { Idea, putBetween } from './between';
import { BOTH } from './places';

/** Opens a page, and notes its complaints and the addresses of its WebSockets. */
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

/**
 * Checks that a page connects by WebSocket on IIS 10, if the two places of web.config are in use.
 */
export async function connectsByWebSocket(t: TestContext, name: BrowserName): Promise<void> {
  const browser = await openBrowser(t, name);
  if (!browser) return;
  // Browsers of today send "Connection: Upgrade", which iisnode passes on.
  const { origin } = await serveAsIis(t, BOTH, { iis: '10' }, deployApplication);
  const { page, found, opened } = await visit(browser, `${origin}${appPath}/`);
  await exchange(page);
  assert.equal(await page.textContent('#transport'), 'websocket');
  if (name === 'chromium') assert.match(opened.join(), new RegExp(`^ws:${origin.slice(5)}${resource}/1/websocket/[\\w-]{20}\\?[^,]*$`));
  assert.deepEqual(found, []);
}

const { connect: connectRealtime } = fromRoot(path.join(root, 'public', 'realtime.js')) as { connect: (options: object) => any };

/**
 * Connects a client of each kind.
 * @param browser the browser for a page; null: there is no page
 * @returns how long each client took to connect over polling, ms
 */
async function fallBack(t: TestContext, browser: BrowserContext | null, origin: string): Promise<Record<string, number>> {
  const times: Record<string, number> = {};
  await fetch(`${origin}${appPath}/health`); // this makes sure that a process runs
  const realtime = async () => {
    const start = Date.now();
    const connection = connectRealtime({ url: origin, resource: resource.slice(1), io: clientLibrary });
    t.after(() => connection.close());
    let status: any;
    connection.on('status', (one: any) => status = one);
    await until(() => status.state === 'connected', 'realtime.js in node', 60);
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
 * How much sooner than 0.9's own client realtime.js polls, ms. 0.9's client always waits for 10 s.
 * realtime.js tries again after a second if its WebSocket is refused, and gives up after 5 s if it
 * is not answered. Both clients are in the same process, so a busy machine delays both.
 */
export const SOONER = { refused: 5000, unanswered: 2000 };

/** Faults of something in between, and how much sooner realtime.js polls with each. */
export const ideas: [what: string, idea: Idea, sooner: number][] = [
  ['answers 400', { status: 400 }, SOONER.refused],
  ['never answers', 'swallows', SOONER.unanswered],
  ['opens it, and passes nothing', 'opens, and passes nothing', SOONER.unanswered],
];
export const moreIdeas: typeof ideas = [
  ['answers 502', { status: 502 }, SOONER.refused],
  ['cuts the connection', 'cuts', SOONER.refused],
];

/** How often a measurement is made at most: a busy machine may spoil one. */
const ROUNDS = 3;

/**
 * Measures how long clients of each kind take to connect over polling.
 * @param browser the browser for a page; null: there is no page
 * @param sooner how much sooner than 0.9's own client realtime.js has to be, ms
 * @throws if realtime.js is not so much sooner in any round
 */
export async function pollsSooner(
  t: TestContext, browser: BrowserContext | null, origin: string, sooner: number,
): Promise<Record<string, number>> {
  for (let round = 1; ; round++) {
    const times = await fallBack(t, browser, origin);
    t.diagnostic(JSON.stringify(times));
    if (times['0.9 in node']! - times['realtime.js in node']! > sooner) return times;
    assert(round < ROUNDS, JSON.stringify(times));
  }
}

/**
 * Checks that clients connect over polling although something in between disturbs WebSockets.
 * @param browser the browser for a page; null: there is no page
 */
export async function pollsBehind(
  t: TestContext, port: number, browser: BrowserContext | null, [, idea, sooner]: typeof ideas[number],
): Promise<void> {
  const { origin, asked } = await putBetween(t, port, idea);
  const times = await pollsSooner(t, browser, origin, sooner);
  assert(asked() >= Object.keys(times).length);
}
