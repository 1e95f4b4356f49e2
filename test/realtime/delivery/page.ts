/* The demo page in a browser, while the server or the network is away. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { deployApplication, startApplication } from '../../support/application';
import { openBrowser } from '../../support/browser';
import { connect, next } from '../../support/client';
import { startServer } from '../../support/server';
import { until } from '../../support/wait';
import { freePort } from '../../../tools/free-port';

/** Types lines into a page, until finish() is called. */
function type(page: Page) {
  let stopped = false;
  let typed = 0;
  const typing = (async () => {
    for (; !stopped; await sleep(200)) {
      await page.fill('#text', `line ${typed + 1}`);
      await page.press('#text', 'Enter');
      typed += 1;
    }
  })();
  return {
    /** Stops the typing, and waits until all lines have their note. */
    async finish() {
      stopped = true;
      await typing;
      const look = () => page.evaluate(() => {
        const texts = (of: string) => Array.from(document.querySelectorAll(`#log ${of}`), line => line.textContent!);
        const { statuses } = window as unknown as { statuses: { state: string; recovered?: boolean }[] };
        return {
          received: texts('.out').flatMap(text => /^line (\d+) received$/.exec(text)?.slice(1).map(Number) ?? []),
          answers: texts('.in').filter(text => text === 'Got it!').length,
          connected: statuses.filter(({ state }) => state === 'connected').map(({ recovered }) => recovered),
        };
      });
      // The test counts the notes that are missing.
      await until(async () => (await look()).received.length >= typed, `${typed} notes`, 60).catch(() => undefined);
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

/** @param kills how often the server is killed */
export async function restarts(t: TestContext, kills: number): Promise<void> {
  const browser = await openBrowser(t);
  if (!browser) return;
  const folder = deployApplication(t);
  const env = { PORT: String(await freePort()) };
  let server = await startServer(t, { folder, env });
  const page = await browser.newPage();
  await page.goto(server.page);
  await page.waitForSelector('#state.connected');
  const typing = type(page);
  for (let i = 0; i < kills; i++) {
    await sleep(2000);
    await server.stop('SIGKILL');
    await page.waitForSelector('#state.reconnecting', { timeout: 60000 });
    await sleep(500);
    server = await startServer(t, { folder, env });
    await page.waitForSelector('#state.connected', { timeout: 60000 });
  }
  await sleep(1000);
  const result = await typing.finish();
  // A line is sent again if the killed process handled it without an acknowledgement.
  check(t, result, Infinity);
  assert.deepEqual(result.connected, Array(kills + 1).fill(false));
}

export async function offline(t: TestContext): Promise<void> {
  const browser = await openBrowser(t);
  if (!browser) return;
  const server = await startApplication(t);
  const page = await browser.newPage();
  await page.goto(server.page);
  await page.waitForSelector('#state.connected');
  const typing = type(page);
  await sleep(1000);
  await browser.setOffline(true);
  await page.waitForSelector('#state.reconnecting', { timeout: 60000 });
  await sleep(1000);
  // Meanwhile another client comes, and the server tells all pages.
  await next(connect(t, server.origin), 'connect');
  await sleep(1500);
  await browser.setOffline(false);
  await page.waitForSelector('#state.connected', { timeout: 60000 });
  await page.waitForFunction(() => document.getElementById('clients')!.textContent === '2', null, { timeout: 60000 });
  await sleep(500);
  const result = await typing.finish();
  check(t, result, result.typed);
  assert.deepEqual(result.connected, [false, true]);
}
