import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { describe, test, TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, connect, next } from '../support/client';
import { copyFolder } from '../support/copy';
import { serveAsIis } from '../support/iis';
import { request } from '../support/request';
import { appPath, deploy, Edit, edit, resource, root } from '../support/template';
import { until } from '../support/wait';
import { health, polls, recycles, session } from './iis-template/cases';

/** Deploys the template together with its sources, as if someone copied the whole project. */
function withSources(t: TestContext, edits: Edit[]): string {
  const folder = deploy(t, edits);
  copyFolder(path.join(root, 'src'), path.join(folder, 'src'));
  mkdirSync(path.join(folder, 'test', 'support'), { recursive: true });
  for (const name of ['.npmrc', 'README.md', 'tsconfig.json', 'test/support/template.ts']) {
    copyFileSync(path.join(root, name), path.join(folder, name));
  }
  return folder;
}

test('the template runs behind IIS, with the configuration it ships', { concurrency: 4 }, async t => {
  const tests: Promise<void>[] = [];
  const on = (name: string, run: (inner: TestContext) => Promise<void>) => { tests.push(t.test(name, run)); };

  for (const [where, app] of [['as an application', appPath], ['as the root of a site', '/']] as const) {
    const { origin, port, folder, url, trace } = await serveAsIis(t, [], { app }, withSources);

    on(`${where}: page, script, handshake, message, acknowledgement`, async inner => {
      const page = await fetch(`${origin}${appPath}/`);
      assert.equal(page.status, 200);
      assert.match(await page.text(), /<script id="client"/);
      assert.equal(page.headers.get('server'), 'Microsoft-IIS/7.5');
      assert.equal(page.headers.get('x-content-type-options'), 'nosniff');
      assert.equal(page.headers.get('x-powered-by'), null);
      assert.equal((await fetch(`${origin}${resource}/socket.io.js`)).status, 200);
      assert.equal((await fetch(`${origin}${appPath.toUpperCase()}/style.css`)).status, 200);
      assert.equal((await fetch(`${origin}${appPath}/nothing`)).status, 404);
      assert.match(await (await fetch(`${origin}${appPath}/nothing`)).text(), /not found/i, 'the server\'s own words, not a page of IIS');

      const client = connect(inner, origin);
      await next(client, 'connect');
      assert.equal(client.socket.transport.name, 'xhr-polling');
      const response = next(client, 'response');
      assert.deepEqual(await ask(client, 'message', 'hello'), ['hello']);
      assert.deepEqual(await response, ['Got it!']);
      assert.match(trace.find(line => line.includes('/socket/1/'))!, /rule "socket" → rewritten to .*dist\/server\.js.* → handler iisnode → process \d+ → 200/);
      assert.match(trace.find(line => line.startsWith(`GET ${appPath}/ `))!, /rule "pages"/);
    });

    on(`${where}: nothing of the folder is served, whatever is asked for`, async () => {
      await fetch(`${origin}${appPath}/health`);
      await until(() => existsSync(path.join(folder, 'iisnode', 'index.html')), 'a log');
      const log = readdirSync(path.join(folder, 'iisnode')).find(name => name.includes('stdout'))!;
      assert.match(readFileSync(path.join(folder, 'iisnode', log), 'utf8'), /listening on/);
      for (const name of [
        'package.json', 'web.config', 'iisnode.yml', 'README.md', 'tsconfig.json', 'src/server.ts', 'src/', 'dist/server.js', 'dist/config.js', 'dist/',
        'node_modules/express/package.json', `iisnode/${log}`, 'iisnode/', 'iisnode/index.html', 'dist/iisnode/index.html', 'test/support/template.ts',
        'dist/server.js/debug', 'dist/server.js/debug/', 'dist/server.js.debug/', '.npmrc', '%2e%2e/web.config', 'public/..%5cpackage.json', 'x/../package.json',
      ]) {
        const answer = await fetch(`${url}${name}`, { redirect: 'manual' });
        assert([403, 404].includes(answer.status), `${name}: ${answer.status}`);
        const text = await answer.text();
        assert.doesNotMatch(text, /"dependencies"|require\(|import |<configuration|watchedFiles|listening on|node-inspector/, name);
      }
      assert.equal((await fetch(`${origin}/package.json`)).status, 404);
    });

    if (app === '/') continue;

    on('it knows that it runs under iisnode, and in production', async () => {
      assert.equal((await health(origin)).iisnode, '0.2.26');
    });

    on('a body above IIS\'s limit is refused by IIS, one above the server\'s in the server\'s words', async inner => {
      const agent = new http.Agent({ keepAlive: true });
      inner.after(() => agent.destroy());
      const { post } = await session(port, agent);
      assert.equal((await post('x'.repeat(1048577))).status, 404);
      assert.match(trace.join('\n'), /404\.13/);
      const refused = await post('x'.repeat(1000001));
      assert.equal(refused.status, 413);
      assert.notEqual(refused.text, '');
      assert.equal((await post('2::')).status, 200, 'and the session lives');
    });
  }
  await Promise.all(tests);
});

describe('the template runs behind IIS, each time on a site of its own', { concurrency: 4 }, () => {
  test('a poll that waits longer than node keeps connections by default, and the request after it on the same connection', async t => {
    const { port } = await serveAsIis(t);
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const other = new http.Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => [agent, other].forEach(one => one.destroy()));
    const { poll, path } = await session(port, agent);
    const post = (packet: string) => request({ port, path, agent: other, method: 'POST', headers: { 'content-length': String(packet.length) } }, packet);
    assert.match((await poll()).text, /1::/);
    const waiting = poll();
    assert.equal((await post('2::')).text, '1');
    // There is no traffic for longer than 5 s. iisnode keeps its connections to node. So node must
    // not close one first.
    await sleep(6500);
    assert.deepEqual(await post('5:1+::{"name":"message","args":["late"]}').then(({ status, text }) => [status, text]), [200, '1']);
    const answers = (await waiting).text;
    assert(answers.includes('6:::1+["late"]') && answers.includes('Got it!'), answers);
  });

  test('a connection that node has closed is replaced unseen', async t => {
    const { port, trace } = await serveAsIis(t, [['dist/server.js', 'keepAliveTimeout = 40000', 'keepAliveTimeout = 1000']]);
    await request({ port, path: `${appPath}/health` });
    await sleep(2500);
    assert.equal((await request({ port, path: `${appPath}/health` })).status, 200);
    assert.equal(trace.length, 2);
  });

  test('the server is told the client\'s address, and what a client says of it is nothing', async t => {
    const { port } = await serveAsIis(t, [['dist/pages.js', "(_req, res) => {\n        res.set('Cache-Control', 'no-store').json({", '(req, res) => { res.json({ address: req.ip, proto: req.protocol,']]);
    const answer = async (headers = {}) => JSON.parse((await request({ port, path: `${appPath}/health`, headers })).text) as { address: string; proto: string };
    const own = await answer();
    assert.match(own.address, /^(127\.0\.0\.1|::1)$/);
    assert.equal(own.proto, 'http');
    assert.equal((await answer({ 'x-forwarded-for': '198.51.100.7' })).address, own.address);
  });

  test('authorization by Windows account: a visitor cannot be another, and a stranger is no visitor', async t => {
    // This is the example of the README.
    const authorize = `io.set('authorization', (handshake, accept) => {
      handshake.user = handshake.headers['x-iisnode-auth_user'];
      accept(null, Boolean(handshake.user) || process.env.NODE_ENV !== 'production');
    });
    io.sockets.on('connection', socket => socket.emit('response', socket.handshake.user));`;
    // IIS has authenticated bob, and no other visitor.
    const serverVariables = (req: http.IncomingMessage): Record<string, string> => req.headers.authorization === 'bob' ? { AUTH_USER: 'DOM\\bob' } : {};
    const { port } = await serveAsIis(t, [['dist/app.js', 'io.sockets.on(', `${authorize} io.sockets.on(`]], { serverVariables });
    const forged = { 'X-iisnode-AUTH_USER': 'DOM\\admin', 'x-iisnode-logon_user': 'DOM\\admin', 'X-Forwarded-For': '1.2.3.4', 'X-Forwarded-Proto': 'http' };
    for (const said of [{}, forged]) {
      assert.equal((await request({ port, path: `${resource}/1/`, headers: said })).status, 403);
      const headers = { ...said, authorization: 'bob' };
      const handshake = await request({ port, path: `${resource}/1/`, headers });
      assert.equal(handshake.status, 200);
      const poll = await request({ port, path: `${resource}/1/xhr-polling/${handshake.text.split(':')[0]}`, headers });
      assert(poll.text.includes(JSON.stringify({ name: 'response', args: ['DOM\\bob'] })), poll.text);
    }
  });
});

test('more clients poll at once than iisnode takes by default, 1,024, and each is served', t => polls(t, 1030));

describe('iisnode.yml has effect', { concurrency: 2 }, () => {
  test('it is found beside web.config, though the script is in dist', async t => {
    const { origin, pids } = await serveAsIis(t, [['iisnode.yml', 'nodeProcessCountPerApplication: 1', 'nodeProcessCountPerApplication: 2']]);
    const first = await health(origin);
    assert.equal(pids().length, 2);
    assert.notEqual((await health(origin)).pid, first.pid);
  });

  test('without configOverrides it is not found: iisnode runs on its defaults, and what it must not leave open is closed', async t => {
    const { origin, pids, url, port } = await serveAsIis(t, [
      ['iisnode.yml', 'nodeProcessCountPerApplication: 1', 'nodeProcessCountPerApplication: 2'], ['web.config', ' configOverrides="..\\iisnode.yml"', ''],
      ['dist/server.js', 'server.keepAliveTimeout', 'server.on("request", req => req.url.endsWith("/cut") && req.socket.destroy()); server.keepAliveTimeout'],
    ]);
    await health(origin);
    assert.equal(pids().length, 1);
    assert.equal((await request({ port, path: `${appPath}/cut` })).status, 500, 'no page with status 200');
    assert.equal((await fetch(`${url}dist/server.js/debug/`)).status, 404);
  });

  test('a server that does not start is a 500, not a page', async t => {
    const { port, trace } = await serveAsIis(t, [['web.config', '</appSettings>', '<add key="LOG_LEVEL" value="loud" /></appSettings>']]);
    assert.equal((await request({ port, path: `${appPath}/` })).status, 500);
    assert.match(trace[0]!, /500\.1002/);
  });
});

describe('processes come and go', { concurrency: 4 }, () => {
  test('a changed file replaces the process: waiting polls are answered by the old one, new requests by the new one', async t => {
    const { origin, port, folder, pids } = await serveAsIis(t);
    const before = (await health(origin)).pid;
    const agent = new http.Agent({ keepAlive: true });
    t.after(() => agent.destroy());
    const { poll } = await session(port, agent);
    assert.match((await poll()).text, /1::/);
    const waiting = poll();
    await sleep(1000); // it has reached the process, on a busy machine too

    const file = path.join(folder, 'dist', 'server.js');
    utimesSync(file, new Date(), new Date(Date.now() + 5000));
    assert.notEqual((await health(origin)).pid, before);
    assert.equal(pids().length, 2);
    assert.equal((await waiting).text, '8::', 'after 20 s, by the process that had it');
    await until(() => pids().length === 1, 'the old process to be ended');
    assert(!pids().includes(before));

    // A change of web.config replaces the process too. A change of iisnode.yml does not, and takes
    // effect with the next process.
    const second = (await health(origin)).pid;
    edit(folder, ['iisnode.yml', 'nodeProcessCountPerApplication: 1', 'nodeProcessCountPerApplication: 2']);
    assert.equal((await health(origin)).pid, second);
    const config = path.join(folder, 'web.config');
    writeFileSync(config, `${readFileSync(config, 'utf8')}\n`);
    await health(origin);
    await until(() => pids().length === 2 && !pids().includes(second), 'two new processes');
  });

  test('a process that dies is started again by the next request, and its waiting requests are not left waiting', async t => {
    const { origin, port, trace, pids } = await serveAsIis(t);
    const { pid } = await health(origin);
    const agent = new http.Agent({ keepAlive: true });
    t.after(() => agent.destroy());
    const { poll } = await session(port, agent);
    await poll();
    await poll();
    const waiting = poll();
    await sleep(1000); // it has reached the process, on a busy machine too
    process.kill(pid, 'SIGKILL');
    assert.equal((await waiting).status, 500);
    assert.match(trace.at(-1)!, /500\.1013/);
    await until(() => pids().length === 0, 'iisnode to notice');
    assert.notEqual((await health(origin)).pid, pid);
  });

  test('chromium: pages that are open go on after a recycle', t => recycles(t, 'chromium'));
});
