/*
 * The command that `npm run package` runs, and the package that it makes, on the stand-in for IIS.
 * package.long.test.ts has more: npm runs the command, the command makes the same bytes from the
 * same commit, and other old nodes run the package.
 */
import assert from 'node:assert/strict';
import { appendFileSync, copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { unzipSync } from 'fflate';
import { licenses } from '../../tools/package/licenses';
import { packBundle, packModules } from '../../tools/package/pack';
import { prove } from '../../tools/package/prove';
import { published, refuseLinks } from '../../tools/package/published';
import { zip } from '../../tools/package/zip';
import { startIis } from '../../tools/iis/index';
import { copyFolder } from '../support/copy';
import { startRedis } from '../support/redis';
import { PUBLIC } from '../support/echo';
import { notOnWindows } from '../support/available';
import { ask, clientLibrary, connect, connectRealtime, next } from '../support/client';
import { packaged } from '../support/packaged';
import { command, commit, git, pagesRepository, repository, WHEN } from '../support/repository';
import { startServer } from '../support/server';
import { link, publish } from '../support/site';
import { appPath, deployWhole, Edit, edit, emptyFolder, fromRoot, resource, root as template } from '../support/template';
import { until } from '../support/wait';
import { makeWorld, test as testWithPrograms, World } from './deploy/world';
import { breaks, FILES, NAME, verifies } from './package/cases';

/** An edit that makes the server small. The bundler needs some seconds for all of the template. */
const SMALL: Edit = ['dist/server.js', /^[^]*$/, `require('ws'); require('./config');`];

const LATER = '2026-05-06T07:08:10Z';

/**
 * Moves the application of a clone out of src: own/ has the JavaScript that the compiler has made of it. The
 * compiler needs some seconds for all sources. package.long.test.ts has a package of them.
 */
function moveOut(t: TestContext, folder: string): void {
  const src = path.join(folder, 'src');
  // The build needs these for the scripts of the pages, and for Redis.
  const kept = /^(browser|events\.ts|realtime)$/;
  for (const name of readdirSync(src)) {
    if (!kept.test(name)) rmSync(path.join(src, name), { recursive: true });
  }
  for (const name of readdirSync(path.join(src, 'realtime'), { recursive: true }).map(String)) {
    if (name.endsWith('.ts')) rmSync(path.join(src, 'realtime', name));
  }
  writeFileSync(path.join(src, 'server.ts'), "import '../own/server';\n");
  // The build puts the script for Redis beside the built files of its folder.
  writeFileSync(path.join(src, 'realtime', 'cluster', 'script.ts'), 'export {};\n');
  copyFolder(path.join(deployWhole(t), 'dist'), path.join(folder, 'own'));
  edit(folder, ['tsconfig.json', '"types": ["node"]', '"types": []']);
}

test('the command', async t => {
  const folder = repository(t, ['test']);
  if (!folder) return;
  moveOut(t, folder);

  await t.test('a package has all that a server gets, with the times of the commits; a file that git does not have goes along if it is named', () => {
    // This application refuses to be the main program. Its authorization refuses every client.
    edit(folder, ['own/app.js', 'io.sockets.on', `if (!module.parent) throw new Error('the main program');
    io.set('authorization', (_handshake, answer) => answer(null, false));
    io.sockets.on`]);
    appendFileSync(path.join(folder, '.gitignore'), '.env\n.vscode/\n.svn/\nsecret.txt\npublic/built*\n');
    publish(folder, '.htaccess', 'in git, and a dot file');
    publish(folder, 'page.html.orig', 'in git, and left by a merge');
    publish(folder, '.well-known/security.txt', 'Contact: mailto:me@own.example');
    commit(folder, LATER);
    for (const name of ['.env', '.vscode/sftp.json', '.svn/wc.db', 'images/secret.txt']) publish(folder, name, 'not for visitors');
    for (const name of ['built.js', 'built/more.js']) publish(folder, name, '');

    const { status, stdout: said, stderr } = command(folder, 'package', '--also', 'public/built.js', '--also', 'public/built/');
    assert.equal(status, 0, stderr);
    const files = [...FILES, 'public/.well-known/security.txt', 'public/built.js', 'public/built/more.js'].sort();
    for (const line of [
      'built dist', 'bundled', `build/${NAME}: ${files.length} files`, `build/${NAME}.zip:`,
      'a message to Socket.IO is not tried: the application\'s authorization refuses a stranger',
      'left out: public/.env (git ignores it)', 'left out: public/page.html.orig (the server never serves a file of this name)',
    ]) assert(said.includes(line), `${line}\n${said}`);
    assert.equal(said.split('left out: ').length - 1, 6, said);

    const made = path.join(folder, 'build', NAME);
    const names = readdirSync(made, { recursive: true }).map(String).filter(name => statSync(path.join(made, name)).isFile());
    assert.deepEqual(names.map(name => name.replaceAll('\\', '/')).sort(), files);
    // A copy over an older version finds the changed files by their times. iisnode finds a new server
    // by its time.
    for (const name of names) {
      const own = /^(web\.config|iisnode\.yml|public.(?!\.well-known|built))/.test(name);
      assert.equal(statSync(path.join(made, name)).mtime.toISOString(), new Date(own ? WHEN : LATER).toISOString(), name);
    }
    const unpacked = unzipSync(readFileSync(`${made}.zip`));
    assert.deepEqual(Object.keys(unpacked), files);
    for (const [name, bytes] of Object.entries(unpacked)) assert(readFileSync(path.join(made, name)).equals(bytes), name);
  });

  await t.test('what could not be made again is no package', () => {
    const refused = (pattern: RegExp) => {
      const { status, stdout, stderr } = command(folder, 'package');
      assert.equal(status, 1, stdout);
      assert.match(stderr, pattern);
      assert.doesNotMatch(stderr, /^ +at /m);
    };
    writeFileSync(path.join(folder, 'notes.txt'), 'to do');
    refused(/^No package: these changes are not committed.*\n\?\? notes\.txt$/m);
    rmSync(path.join(folder, 'notes.txt'));
    breaks(folder, 'package.json', '"fflate": "^', '"fflate": "^99', /^No package: node_modules does not match package-lock.json: run npm ci first$/m);
    breaks(folder, 'web.config', /<handlers>\s*<clear \/>/, '<handlers><cleared />', /^No package: .*web\.config, line \d+, .*Unrecognized/m);
    breaks(folder, 'web.config', '</appSettings>', '<add key="LOG_LEVEL" value="loud" /></appSettings>', /^No package: web\.config, appSettings: LOG_LEVEL: got "loud"/m);

    if (process.platform !== 'win32') {
      link(folder, 'absolute.txt', path.join(folder, 'README.md'));
      commit(folder);
      refused(/^No package: public\/absolute\.txt is a symbolic link[^\n]+\n$/);
    }

    rmSync(path.join(folder, '.git'), { recursive: true, force: true, maxRetries: 5 });
    refused(/^No package: there is no commit to package/m);
  });
});

test('the same files give the same bytes, in another folder too, and say nothing of where they were made', async t => {
  const when = new Date(WHEN);
  const zips: Uint8Array[] = [];
  for (const to of [emptyFolder(t, 'one-'), emptyFolder(t, 'another-')]) {
    const from = deployWhole(t, [SMALL]);
    await packBundle(from, path.join(to, NAME), PUBLIC.map(name => `public/${name}`));
    for (const name of readdirSync(to, { recursive: true }).map(String)) utimesSync(path.join(to, name), when, when);
    zips.push(zip(to));
    for (const [name, bytes] of Object.entries(unzipSync(zips.at(-1)!))) {
      assert(!Buffer.from(bytes).toString('latin1').includes(path.basename(from)), name);
    }
  }
  assert(Buffer.from(zips[0]!).equals(zips[1]!));
});

test('a server that asks for a package that is not there is no package', async t => {
  const folder = deployWhole(t, [SMALL, ['dist/server.js', `require('ws');`, `require('no-such-package');`]]);
  await assert.rejects(packBundle(folder, emptyFolder(t, 'made-'), []), /^Error: the server cannot be bundled into one file [^]*no-such-package/);
});

test('a package is tried: one that runs is one, one that does not start is none', async t => {
  const folder = await packaged(t);
  edit(folder, ['dist/server.js', 'io.sockets.on', `if (!process.env.SECRET) throw new Error('no secret'); io.sockets.on`]);
  assert.match(await prove(folder, appPath, '7.5', [['SECRET', 'a&b"<']]), /a message to Socket.IO is acknowledged/);
  await assert.rejects(prove(folder, appPath, '7.5'), /Error: no secret/);
  edit(folder, ['dist/server.js', `if (!process.env.SECRET) throw new Error('no secret'); `, '']);
  assert.match(await prove(folder, appPath, '7.5'), /a message to Socket.IO is acknowledged/);
  edit(folder, ['dist/server.js', 'io.sockets.on', `if (process.env.IISNODE_VERSION) throw new Error('not here'); io.sockets.on`]);
  await assert.rejects(prove(folder, appPath, '7.5'), /^Error: the package does not run as it should:\nthe server ended at its start\n[^]*\| Error: not here\n[^]*500\.1002/);
});

test('what git ignores stays at home, and so do files that the server never serves: each is named', t => {
  const folder = pagesRepository(t);
  if (!folder) return;
  appendFileSync(path.join(folder, '.gitignore'), '.env\n.vscode/\n.svn/\nsecret.txt\n');
  publish(folder, '.htaccess', 'in git, and a dot file');
  publish(folder, 'page.html.orig', 'in git, and left by a merge');
  publish(folder, '.well-known/security.txt', 'Contact: mailto:me@own.example');
  git(folder, 'add', '-A');
  for (const name of ['.env', '.vscode/sftp.json', '.svn/wc.db', 'images/secret.txt']) publish(folder, name, 'not for visitors');
  // The main program packs `files`, and prints `leftOut`.
  const { files, leftOut } = published(folder);
  assert.deepEqual(files, [...FILES.filter(name => name.startsWith('public/')), 'public/.well-known/security.txt'].sort());
  assert.deepEqual(leftOut, [
    'public/.env (git ignores it)', 'public/.htaccess (the server never serves a file of this name)', 'public/.svn/ (git ignores it)',
    'public/.vscode/ (git ignores it)', 'public/images/ (git ignores it)', 'public/page.html.orig (the server never serves a file of this name)',
  ]);
  assert.throws(() => published(folder, ['public/none.js']), /--also public\/none\.js: there is no such file or folder in public/);
  assert.throws(() => published(folder, ['src/app.ts']), /--also src\/app\.ts: there is no such/);
  assert.deepEqual(published(folder, ['public/.env']).files, files);
});

const links = notOnWindows('a symbolic link that everybody may make');

test('a symbolic link in public is no part of a package: one line says which', links, t => {
  const folder = pagesRepository(t);
  if (!folder) return;
  const leading = {
    'absolute.txt': path.join(folder, '.gitignore'), 'out.txt': '../../../etc/passwd', project: '..', 'dangling.txt': 'none', loop: 'loop',
    'inside.html': 'index.html', 'images/logo': '../style.css',
  };
  for (const [name, to] of Object.entries(leading)) {
    link(folder, name, to);
    git(folder, 'add', '-A');
    const message = `public/${name} is a symbolic link, and a package has files only: put a copy in its place`;
    assert.throws(() => published(folder), { message });
    // On some systems, git writes a file with the path in the place of a link. Then only git knows
    // that it is a link.
    rmSync(path.join(folder, 'public', name));
    publish(folder, name, to);
    assert.throws(() => published(folder), /is a symbolic link/, name);
    rmSync(path.join(folder, 'public', name));
    git(folder, 'add', '-A');
  }
  // A link that git ignores is left out, as other ignored files are. It is never followed.
  appendFileSync(path.join(folder, '.gitignore'), 'ignored*\n');
  git(folder, 'add', '-A');
  link(folder, 'ignored', '/etc');
  assert.deepEqual(published(folder).leftOut, ['public/ignored (git ignores it)']);
  assert.throws(() => published(folder, ['public/ignored']), /public\/ignored is a symbolic link/);
  rmSync(path.join(folder, 'public', 'ignored'));

  // refuseLinks looks at the folder of a package, with all other files in it.
  const made = emptyFolder(t, 'made-');
  mkdirSync(path.join(made, 'node_modules'));
  symlinkSync('/etc', path.join(made, 'node_modules', 'lib'));
  assert.throws(() => refuseLinks(made), /^Error: node_modules\/lib is a symbolic link/);
});

test('licenses.txt has the text of each licence; without one there is no package', async t => {
  const folder = await packaged(t);
  const entries = readFileSync(path.join(folder, 'licenses.txt'), 'utf8').split('\n---\n\n');
  const of = (name: string) => entries.find(entry => entry.startsWith(`${name} `)) ?? assert.fail(`${name} is missing`);
  for (const entry of entries) assert.match(entry, /permission|permitted/i, entry);
  for (const entry of entries) assert.match(entry, /warrant(y|ies)/i, entry);
  assert.match(of('socket.io-client'), /Copyright \(c\) 2010 LearnBoost <dev@learnboost\.com>/);
  assert.match(of('cookie-signature'), /Permission is hereby granted/);
  assert.match(of('denque'), /Mike Diarmid[^]*TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION[^]*END OF TERMS/);
  assert(entries.length > 50, String(entries.length));

  const root = emptyFolder(t, 'licensed-');
  const make = (name: string, files: Record<string, string>) => {
    const at = path.join(root, 'node_modules', name);
    mkdirSync(at, { recursive: true });
    writeFileSync(path.join(at, 'package.json'), JSON.stringify({ name, version: '1.0.0', license: 'MIT' }));
    for (const [file, text] of Object.entries(files)) writeFileSync(path.join(at, file), text);
    return at;
  };
  const bare = make('bare', { 'README.md': '# Bare\n\n## License\n\nMIT\n' });
  const scoped = make('@own/bare', {});
  const refusal = /^Error: no text of a licence comes with bare 1\.0\.0, @own\/bare 1\.0\.0: .*licenses\/<name>\.txt$/;
  assert.throws(() => licenses(root, [bare, scoped]), refusal);
  mkdirSync(path.join(root, 'licenses', '@own'), { recursive: true });
  for (const name of ['bare', '@own/bare']) writeFileSync(path.join(root, 'licenses', `${name}.txt`), `as agreed for ${name}\n`);
  const copying = make('copying', { COPYING: 'do as you like', NOTICE: 'by me', 'licensed.js': '' });
  assert.equal(licenses(root, [copying, bare, scoped]), [
    '@own/bare 1.0.0\n\nas agreed for @own/bare\n', 'bare 1.0.0\n\nas agreed for bare\n', 'copying 1.0.0\n\ndo as you like\n\nby me\n',
  ].join('\n---\n\n'));
});

test('the package passes npm run verify on node 12, as an application', async t => verifies(t, await packaged(t), '12.22.12', appPath));

test('a new dist/server.js is one recycle, and a page that is open goes on', async t => {
  const folder = await packaged(t);
  const said: string[] = [];
  const iis = await startIis({ folder, app: appPath, log: line => { said.push(line); } });
  t.after(iis.close);
  const realtime = fromRoot(path.join(folder, 'public', 'realtime.js')) as { connect: (options: object) => any };
  const connection = realtime.connect({ url: iis.origin, resource: resource.slice(1), io: clientLibrary });
  t.after(() => connection.close());
  const say = (text: string) => new Promise(resolve => { connection.emit('message', text, resolve); });
  assert.equal(await say('before'), 'before');
  const [before] = iis.pids();
  // As in an update, dist/server.js changes last.
  for (const name of ['public/index.html', 'package.json', 'dist/server.js']) {
    const later = new Date(Date.now() + 60000);
    utimesSync(path.join(folder, name), later, later);
    assert.equal(await say(name), name);
  }
  assert.equal(await say('after'), 'after');
  assert.equal(said.filter(line => line.startsWith('recycle:')).length, 1, said.join('\n'));
  assert.notEqual(iis.pids()[0], before);
});

/** A page that sends all the time, and the answers that it has got. */
interface Sending {
  /** The numbers of the acknowledged messages, in the order of the acknowledgements. */
  acknowledged: number[];
  /** The numbers of the processes that acknowledged them. */
  pids: Set<string>;
  /** Waits until some more messages are acknowledged. */
  more: () => Promise<unknown>;
  /**
   * Stops sending, and waits until each message is acknowledged.
   * @returns the number of messages
   */
  finish: () => Promise<number>;
}

/** Opens a page's connection, and sends a message on it every 30 ms. */
function keepSending(t: TestContext, port: number): Sending {
  const connection = connectRealtime(port);
  const acknowledged: number[] = [];
  const pids = new Set<string>();
  let sent = 0;
  const send = () => {
    const number = sent += 1;
    connection.emit('message', String(number), (answer: string) => {
      const [text, pid] = answer.split(' by ');
      acknowledged.push(Number(text));
      pids.add(pid!);
    });
  };
  const timer = setInterval(send, 30);
  t.after(() => {
    clearInterval(timer);
    connection.close();
  });
  return {
    acknowledged,
    pids,
    more() {
      const now = acknowledged.length;
      return until(() => acknowledged.length > now + 5, 'messages to go on');
    },
    async finish() {
      clearInterval(timer);
      await until(() => acknowledged.length >= sent, 'each message to be acknowledged');
      return sent;
    },
  };
}

/** Installs a package with install.cmd, and serves the application by the stand-in for IIS. */
async function installAndServe(t: TestContext, from: string): Promise<World & {
  app: string; port: number; said: string[]; pids: () => number[];
}> {
  const world = makeWorld();
  const { status, text } = await world.runFrom(from, 'install');
  assert.equal(status, 0, text);
  const app = path.join(world.inetpub, NAME);
  const said: string[] = [];
  const iis = await startIis({ folder: app, app: appPath, log: line => { said.push(line); } });
  t.after(iis.close);
  world.change(({ sites: [site] }) => {
    site!.bindings = [{ protocol: 'http', bindingInformation: `127.0.0.1:${iis.port}:` }];
  });
  // From here on, the commands use the real clock and real HTTP.
  const { createSystem } = fromRoot('./deploy/system.js') as { createSystem: () => object };
  const { ask: askOverHttp, now, sleep } = createSystem() as World['system'];
  Object.assign(world.system, { ask: askOverHttp, now, sleep });
  return Object.assign(world, { app, port: iis.port, said, pids: iis.pids });
}

testWithPrograms('update.cmd and back.cmd while pages send: one recycle each, and each message is acknowledged once, in order', async t => {
  const answer: Edit = ['dist/server.js', 'ack(text)', 'ack(text + " by " + process.pid)'];
  const from = await packaged(t, [answer]);
  const { app, port, said, pids, runFrom } = await installAndServe(t, from);
  const pages = [keepSending(t, port), keepSending(t, port)];
  const goOn = () => Promise.all(pages.map(({ more }) => more()));
  const recycles = () => said.filter(line => line.startsWith('recycle:')).length;
  await goOn();
  const processes = [pids()[0]];

  const newer = await packaged(t, [answer]);
  appendFileSync(path.join(newer, 'dist', 'server.js'), '// newer\n');
  edit(newer, ['public/index.html', '</title>', ' 2</title>']);
  const updated = await runFrom(newer, 'update');
  assert.equal(updated.status, 0, updated.text);
  processes.push(pids()[0]);
  assert.match(updated.text, new RegExp(`/health: ok, process ${processes[1]}$`, 'm'));
  assert.equal(recycles(), 1, said.join('\n'));
  await goOn();

  // This version does not start. The update puts the earlier version back, and the pages go on.
  const broken = await packaged(t, [['dist/server.js', /^/, 'throw new Error("it does not start");']]);
  const failed = await runFrom(broken, 'update', '--wait', '2');
  assert.equal(failed.status, 1, failed.text);
  assert.match(failed.text, /^The version before is there again\./m);
  processes.push(pids()[0]);
  await goOn();

  const before = recycles();
  const back = await runFrom(app, 'back');
  assert.equal(back.status, 0, back.text);
  processes.push(pids()[0]);
  assert.equal(recycles(), before + 1, said.join('\n'));
  await goOn();

  assert.equal(new Set(processes).size, 4, processes.join());
  for (const { acknowledged, pids: answered, finish } of pages) {
    const sent = await finish();
    assert.deepEqual(acknowledged, Array.from({ length: sent }, (_, i) => i + 1));
    assert.deepEqual(processes.filter(pid => !answered.has(String(pid))), []);
  }
});

test('the package offers WebSockets where IIS has them', async t => {
  const folder = await packaged(t);
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
  const folder = await packaged(t);
  const env = { REDIS_URL: redis.url };
  const servers = [await startServer(t, { folder, env }), await startServer(t, { folder, env })];
  for (const { origin } of servers) await next(connect(t, origin), 'connect');
  for (const { page } of servers) {
    await until(async () => (await (await fetch(`${page}health`)).json() as { clients: number }).clients === 2, 'both to count 2');
  }
});

test('packages that cannot be bundled: --modules leaves them as they are, without those for development', async t => {
  const folder = path.join(emptyFolder(t, 'modules-'), NAME);
  const from = deployWhole(t);
  // npm needs these two files to leave out the packages for development.
  for (const name of ['.npmrc', 'package-lock.json']) copyFileSync(path.join(template, name), path.join(from, name));
  packModules(from, folder, PUBLIC.map(name => `public/${name}`));
  assert.deepEqual(readdirSync(folder).sort(), [
    'back.cmd', 'deploy', 'dist', 'iisnode.yml', 'install.cmd', 'node_modules', 'package.json', 'public', 'uninstall.cmd',
    'update.cmd', 'web.config',
  ]);
  assert(!readdirSync(path.join(folder, 'node_modules')).some(name => ['.bin', 'typescript', 'webpack'].includes(name)));
  const iis = await startIis({ folder, app: appPath });
  t.after(iis.close);
  const client = connect(t, iis.origin);
  await next(client, 'connect');
  assert.deepEqual(await ask(client, 'message', 'hello'), ['hello']);
});
