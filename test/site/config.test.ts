import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { cannotListen } from '../../src/cannot-listen';
import { ConfigError, readConfig, SETTINGS } from '../../src/config';
import { misspelt } from '../../src/misspelt';
import { runServer, startServer } from '../support/server';
import { deploy, Edit, root } from '../support/template';

test('the defaults', () => {
  const { appPath, ...others } = readConfig({});
  assert.deepEqual(others, {
    resource: `${appPath}/socket`,
    port: 3000,
    transports: ['xhr-polling'],
    allowedOrigins: [],
    trustedProxies: [],
    logLevel: 'info',
    maxMessageBytes: 1000000,
    maxPackets: 2000,
    maxWaitingBytes: 1000000,
    maxHandshakes: 2000,
    maxClients: 10000,
    sessionTimeout: 120,
    redisUrl: null, iisnode: null,
  });
});

test('the page of settings names every setting with its default, and no other', () => {
  const table = readFileSync(path.join(root, 'docs', 'settings.md'), 'utf8').matchAll(/^\| `([A-Z_]+)` \| (\S+) \|/gm);
  const named = new Map([...table].map(([, name, value]) => [name!, value!.replace(/`/g, '')]));
  const used = readFileSync(path.join(root, 'src/config.ts'), 'utf8').matchAll(/setting\('(\w+)', '([^']*)'/g);
  const settings = new Map([...used].map(([, name, value]) => [name!, value! || 'none']));
  named.set('APP_PATH', readConfig({}).appPath); // the page may still have an older name
  assert.deepEqual([...named].sort(), [...settings, ['REDIS_URL', 'none']].sort());
});

test('settings take what they should', () => {
  const pipe = '\\\\.\\pipe\\6c0d8f6e-3b1a-4f3e';
  assert.equal(readConfig({ PORT: pipe }).port, pipe);
  assert.equal(readConfig({ PORT: '/tmp/x.sock' }).port, '/tmp/x.sock');
  assert.equal(readConfig({ PORT: ' 8080 ' }).port, 8080);
  assert.equal(readConfig({ PORT: '' }).port, 3000);
  assert.equal(readConfig({ APP_PATH: '/' }).resource, '/socket');
  assert.equal(readConfig({ APP_PATH: '/' }).appPath, '');
  assert.equal(readConfig({ APP_PATH: '/tools/chat-2.0' }).resource, '/tools/chat-2.0/socket');
  assert.deepEqual(readConfig({ TRANSPORTS: 'websocket, XHR-polling' }).transports, ['websocket', 'xhr-polling']);
  assert.deepEqual(
    readConfig({ ALLOWED_ORIGINS: 'HTTPS://Www.Example.com:443, http://localhost:8080' }).allowedOrigins,
    ['https://www.example.com', 'http://localhost:8080'],
  );
  assert.deepEqual(
    readConfig({ TRUSTED_PROXIES: '10.1.2.3, 10.0.0.0/8,fd00::/8,::ffff:1.2.3.4,PIPE' }).trustedProxies,
    ['10.1.2.3', '10.0.0.0/8', 'fd00::/8', '::ffff:1.2.3.4', 'pipe'],
  );
  assert.equal(readConfig({ LOG_LEVEL: 'DEBUG' }).logLevel, 'debug');
  assert.equal(readConfig({ IISNODE_VERSION: '0.2.21' }).iisnode, '0.2.21');
});

const bad: [name: string, value: string][] = [
  ...['app', '/app/', '//x', '/a b', '/..', '/a/./b', '/x?y', '/<x>', '/a.'].map(value => ['APP_PATH', value] as [string, string]),
  ...['65536', '-1', '3000x', 'COM1'].map(value => ['PORT', value] as [string, string]),
  ...['polling', 'xhr-polling,', 'jsonp-polling', '__proto__'].map(value => ['TRANSPORTS', value] as [string, string]),
  ...['*', 'example.com', 'https://*.example.com', 'https://example.com/', 'ftp://example.com', 'null', 'https://u@example.com', 'https://a\\b']
    .map(value => ['ALLOWED_ORIGINS', value] as [string, string]),
  ...['10.1.2', '10.1.2.3/33', '10.0.0.0/', 'proxy.example', '::1/129', '10.1.2.3,', 'fd00::g', '1.2.3.4:80', '*']
    .map(value => ['TRUSTED_PROXIES', value] as [string, string]),
  ...['verbose', '3'].map(value => ['LOG_LEVEL', value] as [string, string]),
  ...['0', '999', '1e6', '100000001', '64kb'].map(value => ['MAX_MESSAGE_BYTES', value] as [string, string]),
  ...['MAX_PACKETS', 'MAX_WAITING_BYTES', 'MAX_HANDSHAKES', 'MAX_CLIENTS', 'SESSION_TIMEOUT'].map(name => [name, '0'] as [string, string]),
];

for (const [name, value] of bad) {
  test(`${name}=${value} is refused: the setting, what it got, what it takes`, () => {
    assert.throws(() => readConfig({ [name]: value }), (error: unknown) => {
      assert(error instanceof ConfigError);
      assert(error.message.startsWith(`${name}: got ${JSON.stringify(value)}; takes `), error.message);
      return true;
    });
  });
}

test('on the Windows of IIS 7.5 there are no WebSockets, and the start says so in one line', () => {
  for (const TRANSPORTS of ['websocket', 'websocket,xhr-polling', 'xhr-polling,WebSocket']) {
    assert.throws(() => readConfig({ TRANSPORTS }, 'win32 6.1.7601'), (error: unknown) => {
      assert(error instanceof ConfigError);
      assert.equal(error.message, `TRANSPORTS: got "${TRANSPORTS}"; takes xhr-polling on this Windows (6.1): its IIS, 7.5, has no WebSockets`);
      return true;
    });
    // Windows Server 2012 and later; and a Linux with the version number 6.1.
    for (const system of ['win32 6.2.9200', 'win32 6.3.9600', 'win32 10.0.17763', 'linux 6.1.0-18-amd64']) {
      assert(readConfig({ TRANSPORTS }, system).transports.includes('websocket'), system);
    }
  }
  assert.deepEqual(readConfig({ TRANSPORTS: 'xhr-polling' }, 'win32 6.1.7601').transports, ['xhr-polling']);
});

test('a bad setting ends the start with exit code 1 and one line', async () => {
  // The tests above show that readConfig refuses each bad setting. A start needs a process, so only
  // the first and the last of these settings are tried here.
  for (const [name, value] of [bad[0]!, bad.at(-1)!]) {
    const server = runServer({ env: { [name]: value } });
    assert.equal(await server.ended(), 1, name);
    assert.match(server.output(), new RegExp(`^${name}: got .*; takes .*\n$`));
  }
});

test('a port in use ends the start with exit code 1 and one line', async t => {
  const other = createServer().listen(0);
  t.after(() => other.close());
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  const server = runServer({ env: { PORT: String(port) } });
  assert.equal(await server.ended(), 1);
  const line = `PORT: port ${port} is in use by another program: stop that program, or set PORT to another one (in cmd: set PORT=`;
  assert(server.output().startsWith(line), server.output());
  assert.match(server.output(), /^[^\n]*\n$/);
});

test('what cannot be listened on is named in one line, with what can be done', () => {
  const line = (code: string, port: number | string) => cannotListen(Object.assign(new Error('no'), { code }), port);
  assert.match(line('EACCES', 80), /^PORT: the system does not let this user listen on port 80: set PORT to another one \(/);
  assert.match(line('EADDRINUSE', '/tmp/x.sock'), /^PORT: \/tmp\/x\.sock exists already: .* delete the file$/);
  assert.match(line('ENOENT', '/none/x.sock'), /^PORT: the server cannot listen on \/none\/x\.sock \(ENOENT\): set PORT/);
});

test('a setting whose name is misspelt is named at the start', async t => {
  const env = { MAX_CLIENT: '10', Max_Clients: '10', TRANSPORT: 'websocket', REDIS_URI: 'x', POST: '1', PATH: '/bin' };
  const said = (names: string[], anyCase: boolean) => misspelt(names, SETTINGS, anyCase).map(line => line.replace(/^(\w+) is no setting, and has no effect\. Is (\w+) meant\?$/, '$1 $2'));
  assert.deepEqual(said(Object.keys(env), false), [
    'MAX_CLIENT MAX_CLIENTS', 'Max_Clients MAX_CLIENTS', 'TRANSPORT TRANSPORTS', 'REDIS_URI REDIS_URL',
  ]);
  assert.deepEqual(said(['Max_Clients', 'max_client'], true), ['max_client MAX_CLIENTS']);
  assert.deepEqual(said([...SETTINGS, 'HOME', 'LANG', 'NODE_ENV', 'IISNODE_VERSION', 'APP_POOL_ID', 'LOGNAME', 'SESSIONNAME'], false), []);
  const server = await startServer(t, { env: { MAX_CLIENT: '10' } });
  assert.match(server.output(), /warn MAX_CLIENT is no setting, and has no effect\. Is MAX_CLIENTS meant\?\n/);
});

test('under iisnode, the line of an application that offers WebSockets is named at the start, unless web.config is prepared', async t => {
  const offers = (transports: string) => `io.set('transports', ${transports}); io.sockets.on`;
  const said = async (transports: string, env: Record<string, string>, edits: Edit[] = []) => {
    const folder = deploy(t, [['dist/app.js', 'io.sockets.on', offers(transports)], ...edits]);
    const server = await startServer(t, { env, folder });
    return server.output().split('\n').filter(line => line.includes(' warn ')).map(line => line.replace(/^\S+ /, ''));
  };
  const iisnode = { IISNODE_VERSION: '0.2.26' };
  const both = `['websocket', 'xhr-polling']`;
  const prepared: Edit = ['web.config', '<!-- <webSocket enabled="false" /> -->', '<webSocket enabled="false" />'];
  assert.deepEqual(await said(both, iisnode), [
    `warn io.set('transports', ["websocket","xhr-polling"]): delete this line of the application. IIS 7.5 has no WebSockets. ` +
    'On a later IIS, web.config needs two lines for them: docs/websockets.md',
  ]);
  assert.deepEqual(await said(both, {}), [], 'npm start');
  assert.deepEqual(await said(`['xhr-polling']`, iisnode), []);
  assert.deepEqual(await said(both, iisnode, [prepared]), []);
});
