/*
 * Many tabs of one browser: more of them, and for longer, than in tabs.test.ts. It also measures
 * the table in docs/operating.md.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { openTabs } from '../support/tabs';
import { takesLess, until } from '../support/wait';
import { fewTabs, manyTabs } from './tabs/cases';
import { measure, message, openTab } from './tabs/measure';
import { startSite } from './tabs/site';
import { windows } from './tabs/windows';

for (const name of ['chromium', 'firefox'] as const) {
  test(`${name}: the table of tabs`, { timeout: 600000 }, async t => {
    const tabs = await openTabs(t, name);
    if (!tabs) return;
    const site = startSite(t);
    for await (const row of measure(site, tabs, 15)) {
      t.diagnostic(`${name} ${JSON.stringify(row)} connections ${site.mostConnections()}`);
    }
  });
}

for (const name of ['chromium', 'firefox'] as const) {
  test(`${name}: fifteen tabs`, { timeout: 300000 }, async t => {
    const tabs = await openTabs(t, name);
    if (tabs) await manyTabs(t, name, tabs, 15);
  });
}

test('firefox: places of a few tabs', { timeout: 300000 }, async t => {
  const tabs = await openTabs(t, 'firefox');
  if (tabs) await fewTabs(t, 'firefox', tabs);
});

/** @returns how often a timer of 1 s runs in a page within the given number of seconds */
function timers(page: Page, seconds: number): Promise<number> {
  return page.evaluate(async seconds => {
    let ran = 0;
    const run = () => {
      ran += 1;
      setTimeout(run, 1000);
    };
    setTimeout(run, 1000);
    // The browser slows timers, but not the answer to a request. Each answer here takes 1 s.
    for (let i = 0; i < seconds; i++) await fetch('/second');
    return ran;
  }, seconds);
}

const long = { timeout: 300000 };

test('chromium: all tabs hidden until their timers run once a minute', long, async t => {
  // With this flag Chromium slows timers after 10 s instead of 5 minutes.
  const after = '--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/10';
  const tabs = await openTabs(t, 'chromium', [after]);
  if (!tabs) return;
  const site = startSite(t);
  const pages: Page[] = [];
  for (let i = 1; i <= 15; i++) pages.push((await openTab(site, tabs, i)).page);
  await tabs.open();
  await sleep(75000);
  // Chromium does not slow the first five timers of a chain.
  const ran = await timers(pages[0]!, 60);
  assert(ran < 15, `a timer of 1 s ran ${ran} times in 60 s`);
  for (let i = 0; i < 3; i++) {
    await takesLess(6000, async () => {
      const took = await Promise.all(pages.map((page, n) => message(site, page, n + 1)));
      t.diagnostic(`of each tab ${took.join(' ')} ms`);
      return Math.max(...took);
    });
    await sleep(5000);
  }
  assert.equal(site.clients(), 15);
});

test('chromium: the places of tabs that crash are taken after 90 s', long, async t => {
  const tabs = await openTabs(t, 'chromium');
  if (!tabs) return;
  const site = startSite(t);
  const pages: Page[] = [];
  for (let i = 1; i <= 6; i++) pages.push((await openTab(site, tabs, i)).page);
  await until(() => site.held().length === 4, 'four polls to wait');
  const holding = site.held();
  for (const tab of holding) {
    const devtools = await tabs.context.newCDPSession(pages[tab - 1]!);
    devtools.send('Page.crash').catch(() => undefined);
  }
  const left = [1, 2, 3, 4, 5, 6].filter(tab => !holding.includes(tab));
  await until(() => left.every(tab => site.held().includes(tab)), 'the others to hold', 130);
  for (const tab of left) assert(await message(site, pages[tab - 1]!, tab) < 6000);
});

test('firefox: five windows, all visible: a message arrives in each', long, async t => {
  const tabs = await openTabs(t, 'firefox');
  if (tabs) await windows(t, tabs);
});
