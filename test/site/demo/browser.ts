/* Functions that browser.test.ts and browser.long.test.ts share. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test, TestContext } from 'node:test';
import type { BrowserContext, Page } from 'playwright-core';
import { BrowserName, complaints, openBrowser } from '../../support/browser';
import { wholeFile } from '../../support/file';
import { Running, startApp } from '../../support/server';
import { root } from '../../support/template';
import { until } from '../../support/wait';

export interface Given { t: TestContext; page: Page; browser: BrowserContext; server: Running }

/** The server of all tests of a file. It is gone when these tests have ended. */
let server: Promise<Running> | undefined;

/**
 * Makes a test with a browser, an empty page and the server, which all tests of the file share. The
 * test is skipped if the browser is missing.
 */
export function inBrowser(what: string, body: (given: Given) => Promise<void>, name: BrowserName = 'chromium'): void {
  test(what, async t => {
    const browser = await openBrowser(t, name);
    if (!browser) return;
    server ??= startApp(wholeFile);
    await body({ t, browser, server: await server, page: await browser.newPage() });
  });
}

export const connected = (page: Page) => page.waitForSelector('#state.connected');

/**
 * Waits until the page shows a number of clients. Playwright's waitForFunction would look in each
 * frame of the page, which takes processor time.
 */
export async function clients(page: Page, count: number): Promise<void> {
  await page.locator('#clients', { hasText: new RegExp(`^${count}$`) }).waitFor();
}

export async function send(page: Page, text: string): Promise<void> {
  await page.fill('#text', text);
  await page.press('#text', 'Enter');
}

/** Tests that the page connects, sends a message, and shows the acknowledgement and the answer. */
export function converses(name: BrowserName): void {
  inBrowser(`${name}: the page connects over xhr-polling, sends, and shows the acknowledgement and the answer`, async ({ page, server }) => {
    const found = complaints(page);
    await page.goto(server.page);
    await connected(page);
    assert.equal(await page.textContent('#transport'), 'xhr-polling');
    await clients(page, 1);
    for (const text of ['Hello', '<b>not bold</b>', 'Grüße, 世界 ']) await send(page, text);
    await until(async () => await page.locator('#log .in').count() === 3 && await page.locator('small', { hasText: 'received' }).count() === 3,
      'three acknowledgements and three answers');
    assert.deepEqual(await page.locator('#log .in').allTextContents(), ['Server: Got it!', 'Server: Got it!', 'Server: Got it!']);
    assert.match(await page.locator('#log .out').nth(1).textContent() ?? '', /^You: <b>not bold<\/b> received, \d+ ms$/);
    assert.match(await page.textContent('#median') ?? '', /^[\d.]+ ms$/);
    assert.equal(await page.getAttribute('#trips polyline', 'points'), '', 'three values are no line');
    for (const text of ['four', 'five']) {
      await send(page, text);
      await page.locator('#log .out small', { hasText: 'received' }).first().waitFor();
    }
    await until(async () => (await page.getAttribute('#trips polyline', 'points'))!.split(' ').length === 5, 'a line of five values');
    await page.screenshot({ path: path.join(root, 'build', `page-${name}.png`) });
    assert.deepEqual(found, []);
  }, name);
}
