/* Many tabs of one browser: as many as show it, in Chromium. tabs.long.test.ts has more of them, and Firefox. */
import { test } from 'node:test';
import { openTabs } from '../support/tabs';
import { fewTabs, manyTabs } from './tabs/cases';

test('chromium', { timeout: 300000 }, async t => {
  const tabs = await openTabs(t, 'chromium');
  if (!tabs) return;
  await t.test('eight tabs', t => manyTabs(t, 'chromium', tabs, 8));
  await t.test('places of a few tabs', t => fewTabs(t, 'chromium', tabs));
});
