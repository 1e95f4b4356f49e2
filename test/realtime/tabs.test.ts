/* Many tabs of one browser: eight in Chromium. tabs.long.test.ts has more tabs, and Firefox. */
import { test } from 'node:test';
import { openTabs } from '../support/tabs';
import { fewTabs, manyTabs } from './tabs/cases';

test('chromium', { timeout: 300000 }, async t => {
  const tabs = await openTabs(t, 'chromium');
  if (!tabs) return;
  await t.test('eight tabs', t => manyTabs(t, 'chromium', tabs, 8));
  await t.test('places of a few tabs', t => fewTabs(t, 'chromium', tabs));
});
