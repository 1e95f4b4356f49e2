/* Several windows of one browser, each with one visible tab. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import type { Tabs } from '../../support/tabs';
import { takesLess, until } from '../../support/wait';
import { LONGEST, message, openTab } from './measure';
import { startSite } from './site';

/** Opens five windows. Four of them have a place for a poll, but a message arrives in each. */
export async function windows(t: TestContext, tabs: Tabs): Promise<void> {
  const site = startSite(t);
  const pages: Page[] = [];
  for (let i = 1; i <= 5; i++) {
    const page = await tabs.openWindow();
    await openTab(site, { open: () => Promise.resolve(page) }, i);
    pages.push(page);
  }
  for (const page of pages) assert.equal(await page.evaluate(() => document.hidden), false);
  await until(() => site.held().length === 4, 'four polls to wait');
  await takesLess(LONGEST, async () => {
    const took = await Promise.all(pages.map((page, i) => message(site, page, i + 1)));
    t.diagnostic(`five windows: ${took.join(' ')} ms`);
    return Math.max(...took);
  });
  for (const page of pages) await page.close();
}
