/*
 * A page leaves: by a link, a script, a reload or a closed tab. It may come back from the browser's
 * memory. The messages that it emitted arrive, and the server knows at once that the page has gone.
 * The tests use real browsers and real navigation.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { openBrowser } from '../support/browser';
import { until } from '../support/wait';
import {
  connected, FIVE, gone, leave, leaveWithHandlers, openBeside, Seen, start, Visit, visit, withHandlers,
} from './leaving/cases';

leave('chromium', 1);
leaveWithHandlers('chromium', 1);

const BY_LINK = "document.querySelector('a').click()";

/** Goes to the other page, by its link or forward in the history, and then back. */
async function thereAndBack(page: Page, seen: Seen, before: string, way = BY_LINK): Promise<void> {
  await page.evaluate(`${before}; ${way}`).catch(gone);
  // Playwright hears no event "load" for a page from the browser's memory.
  const isThere = () => page.evaluate<boolean>('location.pathname.slice(-6) === "/other"').catch(() => false);
  await until(isThere, 'the other page');
  await until(() => seen.left, 'disconnect', 30);
  await goBack(page);
}

/**
 * Goes back in the history. In Firefox, Playwright does not notice a page from the browser's
 * memory, so this function looks for the page itself.
 */
async function goBack(page: Page): Promise<void> {
  await page.evaluate('setTimeout(function () { history.back(); }, 0); 0');
  const isThere = () => page.evaluate<boolean>(
    'location.pathname.slice(-5) === "/page" && window.state === "connected"',
  ).catch(() => false); // the page is still on its way
  await until(isThere, 'the page again');
}

/** Checks that the page is another client now, and that its new messages arrive. */
async function goesOn(page: Page, site: Visit, times: number): Promise<void> {
  assert.equal(await page.evaluate('back'), times, 'times from the browser\'s memory');
  await until(() => site.clients() === 1, 'the page again');
  const seen = site.sessions.at(-1)!;
  await page.evaluate('emit(11, 12)');
  await until(() => seen.heard.length === 2, 'its messages');
  assert.deepEqual(seen.heard, [11, 12], 'nothing of before comes again');
}

test('chromium: back and forward: a page from the browser\'s memory is another client, and goes on', async t => {
  const browser = await openBrowser(t, 'chromium');
  if (!browser) return;
  const site = start(t);
  const page = await visit(browser.newPage(), site);
  for (let time = 1; time <= 2; time++) {
    const seen = site.sessions.at(-1)!;
    seen.heard.length = 0;
    await thereAndBack(page, seen, 'emit(1, 5)', time === 1 ? BY_LINK : 'history.forward()');
    assert.deepEqual(seen.heard, FIVE);
    await goesOn(page, site, time);
  }
});

test('chromium: the same of a page that is connected by a WebSocket', async t => {
  const browser = await openBrowser(t, 'chromium');
  if (!browser) return;
  const site = start(t, { TRANSPORTS: 'websocket,xhr-polling' });
  const page = await visit(browser.newPage(), site);
  for (let time = 1; time <= 2; time++) {
    assert.equal(await page.evaluate('transport'), 'websocket');
    const seen = site.sessions.at(-1)!;
    seen.heard.length = 0;
    await thereAndBack(page, seen, 'emit(1, 5)', time === 1 ? BY_LINK : 'history.forward()');
    assert.deepEqual(seen.heard, FIVE);
    await goesOn(page, site, time);
  }
});

test('firefox', async t => {
  const browser = await openBrowser(t, 'firefox');
  if (!browser) return;
  const keeper = await browser.newPage();
  // The ways are a link, a reload and a closed tab. leaving.long.test.ts has the page without
  // handlers too.
  await t.test('what a page emits in its own handlers of leaving arrives', t => withHandlers(t, keeper, 1));

  // Firefox does not keep a page in its memory if a request of the page is under way, such as a held
  // poll. Firefox's log says so (MOZ_LOG=SHIPBFCache:5). So the page begins anew, unless it is
  // between two short polls.
  await t.test('back: the page begins anew, as Firefox keeps none whose poll is under way', async t => {
    const site = start(t);
    const page = await visit(openBeside(keeper), site);
    const seen = site.sessions.at(-1)!;
    await thereAndBack(page, seen, 'emit(1, 5)');
    assert.deepEqual(seen.heard, FIVE);
    await goesOn(page, site, 0);
    const again = site.sessions.at(-1)!;
    again.heard.length = 0;
    await thereAndBack(page, again, 'emit(1, 5)', 'history.forward()');
    assert.deepEqual(again.heard, FIVE);
    await goesOn(page, site, 0);
    await page.close();
  });

  await t.test('back: a page from the browser\'s memory, which had no place for its poll, is another client, and goes on', async t => {
    const site = start(t);
    // Four other tabs have the places for polls. So this page makes short polls, with pauses.
    const page = await openBeside(keeper);
    await page.goto(site.page('other'));
    await page.evaluate(() => {
      for (let i = 0; i < 4; i++) {
        localStorage.setItem(`realtime  place ${i}`, `other${i} visible ${Date.now()}`);
      }
    });
    await page.goto(site.page('page'));
    await connected(page);
    const seen = site.sessions.at(-1)!;
    await page.evaluate('emit(1, 5)');
    await until(() => seen.heard.length === 5, 'the messages');
    // The page goes right after the end of a short poll. After it, no poll is under way for 1.5 s.
    await thereAndBack(page, seen, '', `var count = performance.getEntriesByType('resource').length;
      var timer = setInterval(function () {
        if (performance.getEntriesByType('resource').length === count) return;
        clearInterval(timer);
        ${BY_LINK};
      }, 10); null`);
    assert.deepEqual(seen.heard, FIVE);
    await goesOn(page, site, 1);
  });
});
