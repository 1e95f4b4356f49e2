/*
 * Many tabs of one browser. A browser opens six connections to a server for all of its tabs
 * together, and in version 1.0.0 each tab held one. With seven tabs a message took 15 s. After the
 * eighth tab, most new tabs did not connect within a minute.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import type { BrowserName } from '../../support/browser';
import type { Tabs } from '../../support/tabs';
import { takesLess, until } from '../../support/wait';
import { InTab, LONGEST, message, openTab } from './measure';
import { startSite } from './site';
import { windows } from './windows';

const MOST_HELD = 4;
/**
 * The longest time for a page to load, and to connect, ms. It is longer if even the first pages are
 * slow. If each tab held a connection, the next page would wait for up to 20 s until a poll is
 * answered.
 */
const LONGEST_START = 8000;

const hidden = (page: Page) => page.evaluate(() => document.hidden);

/**
 * Opens many tabs, and checks that each connects, and that messages arrive in time.
 * @param count how many tabs, at least 8
 */
export async function manyTabs(t: TestContext, name: BrowserName, tabs: Tabs, count: number): Promise<void> {
  const site = startSite(t);
  const pages: Page[] = [];

  /**
   * The longest time for a page, ms. On a busy machine it is five times as long as the slowest of
   * the first four tabs took.
   */
  let longest = LONGEST_START;

  /**
   * Sends a message each way, in all tabs at once.
   * @returns the texts that were sent: `what`, and one more for each time that it measures again
   */
  async function messages(what: string): Promise<string[]> {
    const texts: string[] = [];
    await takesLess(LONGEST, async time => {
      const text = time === 1 ? what : `${what}, time ${time}`;
      texts.push(text);
      const took = await Promise.all(pages.map((page, i) => message(site, page, i + 1, text)));
      const most = Math.max(...took);
      t.diagnostic(`${name}, ${text}: ${most} ms at most, of each tab ${took.join(' ')}`);
      const heard = site.heard.filter(one => one.text === text).map(({ tab }) => tab);
      assert.deepEqual(heard.sort((a, b) => a - b), pages.map((_page, i) => i + 1));
      return most;
    });
    return texts;
  }

  await t.test('each page comes, and connects', async () => {
    for (let i = 1; i <= count; i++) {
      const { page, load, connect } = await openTab(site, tabs, i);
      if (i <= 4) longest = Math.max(longest, 5 * load);
      assert(load < longest && connect < longest, `tab ${i}: ${load} ms, ${connect} ms`);
      pages.push(page);
      if (i !== MOST_HELD) continue;
      // With four tabs or less, each tab polls as if it were alone: no poll is short.
      for (const [n, one] of pages.entries()) await message(site, one, n + 1);
      assert.equal(site.short(), 0);
    }
    assert.equal(site.clients(), count);
    // All tabs share the few connections of one browser.
    assert(site.mostConnections() <= 8, `${site.mostConnections()} connections`);
    assert.deepEqual(await Promise.all(pages.map(hidden)), pages.map((_page, i) => i < count - 1));
  });

  await t.test('one in front: a message arrives in each, and four polls wait', async () => {
    await messages('one in front');
    await until(() => site.held().length === MOST_HELD, 'four polls to wait');
    await until(() => site.held().includes(count), 'that of the tab in front among them');
  });

  await t.test('a tab that comes in front takes the place of a hidden one', async () => {
    const waiting = [1, 2, 3, 4, 5].find(tab => !site.held().includes(tab))!;
    await pages[waiting - 1]!.bringToFront();
    await until(() => site.held().includes(waiting), 'its poll to wait');
    await until(() => site.held().length === MOST_HELD, 'four polls to wait');
  });

  await t.test('idle, they cost less than a request a second each', async () => {
    const before = site.requests();
    site.mostHeld();
    await sleep(5000);
    const requests = (site.requests() - before) * 12;
    t.diagnostic(`${name}: ${requests} requests a minute`);
    assert(requests > (count - MOST_HELD) * 10 && requests < count * 60);
    assert.equal(site.mostHeld(), MOST_HELD);
  });

  await t.test('another page in front, all hidden: a message arrives in each', async () => {
    const other = await tabs.open();
    await until(async () => (await Promise.all(pages.map(hidden))).every(Boolean), 'all to hide');
    await messages('all hidden');
    await other.close();
  });

  await t.test('what is sent while places change hands arrives once and in order', async () => {
    const stop = pages.map((_page, i) => site.count(i + 1));
    const before = site.heard.length;
    const fronts = Math.min(10, count);
    for (let i = 0; i < fronts; i++) {
      const page = pages[i * 7 % count]!;
      await page.bringToFront();
      for (const text of ['a', 'b', 'c']) {
        await page.evaluate(text => (window as unknown as InTab).tab.emit(text), text);
      }
    }
    const sent = stop.map(stopCounting => stopCounting());
    const atTheEnd = await messages('at the end');
    const heard = site.heard.slice(before);
    for (const [i, page] of pages.entries()) {
      const counted = await page.evaluate(() => (window as unknown as InTab).tab.counted);
      assert.deepEqual(counted, Array.from({ length: sent[i]! }, (_, n) => n + 1));
      const texts = heard.filter(({ tab }) => tab === i + 1).map(({ text }) => text);
      const came = [...Array(fronts).keys()].some(n => n * 7 % count === i);
      assert.deepEqual(texts, came ? ['a', 'b', 'c', ...atTheEnd] : atTheEnd);
      const states = await page.evaluate(() => {
        return (window as unknown as InTab).tab.statuses.map(({ state }) => state);
      });
      assert.deepEqual(states, ['connecting', 'connected'], 'none had to connect again');
    }
  });

  await t.test('tabs that are closed leave their places to others, at once', async () => {
    await until(() => site.held().length === MOST_HELD, 'four polls to wait');
    const closed = site.held();
    for (const tab of closed) await pages[tab - 1]!.close({ runBeforeUnload: false });
    // The server does not know at once that the closed tabs are gone.
    const others = () => site.held().filter(tab => !closed.includes(tab));
    await until(() => others().length === MOST_HELD, 'four others to take their places', 30);
  });

  for (const page of pages) if (!page.isClosed()) await page.close();
}

/** Tests a few tabs, and places in the storage that are wrong. */
export async function fewTabs(t: TestContext, name: BrowserName, tabs: Tabs): Promise<void> {
  // In Firefox a window takes seconds to open: see tabs.long.test.ts.
  if (name === 'chromium') {
    await t.test('five windows, all visible: a message arrives in each', () => windows(t, tabs));
  }

  await t.test('the place of a tab that is gone without a word is free after 90 s', async () => {
    const site = startSite(t);
    const page = await tabs.open();
    await page.goto(site.url(0));
    // The storage says that four other tabs polled for the last time 75 s ago. The next page has
    // 15 s to load: if it came later, the places would be free.
    const last = Date.now() - 75000;
    await page.evaluate(time => {
      (window as unknown as InTab).tab.close();
      for (let i = 0; i < 4; i++) localStorage.setItem(`realtime  place ${i}`, `gone${i} visible ${time}`);
    }, last);
    await page.goto(site.url(1));
    await until(() => site.short() > 0, 'a short poll');
    assert.deepEqual(site.held(), []);
    await until(() => site.held().length === 1, 'a poll to wait', 40);
    assert(Date.now() - last >= 90000);
    // These times are in the future, as if the clock had been set back since they were written.
    await page.evaluate(() => {
      (window as unknown as InTab).tab.close();
      for (let i = 0; i < 4; i++) {
        localStorage.setItem(`realtime  place ${i}`, `ahead${i} visible ${Date.now() + 1e7}`);
      }
    });
    await page.goto(site.url(2));
    await until(() => site.held().length === 1, 'a poll to wait', 30);
    await page.close();
  });

  await t.test('where localStorage throws, polls are held', async () => {
    const site = startSite(t);
    const page = await tabs.open();
    await page.addInitScript(() => {
      Object.defineProperty(window, 'localStorage', { get() { throw new Error('forbidden'); } });
    });
    await openTab(site, { open: () => Promise.resolve(page) }, 1);
    await until(() => site.held().length === 1, 'a poll to wait');
    await page.close();
    const other = await tabs.open();
    await other.addInitScript(() => {
      Storage.prototype.setItem = () => { throw new Error('full'); };
    });
    await openTab(site, { open: () => Promise.resolve(other) }, 2);
    await until(() => site.held().includes(2), 'a poll to wait');
    assert.equal(site.short(), 0);
    await other.close();
  });
}
