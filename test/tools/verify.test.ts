import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { describe, test, TestContext } from 'node:test';
import { serveAsIis } from '../support/iis';
import { appPath, root } from '../support/template';
import { cases } from './verify-cases';
import { Change, proxy } from '../support/proxy';
import { report } from '../../tools/verify/table';
import { Result, verify } from '../../tools/verify/verify';

const named = (results: Result[], state: Result['state']) => results.filter(result => result.state === state).map(({ name }) => name);

/** What a report says of one check. */
const advice = (results: Result[], name: string, folder: string) =>
  report(results.filter(result => result.name === name), folder);

describe('a deployment that is broken on purpose fails the check for it, which names the place', { concurrency: 10 }, () => {
  for (const { what, edits, fails, says, iis: more, options } of cases) {
    test(what, async t => {
      const iis = await serveAsIis(t, edits, more);
      const results = await verify(iis.url, { hold: 2, ...options, folder: iis.folder });
      assert.deepEqual(named(results, 'failed'), fails, report(results, iis.folder));
      assert.match(advice(results, fails[0]!, iis.folder), says);
    });
  }
});

describe('a proxy that breaks something, a server that goes away, and several processes are seen', { concurrency: 5 }, () => {
  /** Expects one check to fail behind a proxy, and gives what is said of it. */
  const failing = async (t: TestContext, name: string, change: Change) => {
    const iis = await serveAsIis(t);
    const results = await verify(await proxy(t, iis, change), { hold: 2 });
    assert.deepEqual(named(results, 'failed'), [name], report(results, iis.folder));
    return advice(results, name, iis.folder);
  };

  test('connections that are not kept', async t => {
    const said = await failing(t, 'held polls', { answer: headers => { headers.connection = 'close'; } });
    assert.match(said, /\d connections for \d requests[^]*web\.config line \d+: allowKeepAlive="true" \(so it is\)/);
  });

  test('a body that is cut off rather than refused', async t => {
    const said = await failing(t, 'size of a message', {
      request: req => Number(req.headers['content-length']) > 1500000 && Boolean(req.socket.destroy()),
    });
    assert.match(said, /2000000 bytes: the connection was cut without an answer[^]*maxAllowedContentLength/);
  });

  test('a health that is a page', async t => {
    const said = await failing(t, 'health', { request: req => { req.url = req.url!.replace('health', ''); } });
    assert.match(said, /no JSON[^]*src\/pages\.ts line \d+: the route \/health/);
  });

  test('a server that is gone after idle', async t => {
    const iis = await serveAsIis(t);
    let done = 0;
    // All but one are done: that one waits for the idle time to pass.
    const address = await proxy(t, iis, { request: (_req, res) => done === 17 && Boolean(res.writeHead(503).end()) });
    const results = await verify(address, { hold: 2, idle: 1 }, () => { done += 1; });
    assert.deepEqual(named(results, 'failed'), ['after idle']);
  });

  test('several processes are seen', async t => {
    const iis = await serveAsIis(t, [['iisnode.yml', 'nodeProcessCountPerApplication: 1', 'nodeProcessCountPerApplication: 2']]);
    const results = await verify(iis.url, { hold: 2, clients: 4, folder: iis.folder });
    assert(named(results, 'failed').includes('health'));
    assert.match(advice(results, 'health', iis.folder), /2 processes answer[^]*iisnode\.yml line \d+: nodeProcessCountPerApplication: 1/);
    const elsewhere = advice(results, 'health', path.join(iis.folder, 'public'));
    assert.match(elsewhere, /iisnode\.yml: nodeProcessCountPerApplication: 1/, 'no line where there is no such file');
  });
});

/** Runs the command, in a folder. */
function command(folder: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise(resolve => {
    execFile(process.execPath, [path.join(root, 'build', 'tools', 'verify', 'index.js'), ...args], { cwd: folder }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }));
  });
}

describe('the command', { concurrency: 4 }, () => {
  test('all passes with the project\'s own configuration, as an application, past node\'s 5 s: exit status 0', async t => {
    const iis = await serveAsIis(t);
    const { code, out, err } = await command(iis.folder, '--hold', '12', '--idle', '1', iis.url);
    assert.equal(code, 0, out);
    assert.match(out, /^skipped +message, websocket +/m);
    assert.match(out, /^17 passed, 0 failed, 1 skipped\n$/m);
    const longest = Number(/polls in [\d.]+ s, the longest ([\d.]+) s/.exec(out)![1]);
    assert(longest > 5);
    assert.equal(err.trimEnd().split('\n').length, 18, 'a line as each is done');
  });

  test('all passes where the folder is the root of a site, and the address leads there by a redirect or names a file', async t => {
    const iis = await serveAsIis(t, [], { app: '/' });
    await Promise.all([iis.origin, `${iis.origin}${appPath}`, `${iis.origin}${appPath}/index.html`].map(async address => {
      const results = await verify(address, { hold: 1 });
      assert.deepEqual(named(results, 'failed'), [], report(results, iis.folder));
    }));
  });

  test('an application of one\'s own gets no event, unless it is named', async t => {
    const iis = await serveAsIis(t, [['public/index.html', 'demo.js', 'own.js'], ['public/index.html', '<script src="own.js"></script>', '']]);
    const message = async (event?: string) => (await verify(iis.url, { hold: 1, event })).find(({ name }) => name === 'message, xhr-polling')!;
    const [none, known, unknown] = await Promise.all([message(), message('message'), message('nothing')]);
    assert.match(none.saw, /^acknowledged in \d+ ms$/);
    assert.match(known.saw, /^acknowledged in \d+ ms; message too$/);
    assert.deepEqual([none.state, known.state, unknown.state], ['passed', 'passed', 'failed']);
  });

  test('all passes over WebSockets too, where IIS 8 or later leaves them to the server', async t => {
    const iis = await serveAsIis(t, [
      ['web.config', '</appSettings>', '<add key="TRANSPORTS" value="websocket,xhr-polling" /></appSettings>'],
      ['web.config', '<httpErrors', '<webSocket enabled="false" /><httpErrors'],
    ], { iis: '10' });
    const { code, out } = await command(iis.folder, '--hold', '1', '--transports', 'xhr-polling,websocket', iis.url);
    assert.equal(code, 0, out);
    assert.match(out, /^passed +message, websocket +acknowledged in \d+ ms; message too, and answered$/m);
  });

  test('over HTTPS with --insecure, and a proxy not telling the server of it: exit status 1', async t => {
    const iis = await serveAsIis(t, [['web.config', '</appSettings>', '<add key="TRUSTED_PROXIES" value="127.0.0.1,::1" /></appSettings>']]);
    const told = await proxy(t, iis, { tls: true, request: req => { req.headers['x-forwarded-proto'] = 'https'; } });
    const untold = await proxy(t, iis, { tls: true });
    const [good, bad, refused] = await Promise.all([
      command(iis.folder, '--hold', '2', '--insecure', told), command(iis.folder, '--hold', '2', '--insecure', untold), command(iis.folder, told),
    ]);
    assert.equal(good.code, 0, good.out);
    assert.equal(bad.code, 1, bad.out);
    assert.match(bad.out, /^failed +origins of pages/m);
    assert.match(bad.out, /a proxy ends HTTPS[^]*TRUSTED_PROXIES[^]*ALLOWED_ORIGINS/);
    assert.deepEqual([refused.code, refused.out], [2, '']);
    assert.match(refused.err, /^https:\S+: the certificate is not accepted \(\w+\); with --insecure it is\n$/);
  });

  test('where another application answers that is all that is said', async t => {
    const { folder, origin } = await serveAsIis(t, [], { app: '/' });
    const server = http.createServer((_req, res) => res.end('hello')).listen(0, 'localhost');
    t.after(() => server.close());
    await once(server, 'listening');
    for (const address of [`${origin}/wrong/`, `http://localhost:${(server.address() as AddressInfo).port}${appPath}/`]) {
      const results = await verify(address, { hold: 2, folder });
      assert.deepEqual(named(results, 'failed'), ['first request'], address);
      assert(results.slice(1).every(({ state }) => state === 'skipped'));
      assert.match(advice(results, 'first request', folder), /neither health nor Socket\.IO[^]*another application/);
    }
  });

  test('what cannot be verified is one line, and exit status 2', async () => {
    const lines: [args: string[], says: RegExp][] = [
      [[], /^takes one address, such as http:\/\/server\/\S+\//],
      [['http://localhost:1/', 'http://localhost:2/'], /^takes one address/],
      [['server/app/'], /^server\/app\/: takes the address of the page, such as http:/],
      [['ftp://server/'], /^ftp:.*: takes the address of the page/],
      [['http://localhost:1/app/'], /^http:\/\/localhost:1\/app\/: nothing listens there\n$/],
      [['http://server.invalid/app/'], /^http:\/\/server\.invalid\/app\/: there is no such host/],
      [['--hold', 'long', 'http://localhost:1/'], /^--hold takes a whole number from 1\. --help says more\.\n$/],
      [['--unknown', 'http://localhost:1/'], /^Unknown option '--unknown'\. /],
    ];
    await Promise.all(lines.map(async ([args, says]) => {
      const { code, out, err } = await command(root, ...args);
      assert.deepEqual([code, out], [2, ''], args.join(' '));
      assert.match(err, says);
      assert.match(err, /^[^\n]+\n$/);
    }));
  });

  test('--help names every option', async () => {
    const { code, out } = await command(root, '--help');
    assert.equal(code, 0);
    const source = readFileSync(path.join(root, 'tools/verify/index.ts'), 'utf8');
    const options = /options: \{\s+transports: text[^}]*/.exec(source)![0].matchAll(/'?([\w-]+)'?: (?:text|flag)/g);
    for (const [, option] of options) assert.match(out, new RegExp(`^  --${option} `, 'm'));
  });
});
