import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { readConfig } from '../../src/config';
import { createLog } from '../../src/log';
import { createPages } from '../../src/pages';
import type { Realtime } from '../../src/realtime';
import { request } from '../support/request';
import { startServer } from '../support/server';
import { appPath, deploy, fromRoot, resource } from '../support/template';

test('the pages', async t => {
  const { origin, port, output, stop } = await startServer(t, { env: { IISNODE_VERSION: '0.2.21' } });
  const get = (path: string, headers: Record<string, string> = {}) => fetch(origin + path, { redirect: 'manual', headers });

  await t.test('the page, and what it loads', async () => {
    const page = await get(`${appPath}/`);
    assert.equal(page.status, 200);
    assert.match(page.headers.get('content-type')!, /^text\/html/);
    const html = await page.text();
    const used = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(match => match[1]!);
    assert(used.includes('socket/socket.io.js'));
    for (const file of used) assert.equal((await get(`${appPath}/${file}`)).status, 200, file);
  });

  await t.test(`/ and ${appPath} redirect to ${appPath}/`, async () => {
    const first = await get('/');
    assert.deepEqual([first.status, first.headers.get('location')], [302, `${appPath}/`]);
    for (const path of [appPath, `${appPath}?x=1`, appPath.toUpperCase()]) {
      const answer = await get(path);
      assert.equal(answer.status, 301);
      assert.equal(new URL(answer.headers.get('location')!, origin).href, `${origin}${path.replace(/(\?|$)/, '/$1')}`);
    }
  });

  await t.test('letter case makes no difference', async () => {
    const [upper, lower] = [appPath.toUpperCase(), appPath.toLowerCase()];
    for (const path of [`${upper}/`, `${lower}/style.css`, `${upper}/Health`, `${lower}/SOCKET/socket.IO.js`]) {
      assert.equal((await get(path)).status, 200, path);
    }
  });

  await t.test('what is next to the resource is a page, not Socket.IO\'s', async () => {
    for (const path of [`${resource}.html`, `${resource}s/1/`, `${resource}-1/`, `/x${resource}/1/`]) {
      const answer = await get(path);
      assert.equal(answer.status, 404, path);
      assert.equal(await answer.text(), `Not found. The application is at ${appPath}/`);
    }
  });

  await t.test('the client script is socket.io-client\'s own minified build, with ETag, Cache-Control and gzip', async () => {
    const answer = await get(`${resource}/socket.io.js`, { 'accept-encoding': 'gzip' });
    assert.equal(answer.headers.get('content-encoding'), 'gzip');
    assert.equal(answer.headers.get('cache-control'), 'public, max-age=86400');
    assert.match(answer.headers.get('content-type')!, /javascript/);
    assert.equal(await answer.text(), readFileSync(fromRoot.resolve('socket.io-client/dist/socket.io.min.js'), 'utf8'));
    const headers = { 'if-none-match': answer.headers.get('etag')! };
    const again = await request({ port, path: `${resource}/socket.io.js`, headers });
    assert.equal(again.status, 304);
  });

  await t.test('health says what an operator needs, and nothing else', async () => {
    const answer = await get(`${appPath}/health`);
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    const health = await answer.json() as Record<string, unknown>;
    assert.deepEqual(Object.keys(health), ['status', 'uptime', 'clients', 'pid', 'node', 'iisnode']);
    assert.equal(health.status, 'ok');
    assert.equal(health.clients, 0);
    assert.equal(health.node, process.version);
    assert.equal(health.iisnode, '0.2.21');
  });

  await t.test('a path that is not UTF-8 is not found', async () => {
    assert.equal((await get(`${appPath}/%ff`)).status, 404);
  });

  await t.test('nothing names the software', async () => {
    assert.equal((await get(`${appPath}/`)).headers.get('x-powered-by'), null);
  });

  await t.test('the log has one line for all that', async () => {
    await stop('SIGKILL');
    const line = output().replace(`http://localhost:${port}${appPath}/`, 'URL');
    assert.match(line, /^\S+Z info listening on URL \(node v\S+, transports xhr-polling\)\n$/);
  });
});

test('APP_PATH=/ puts all of it at the root', async t => {
  const { origin, page } = await startServer(t, { env: { APP_PATH: '/' } });
  assert.equal(page, `${origin}/`);
  for (const path of ['/', '/health', '/socket/socket.io.js', '/socket/1/']) {
    assert.equal((await fetch(origin + path)).status, 200, path);
  }
  assert.equal((await fetch(`${origin}/socket.html`)).status, 404);
});

test('a page that throws is logged with its stack, and none of it goes out', async t => {
  const logged: unknown[] = [];
  const log = { ...createLog('error'), error: (...parts: unknown[]) => logged.push(...parts) };
  const failing = () => { throw new Error('secret'); };
  const server = createServer(createPages(readConfig({}), log, { clients: failing } as unknown as Realtime)).listen(0);
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const answer = await request({ port, path: `${appPath}/health` });
  assert.deepEqual([answer.status, answer.text], [500, 'Something went wrong. The log says what.']);
  assert(logged.some(part => part instanceof Error && part.message === 'secret'));
});

test('a page is told the address and the protocol that a trusted proxy says, and no other', async t => {
  const health = "(_req, res) => {\n        res.set('Cache-Control', 'no-store').json({";
  const folder = deploy(t, [['dist/pages.js', health, '(req, res) => { res.json({ address: req.ip, proto: req.protocol,']]);
  const headers = { 'x-forwarded-for': '198.51.100.7, 10.1.2.3', 'x-forwarded-proto': 'https' };
  for (const [proxies, address, proto] of [['127.0.0.1,::1', '10.1.2.3', 'https'], ['', 'localhost', 'http']] as const) {
    const { port } = await startServer(t, { folder, env: { TRUSTED_PROXIES: proxies } });
    const answer = JSON.parse((await request({ port, path: `${appPath}/health`, headers })).text) as { address: string; proto: string };
    const seen = /^(::1|(::ffff:)?127\.0\.0\.1)$/.test(answer.address) ? 'localhost' : answer.address;
    assert.deepEqual([seen, answer.proto], [address, proto]);
  }
});
