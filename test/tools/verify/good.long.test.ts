/* Runs `npm run verify` against more sites without faults. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oldNode } from '../../support/fetched';
import { setting } from './config';
import { passes, webSockets } from './good';
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

test('as the root of a site, where the address names the page, or its file', async t => {
  const iis = await site(t, [], { app: '/' });
  const page = (await fetch(iis.origin)).url;
  for (const address of [page, `${page}index.html`]) await passes(iis, address);
});

test('with WebSockets, on IIS 8 and later', async t => {
  const iis = await site(t, webSockets, { iis: '10' });
  const saw = await passes(iis, iis.url, { transports: ['websocket', 'xhr-polling'] });
  assert.match(saw['message, websocket']!, /^passed: acknowledged in \d+ ms; an older Firefox polls/);
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
