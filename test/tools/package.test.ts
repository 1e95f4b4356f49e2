/* npm run package, as a user runs it; and what it makes, where it is to run. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { unzipSync } from 'fflate';
import { packModules } from '../../tools/package/pack';
import { startRedis } from '../cluster/redis';
import { oldNode } from '../support/fetched';
import { ask, clientLibrary, connect, next } from '../support/client';
import { startServer } from '../support/server';
import { appPath, edit, emptyFolder, fromRoot, resource, root } from '../support/template';
import { until } from '../support/wait';
import { startIis } from '../../tools/iis/index';
import { command, commit, env, npm, repository, WHEN } from '../support/repository';
import { verify } from '../../tools/verify/verify';

const LATER = '2026-05-06T07:08:10Z';
const NAME = appPath.split('/').pop()!;

/** All that a server gets. */
const FILES = [
  'dist/server.js', 'iisnode.yml', 'licenses.txt', 'node_modules/socket.io-client/dist/socket.io.min.js', 'package.json',
  ...readdirSync(path.join(root, 'public')).map(name => `public/${name}`), 'web.config',
].sort();

let archive: Buffer | undefined;

/** A package, unpacked as on a server. It is made at the first call; null without git, and the test is skipped. */
function unpacked(t: TestContext): string | null {
  if (!archive) {
    const folder = repository(t);
    if (!folder) return null;
    npm(folder, 'run', 'package');
    archive = readFileSync(path.join(folder, 'build', `${NAME}.zip`));
  }
  const folder = emptyFolder(t, 'packaged-');
  for (const [name, bytes] of Object.entries(unzipSync(archive))) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), bytes);
  }
  return folder;
}

test('the same commit gives the same bytes, in another folder and another time zone too', t => {
  const first = repository(t);
  const second = repository(t);
  if (!first || !second) return;
  for (const folder of [first, second]) {
    appendFileSync(path.join(folder, 'src', 'app.ts'), '// changed later\n');
    commit(folder, LATER);
  }
  const said = npm(first, 'run', 'package');
  for (const line of ['built dist', 'bundled', `build/${NAME}: ${FILES.length} files`, 'a message is acknowledged', `build/${NAME}.zip:`]) {
    assert(said.includes(line), `${line}\n${said}`);
  }
  const made = path.join(first, 'build', NAME);
  const names = readdirSync(made, { recursive: true }).map(String).filter(name => statSync(path.join(made, name)).isFile());
  assert.deepEqual(names.map(name => name.replaceAll('\\', '/')).sort(), FILES);
  // By its time, a copy over an older version tells what has changed, and iisnode that there is a new server.
  for (const name of names) {
    const when = /^(public|web\.config|iisnode\.yml)/.test(name) ? WHEN : LATER;
    assert.equal(statSync(path.join(made, name)).mtime.toISOString(), new Date(when).toISOString(), name);
  }
  archive = readFileSync(`${made}.zip`);
  for (const [name, bytes] of Object.entries(unzipSync(archive))) assert(readFileSync(path.join(made, name)).equals(bytes), name);
  assert.deepEqual(Object.keys(unzipSync(archive)), FILES);

  env.TZ = env.TZ === 'Asia/Kolkata' ? 'UTC' : 'Asia/Kolkata';
  const { status, stderr } = command(second, 'package');
  assert.equal(status, 0, stderr);
  assert(archive.equals(readFileSync(path.join(second, 'build', `${NAME}.zip`))));
  // Nothing of where it was made.
  for (const text of Object.values(unzipSync(archive)).map(bytes => Buffer.from(bytes).toString('latin1'))) assert(!text.includes(path.basename(first)));
});

test('what could not be made again, or would not run, is no package', t => {
  const folder = repository(t);
  if (!folder) return;
  const refused = (pattern: RegExp) => {
    const { status, stdout, stderr } = command(folder, 'package');
    assert.equal(status, 1, stdout);
    assert.match(stderr, pattern);
    assert.doesNotMatch(stderr, /^ +at /m);
  };
  const broken = (file: string, from: string | RegExp, to: string, pattern: RegExp) => {
    const before = readFileSync(path.join(folder, file), 'utf8');
    edit(folder, [file, from, to]);
    commit(folder);
    refused(pattern);
    writeFileSync(path.join(folder, file), before);
    commit(folder);
  };
  writeFileSync(path.join(folder, 'notes.txt'), 'to do');
  refused(/^No package: these changes are not committed.*\n\?\? notes\.txt$/m);
  rmSync(path.join(folder, 'notes.txt'));

  broken('package.json', '"fflate": "^', '"fflate": "^99', /^No package: node_modules is not what package-lock.json asks for: npm ci first$/m);
  broken('web.config', /<handlers>\s*<clear \/>/, '<handlers><cleared />', /^No package: .*web\.config, line \d+, .*Unrecognized/m);
  broken('web.config', '</appSettings>', '<add key="LOG_LEVEL" value="loud" /></appSettings>', /^No package: web\.config, appSettings: LOG_LEVEL: got "loud"/m);
  broken('src/app.ts', 'io.sockets.on', 'io.sockets.once.on', /^No package: npm run build failed:\n[^]*src\/app\.ts.*error TS/m);
  broken('src/app.ts', 'io.sockets.on', `require('no-such-package'); io.sockets.on`, /^No package: the server cannot be made into one file [^]*no-such-package/m);
  broken('src/app.ts', 'io.sockets.on', `if (process.env.IISNODE_VERSION) throw new Error('not here'); io.sockets.on`, /^No package: the package does not run as it should:\n[^]*500\.1002/m);

  rmSync(path.join(folder, '.git'), { recursive: true, force: true, maxRetries: 5 });
  refused(/^No package: there is no commit to package/m);
});

test('an application that knows it is no main program and lets no stranger in, with a page that git does not have', t => {
  const folder = repository(t);
  if (!folder) return;
  edit(folder, ['src/app.ts', 'io.sockets.on', `if (!module.parent) throw new Error('the main program');
  io.set('authorization', (_handshake, answer) => answer(null, false));
  io.sockets.on`]);
  appendFileSync(path.join(folder, '.gitignore'), 'public/built.js\n');
  commit(folder);
  writeFileSync(path.join(folder, 'public', 'built.js'), '');
  assert.match(npm(folder, 'run', 'package'), /a message is not tried: the application's authorization refuses a stranger/);
  assert.equal(statSync(path.join(folder, 'build', NAME, 'public', 'built.js')).mtime.toISOString(), new Date(WHEN).toISOString());
});

for (const version of ['10.24.1', '12.22.12', '13.14.0']) {
  test(`the package passes npm run verify on node ${version}, as application and as root of a site`, async t => {
    const node = oldNode(t, version);
    if (!node) return;
    const folder = unpacked(t);
    if (!folder) return;
    for (const app of [appPath, '/']) {
      const iis = await startIis({ folder, app, node });
      t.after(iis.close);
      const results = await verify(iis.origin + appPath + '/', { hold: 1, folder });
      assert.deepEqual(results.filter(({ state }) => state === 'failed').map(({ name, saw }) => `${name}: ${saw}`), []);
      assert.match(results.find(({ name }) => name === 'health')!.saw, new RegExp(`node v${version}`));
    }
  });
}

test('a new dist/server.js is one recycle, and a page that is open goes on', async t => {
  const folder = unpacked(t);
  if (!folder) return;
  const said: string[] = [];
  const iis = await startIis({ folder, app: appPath, log: line => { said.push(line); } });
  t.after(iis.close);
  const realtime = fromRoot(path.join(folder, 'public', 'realtime.js')) as { connect: (options: object) => any };
  const connection = realtime.connect({ url: iis.origin, resource: resource.slice(1), io: clientLibrary });
  t.after(() => connection.close());
  const say = (text: string) => new Promise(resolve => { connection.emit('message', text, resolve); });
  assert.equal(await say('before'), 'before');
  const [before] = iis.pids();
  // In the README's order: the entry last.
  for (const name of ['public/index.html', 'package.json', 'dist/server.js']) {
    const later = new Date(Date.now() + 60000);
    utimesSync(path.join(folder, name), later, later);
    assert.equal(await say(name), name);
  }
  assert.equal(await say('after'), 'after');
  assert.equal(said.filter(line => line.startsWith('recycle:')).length, 1, said.join('\n'));
  assert.notEqual(iis.pids()[0], before);
});

test('the package offers WebSockets where IIS has them', async t => {
  const folder = unpacked(t);
  if (!folder) return;
  edit(folder, ['web.config', /<!-- (<add key="TRANSPORTS"[^>]*>) -->/, '<add key="TRANSPORTS" value="websocket,xhr-polling" />']);
  edit(folder, ['web.config', /<!-- <webSocket [^>]*> -->/, '<webSocket enabled="false" />']);
  const iis = await startIis({ folder, app: appPath, iis: '10' });
  t.after(iis.close);
  const client = connect(t, iis.origin, { transports: ['websocket'] });
  await next(client, 'connect');
  assert.equal(client.socket.transport.name, 'websocket');
  assert.deepEqual(await ask(client, 'message', 'hello'), ['hello']);
});

test('several processes of the package share their clients', async t => {
  const redis = await startRedis(t);
  if (!redis) return;
  const folder = unpacked(t);
  if (!folder) return;
  const env = { REDIS_URL: redis.url };
  const servers = [await startServer(t, { folder, env }), await startServer(t, { folder, env })];
  for (const { origin } of servers) await next(connect(t, origin), 'connect');
  for (const { page } of servers) {
    await until(async () => (await (await fetch(`${page}health`)).json() as { clients: number }).clients === 2, 'both to count 2');
  }
});

test('packages that cannot be bundled: --modules leaves them as they are, without those for development', async t => {
  const folder = path.join(emptyFolder(t, 'modules-'), NAME);
  packModules(root, folder);
  assert.deepEqual(readdirSync(folder).sort(), ['dist', 'iisnode.yml', 'node_modules', 'package.json', 'public', 'web.config']);
  assert(!readdirSync(path.join(folder, 'node_modules')).some(name => ['.bin', 'typescript', 'webpack'].includes(name)));
  const iis = await startIis({ folder, app: appPath });
  t.after(iis.close);
  const client = connect(t, iis.origin);
  await next(client, 'connect');
  assert.deepEqual(await ask(client, 'message', 'hello'), ['hello']);
});
