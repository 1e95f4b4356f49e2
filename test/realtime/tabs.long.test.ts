import { test } from 'node:test';
import { openTabs } from '../support/tabs';
import { measure } from './tabs/measure';
import { startSite } from './tabs/site';

for (const name of ['chromium', 'firefox'] as const) {
  test(`${name}: the table of tabs`, { timeout: 2400000 }, async t => {
    const tabs = await openTabs(t, name);
    if (!tabs) return;
    const site = startSite(t);
    for await (const row of measure(site, tabs, 15)) {
      const at = `connections ${site.mostConnections()}, held ${site.held().length}`;
      t.diagnostic(`${name} ${JSON.stringify(row)} ${at}`);
    }
  });
}
