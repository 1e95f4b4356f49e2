/* The demo page in a browser, while the server or the network goes away. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { openBrowser } from '../../support/browser';
import { connect, next } from '../../support/client';
import { startServer } from '../../support/server';
import { until } from '../../support/wait';

interface Watched {
  /** The lines of the page's log, those that it has removed since among them. */
  lines: HTMLElement[];
  statuses: { state: string; recovered?: boolean }[];
}

/** Keeps what the page shows and is told: it removes old lines, and does not show all. */
function watch(): void {
  const watched = window as unknown as Watched;
  watched.lines = [];
  watched.statuses = [];
  let library: { connect: (...args: unknown[]) => { on: (event: string, handler: (status: never) => void) => void } };
  Object.defineProperty(window, 'Realtime', {
    get: () => library,
    set: (value: typeof library) => {
      library = value;
      const original = value.connect;
      value.connect = (...args) => {
        const connection = original(...args);
        connection.on('status', status => watched.statuses.push(status));
        return connection;
      };
    },
  });
  document.addEventListener('DOMContentLoaded', () => {
    const observer = new MutationObserver(changes => changes.forEach(({ addedNodes }) => {
      watched.lines.push(...Array.from(addedNodes) as HTMLElement[]);
    }));
    observer.observe(document.getElementById('log')!, { childList: true });
  });
}

/** A page that someone types into until they are told to stop. */
function type(page: Page) {
  let stopped = false;
  let typed = 0;
  const typing = (async () => {
    for (; !stopped; await sleep(100)) {
      await page.fill('#text', `line ${typed + 1}`);
      await page.press('#text', 'Enter');
      typed += 1;
    }
  })();
  return {
    /** Stops, and waits until all lines have their note. */
    async finish() {
      stopped = true;
      await typing;
      const look = () => page.evaluate(() => {
        const { lines, statuses } = window as unknown as Watched;
        const texts = lines.map(line => line.textContent!);
        return {
          received: texts.flatMap(text => /^You: line (\d+) received, \d+ ms$/.exec(text)?.slice(1).map(Number) ?? []),
          answers: texts.filter(text => text === 'Server: Got it!').length,
          connected: statuses.filter(({ state }) => state === 'connected').map(({ recovered }) => recovered),
        };
      });
      // What is missing is counted.
      await until(async () => (await look()).received.length >= typed, `${typed} notes`).catch(() => undefined);
      return { typed, ...await look() };
    },
  };
}

interface Result { typed: number; received: number[]; answers: number }

function check(t: TestContext, { typed, received, answers }: Result, answersAtMost: number): void {
  t.diagnostic(`chromium: ${typed} lines typed, ${received.length} received, ${answers} answers`);
  assert.deepEqual(received, Array.from({ length: typed }, (_, i) => i + 1));
  assert(answers >= typed && answers <= answersAtMost, `${answers} answers to ${typed} lines`);
}

export async function restarts(t: TestContext): Promise<void> {
  const browser = await openBrowser(t);
  if (!browser) return;
  let server = await startServer(t);
  const page = await browser.newPage();
  await page.addInitScript(watch);
  await page.goto(server.page);
  await page.waitForSelector('#state.connected');
  const typing = type(page);
  for (let i = 0; i < 2; i++) {
    await sleep(3000);
    await server.stop('SIGKILL');
    await sleep(1000);
    server = await startServer(t, { env: { PORT: String(server.port) } });
  }
  await sleep(4000);
  const result = await typing.finish();
  // A line that the killed process had handled, and not said so, is sent again.
  check(t, result, Infinity);
  assert.deepEqual(result.connected, [false, false, false]);
}

export async function offline(t: TestContext): Promise<void> {
  const browser = await openBrowser(t);
  if (!browser) return;
  const server = await startServer(t);
  const page = await browser.newPage();
  await page.addInitScript(watch);
  await page.goto(server.page);
  await page.waitForSelector('#state.connected');
  const typing = type(page);
  await sleep(2000);
  await browser.setOffline(true);
  await sleep(3000);
  // The server tells all pages of another client meanwhile.
  await next(connect(t, server.origin), 'connect');
  await sleep(2000);
  await browser.setOffline(false);
  await page.waitForSelector('#state.connected');
  await page.waitForFunction(() => document.getElementById('clients')!.textContent === '2');
  await sleep(1000);
  const result = await typing.finish();
  check(t, result, result.typed);
  assert.deepEqual(result.connected, [false, true]);
}
