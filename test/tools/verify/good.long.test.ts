/* `npm run verify` against more sites that are as they should be. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oldNode } from '../../support/fetched';
import { setting } from './config';
import { passes } from './good';
import { site } from './site';

test('without the demo\'s events', async t => {
  const iis = await site(t);
  const saw = await passes(iis, iis.url);
  assert.match(saw['message, xhr-polling']!, /^passed: acknowledged in \d+ ms$/);
});

test('at another APP_PATH', async t => {
  const iis = await site(t, [setting('APP_PATH', '/tools/chat')]);
  assert.match(iis.url, /\/tools\/chat\/$/);
  await passes(iis, iis.url);
});

for (const version of ['10.24.1', '12.22.12']) {
  test(`with node ${version}`, async t => {
    const node = oldNode(t, version);
    if (node === null) return;
    const iis = await site(t, [], { node });
    const saw = await passes(iis, iis.url);
    assert.match(saw.health!, new RegExp(`node v${version}`));
  });
}
