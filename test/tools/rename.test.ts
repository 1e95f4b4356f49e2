/* `npm run rename`, in clones that git knows. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, TestContext } from 'node:test';
import { connect, next } from '../support/client';
import { startServer } from '../support/server';
import { appPath, edit, root } from '../support/template';
import { startIis } from '../../tools/iis/index';
import { command, commit, env, git, npm, repository } from '../support/repository';

const current = appPath.slice(1);
/** Names to give, other than the one it has: this holds under any. Each is a word of the README, or may become one; `odd` is none. */
const [first, second, last] = ['chat', 'server', 'test', 'page'].filter(name => name !== current) as [string, string, string];
const odd = current === 'Qw.erty-9' ? 'Zx.cvb-9' : 'Qw.erty-9';

const tsc = (...args: string[]) => execFileSync(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc'), ...args], { env });
const json = (folder: string, file: string) => JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as { name: string; packages: Record<string, { name: string }> };

/** The built server lives at /name, and nowhere else: by itself, as an application of IIS and as the root of a site. */
async function livesAt(t: TestContext, folder: string, name: string, old: string): Promise<void> {
  const server = await startServer(t, { folder });
  assert.equal(server.page, `${server.origin}/${name}/`);
  const page = await (await fetch(server.page)).text();
  assert.equal(/<title>(.*)<\/title>/.exec(page)![1], name);
  assert.equal(/<h1>(.*)<\/h1>/.exec(page)![1], name);
  const script = new URL(/id="client" src="([^"]+)"/.exec(page)![1]!, server.page);
  assert.equal((await fetch(script)).status, 200);
  assert.equal((await fetch(`${server.origin}/${old}/`)).status, 404);
  await next(connect(t, server.origin, { resource: script.pathname.slice(1).replace('/socket.io.js', '') }), 'connect');

  for (const app of [`/${name}`, '/']) {
    const trace: string[] = [];
    const iis = await startIis({ folder, app, trace: line => { trace.push(line); } });
    t.after(iis.close);
    await next(connect(t, iis.origin, { resource: `${name}/socket` }), 'connect');
    assert.match(trace[0]!, /→ rule "socket" →/);
    assert.equal((await fetch(`${iis.origin}/${name}/`)).status, 200);
    assert.equal((await fetch(`${iis.origin}/${old}/`)).status, 404);
  }
}

function hasPackageName(folder: string, name: string): void {
  assert.equal(json(folder, 'package.json').name, name);
  assert.equal(json(folder, 'package-lock.json').name, name);
  assert.equal(json(folder, 'package-lock.json').packages['']!.name, name);
  npm(folder, 'ci', '--dry-run', '--offline', '--ignore-scripts');
}

test('rename gives the application another name, and then another, wherever it has one', async t => {
  const folder = repository(t);
  if (!folder) return;
  const start = git(folder, 'rev-parse', 'HEAD');
  assert.match(readFileSync(path.join(folder, 'README.md'), 'utf8'), /`npm run rename -- [\w.-]+`/);

  const said = npm(folder, 'run', 'rename', '--', first);
  assert.match(said, new RegExp(`^${current} is now ${first}: `, 'm'));
  const changed = git(folder, 'diff', '--name-only').split('\n');
  assert.deepEqual([...said.matchAll(/^ {2}(\S+): \d+ places?$/gm)].map(([, file]) => file), changed);
  for (const file of ['README.md', 'package-lock.json', 'package.json', 'public/index.html', 'src/config.ts', 'web.config']) assert(changed.includes(file), file);
  assert.match(said, /^Left alone:\n {2}\.github\/page\.png: /m);
  assert.doesNotMatch(said, /passed over/);
  assert.match(said, /npm ci && npm test/);
  commit(folder);
  assert.match(readFileSync(path.join(folder, 'README.md'), 'utf8'), new RegExp(`^# ${first}: .+`));
  hasPackageName(folder, first);
  tsc('-b', folder);
  await livesAt(t, folder, first, current);
  // Tests that look at names pass there too.
  tsc('-b', path.join(folder, 'tools'), path.join(folder, 'test'));
  execFileSync(process.execPath, [path.join(folder, 'build', 'test', 'run.js'), 'config', 'pages', 'polling', 'preview'], { env });

  assert.equal(command(folder, 'rename', `/${second}`).stderr, '');
  commit(folder);
  hasPackageName(folder, second);
  tsc('-b', folder);
  await livesAt(t, folder, second, first);

  assert.equal(command(folder, 'rename', odd).stderr, '');
  commit(folder);
  hasPackageName(folder, odd.toLowerCase());
  tsc('-b', folder);
  await livesAt(t, folder, odd, second);

  // A name that is no word shows whether a place was forgotten. And the tree is the one that a single rename makes: on the way no
  // sentence has changed.
  assert.equal(command(folder, 'rename', last).stderr, '');
  const after = commit(folder);
  assert.throws(() => git(folder, 'grep', '-il', odd, '--', '.', ':!test/tools/rename.test.ts'), { status: 1 }, 'found in a file');
  git(folder, 'checkout', '-q', start);
  assert.equal(command(folder, 'rename', last).stderr, '');
  assert.equal(commit(folder), after);
});

test('rename refuses, with one line and exit status 1, and changes nothing', t => {
  const folder = repository(t);
  if (!folder) return;
  const refused = (args: string[], says: RegExp) => {
    const { status, stdout, stderr } = command(folder, 'rename', ...args);
    assert.equal(status, 1, args.join(' '));
    assert.equal(stdout, '');
    assert.match(stderr, says);
    assert.match(stderr, /^.+\n$/);
  };
  writeFileSync(path.join(folder, 'GUIDE.md'), `# Guide\nCopy it to D:\\sites${appPath.replace('/', '\\')}.\n`);
  commit(folder);
  const names: [names: string[], says: RegExp][] = [
    [['bin', 'APP_CODE', 'app_globalresources', 'App_LocalResources', 'App_WebReferences', 'App_Data', 'App_Browsers', 'web.config'], /404\.8/],
    [['node_modules', 'IISnode'], /404\.8/],
    [['chat.cs', 'chat.config', 'chat.MDF'], /404\.7/],
    [['con', 'NUL', 'aux', 'prn', 'com1', 'LPT9', 'nul.txt'], /device/],
    [['tools/chat', '/tools/chat', 'a//b'], /one segment/],
    [['', '/', 'chat/', '//chat', '..', '.', 'chat.', '.chat', '_chat', 'a b', 'a~1', 'a+b', 'a%20b', 'C:\\chat', 'grün', 'a?b', 'a&b', 'a:b', '<a>'], /letters/],
    [['x'.repeat(65)], /longer than 64/],
    [[current, `/${current}`], /has this name/],
    [['sites'], /GUIDE\.md, line 2, for something else/],
  ];
  for (const [all, says] of names) for (const name of all) refused([name], says);
  refused([], /one name/);
  refused(['chat', 'talk'], /one name/);
  refused(['--force', last], /--force/);
  refused(['-x'], /-x/);
  assert.equal(git(folder, 'status', '--porcelain'), '');

  writeFileSync(path.join(folder, 'notes.txt'), 'new');
  refused([last], /not committed \(notes\.txt\)/);
  appendFileSync(path.join(folder, 'src', 'app.ts'), '\n');
  refused([last], /not committed \(src\/app\.ts, and 1 more\)/);
  rmSync(path.join(folder, 'notes.txt'));
  refused([last], /not committed \(src\/app\.ts\)/);
  git(folder, 'add', '-A');
  refused([last], /not committed \(src\/app\.ts\)/);
  git(folder, 'reset', '-q', '--hard');

  const config = readFileSync(path.join(folder, 'src', 'config.ts'), 'utf8');
  for (const [path, says] of [['/', /one segment/], ['/tools/chat', /one segment/]] as const) {
    edit(folder, ['src/config.ts', `'${appPath}'`, `'${path}'`]);
    commit(folder);
    refused([last], says);
    writeFileSync(`${folder}/src/config.ts`, config);
  }
  commit(folder);

  edit(folder, ['web.config', '<httpErrors ', '<httpErrors nonsense="1" ']);
  commit(folder);
  refused([last], /web\.config, line \d+, .*nonsense/);

  // A folder that was unpacked, by itself and in a repository that knows nothing of it.
  renameSync(path.join(folder, '.git'), path.join(folder, 'moved'));
  refused([last], /git finds no repository here \(.+\)/);
  git(folder, 'init', '-q');
  writeFileSync(path.join(folder, '.git', 'info', 'exclude'), '*\n');
  refused([last], /git does not have/);
  assert.equal(readFileSync(path.join(folder, 'src', 'config.ts'), 'utf8'), config);
});

test('rename passes over what its owner has replaced, and says so; it names lines of other files, and leaves them', t => {
  const folder = repository(t);
  if (!folder) return;
  edit(folder, ['public/index.html', `<title>${current}</title>`, '<title>Our own page</title>']);
  edit(folder, ['web.config', `^(${current}/)?socket`, '^socket']);
  edit(folder, ['package.json', /"name": "[^"]+"/, '"name": "@acme/own"']);
  writeFileSync(path.join(folder, 'src', 'own.ts'), `export const page = '${appPath}/own.html';\n// not this one: x${appPath}\n`);
  writeFileSync(path.join(folder, 'CHANGELOG.md'), `It lives at http://server${appPath}/.\n`);
  writeFileSync(path.join(folder, 'GUIDE.md'), `Open http://server${appPath}/, not https://github.com${appPath}/x nor ${current}.\n`);
  rmSync(path.join(folder, 'README.md'));
  commit(folder);

  const { status, stdout, stderr } = command(folder, 'rename', last);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /passed over:\n(.*\n)* {2}public\/index\.html: <title>/);
  assert.match(stdout, /passed over:\n(.*\n)* {2}web\.config: a rule/);
  assert.match(stdout, /passed over:\n(.*\n)* {2}package\.json: "name"/);
  assert.match(stdout, /passed over:\n(.*\n)* {2}README\.md: /);
  assert.match(stdout, /Left alone:\n(.*\n)* {2}src\/own\.ts: \/\S+ in line 1\./);
  assert.match(stdout, /Left alone:\n(.*\n)* {2}CHANGELOG\.md: /);
  assert.match(stdout, /Left alone:\n(.*\n)* {2}GUIDE\.md: \/\S+ in line 1\./);
  // Of the files in docs, those that name the path.
  const changed = git(folder, 'diff', '--name-only').split('\n').filter(file => !file.startsWith('docs/'));
  assert.deepEqual(changed, ['GUIDE.md', 'package-lock.json', 'package.json', 'public/index.html', 'src/config.ts']);
  assert.equal(readFileSync(path.join(folder, 'GUIDE.md'), 'utf8'), `Open http://server/${last}/, not https://github.com${appPath}/x nor ${current}.\n`);
});
