/*
 * The address that Realtime.connect uses for the server, and the query that it sends: in a real
 * page.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBrowser } from '../support/browser';
import { serve } from '../support/raw';
import { serveSite } from '../support/scripted';
import { resource } from '../support/template';
import { until } from '../support/wait';
import { clockJumps } from './address/clock';

test('chromium: url counts with and without a resource, and a query arrives whole', async t => {
  const browser = await openBrowser(t);
  if (!browser) return;
  const site = serveSite(t, () => undefined, { page: '' });
  const queries: unknown[] = [];
  const other = serve(t, io => io.sockets.on('connection', socket => {
    queries.push(socket.handshake.query.token);
  }), { ALLOWED_ORIGINS: site.origin });
  const page = await browser.newPage();
  await page.goto(site.page('page'));
  const token = 'a=b&c ü+%/==';
  const connect = (options: unknown) => page.evaluate(`Realtime.connect(${JSON.stringify(options)}); 0`);
  await connect({ url: other.origin, query: { token } });
  await until(() => queries.length === 1, 'without a resource');
  await connect({ url: other.origin, resource: resource.slice(1), query: 'token=abc==' });
  await until(() => queries.length === 2, 'with one');
  await connect({ url: `${other.origin}/?token=in%20it` });
  await until(() => queries.length === 3, 'in the url');
  assert.deepEqual(queries, [token, 'abc==', 'in it']);
  await assert.rejects(connect({ query: { got: 1 } }), /may have no got/);
  // In 0.9, io.connect('/side') leads to a namespace. Here it would lead to the main namespace.
  await assert.rejects(connect('/side'), /must be an object/);
});

clockJumps('chromium');
