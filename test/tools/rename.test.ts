/*
 * The command that `npm run rename` runs, in a clone with a repository. rename.long.test.ts gives a
 * clone several names in turn, builds and tests each, and has more arguments that the command
 * refuses.
 */
import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { readSiteConfig } from '../../tools/iis/config';
import { Refusal } from '../../tools/refusal';
import { checkName } from '../../tools/rename/name';
import { command, commit, git } from '../support/repository';
import { appPath, edit } from '../support/template';
import { badNames, current, freshRepository, hasPackageName, last, livesAt, odd, refuses } from './rename/cases';

/**
 * The files that rename may list as left alone. Those of src/ are the owner's own, and may have any
 * path. test/site/demo checks that those of the template have none. The others have further paths as
 * examples, such as /chat. If the clone has the name of such a path, rename asks its user about them.
 */
const MAY_BE_LEFT = /^(docs\/deploy\.md|src\/\w[\w-]*\.ts|src\/realtime\/io\/namespace\.ts|tools\/rename\/\w+\.ts)$/;

/**
 * Builds what a rename has changed in src, without the compiler, which needs some seconds: expects a
 * rename to change one string there, and changes the same string in dist.
 * @param before the text of src/config.ts before the rename
 */
function buildSettings(folder: string, before: string, name: string): void {
  const [from, to] = [current, name].map(one => `'/${one}'`) as [string, string];
  assert.equal(readFileSync(path.join(folder, 'src', 'config.ts'), 'utf8'), before.replace(from, to));
  edit(folder, ['dist/config.js', from, to]);
}

test('rename, in a clone', async t => {
  const folder = freshRepository(t);
  if (!folder) return;
  const start = git(folder, 'rev-parse', 'HEAD');
  /** Makes the clone as it was at the start. Its built files stay. */
  const restore = () => git(folder, 'checkout', '-q', '-f', start);

  await t.test('rename passes over what its owner has replaced, and says so; it names lines of other files, and leaves them', () => {
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
    assert.match(stdout, /Left alone:\n(.*\n)* {2}package\.json: OWNER\/REPOSITORY/);
    assert.match(stdout, /Left alone:\n(.*\n)* {2}GUIDE\.md: \/\S+ in line 1\./);
    // rename also changes those files in docs that name the path. This list has all other changes.
    const changed = git(folder, 'diff', '--name-only').split('\n').filter(file => !file.startsWith('docs/'));
    assert.deepEqual(changed, ['GUIDE.md', 'deploy/package.js', 'package-lock.json', 'package.json', 'public/index.html', 'src/config.ts']);
    assert.equal(readFileSync(path.join(folder, 'GUIDE.md'), 'utf8'), `Open http://server/${last}/, not https://github.com${appPath}/x nor ${current}.\n`);
  });

  await t.test('rename gives the application another name, and then another, wherever it has one', async inner => {
    restore();
    git(folder, 'remote', 'add', 'origin', 'git@github.com:ada/engine.git');
    assert.match(readFileSync(path.join(folder, 'README.md'), 'utf8'), /`npm run rename -- [\w.-]+`/);
    const settings = readFileSync(path.join(folder, 'src', 'config.ts'), 'utf8');

    const { stdout: said, stderr } = command(folder, 'rename', `/${odd}`);
    assert.equal(stderr, '');
    assert.match(said, new RegExp(`^${current} is now ${odd}: `, 'm'));
    const changed = git(folder, 'diff', '--name-only').split('\n');
    assert.deepEqual([...said.matchAll(/^ {2}(\S+): \d+ places?$/gm)].map(([, file]) => file), changed);
    assert.deepEqual(changed.filter(file => file.startsWith('src/')), ['src/config.ts']);
    for (const file of ['README.md', 'package-lock.json', 'package.json', 'public/index.html', 'web.config']) assert(changed.includes(file), file);
    const [, leftAlone] = /^Left alone:\n((?: {2}.*\n)*)/m.exec(said)!;
    // In the template, rename leaves only these files alone. Each further line would be a question to
    // its user.
    const left = leftAlone!.trim().split('\n').map(line => line.trim().split(':')[0]!);
    assert.deepEqual(left.filter(file => !MAY_BE_LEFT.test(file)), ['.github/page.png', 'LICENSE']);
    assert.doesNotMatch(said, /passed over/);
    assert.match(said, /npm ci && npm test/);
    commit(folder);
    assert.match(readFileSync(path.join(folder, 'README.md'), 'utf8'), new RegExp(`^# ${odd}: .+`));
    hasPackageName(folder, odd.toLowerCase());
    const { repository: address, bugs } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as Record<string, string>;
    assert.deepEqual([address, bugs], ['https://github.com/ada/engine', 'https://github.com/ada/engine/issues']);
    assert.throws(() => git(folder, 'grep', '-l', 'OWNER/REPOSITORY', '--', 'README.md', 'package.json'), { status: 1 }, 'found in a file');
    buildSettings(folder, settings, odd);
    await livesAt(inner, folder, odd, current);

    // `odd` is no word, so git grep finds each place that the second rename has forgotten. A single
    // rename makes the same tree, so the first rename has changed no other sentence.
    assert.equal(command(folder, 'rename', last).stderr, '');
    const after = commit(folder);
    assert.throws(() => git(folder, 'grep', '-il', odd, '--', '.', ':!test/tools/rename/cases.ts'), { status: 1 }, 'found in a file');
    git(folder, 'checkout', '-q', start);
    assert.equal(command(folder, 'rename', last).stderr, '');
    assert.equal(commit(folder), after);
  });

  await t.test('rename refuses, with one line and exit status 1 or 2, and changes nothing', () => {
    restore();
    const refused = (args: string[], says: RegExp, exit = 1) => { refuses(folder, args, says, exit); };
    writeFileSync(path.join(folder, 'GUIDE.md'), `# Guide\nCopy it to D:\\sites${appPath.replace('/', '\\')}.\n`);
    commit(folder);
    // The command gets only one of these names. The other names go to the function that the command
    // uses, because the command needs a process for each name.
    const { filtering } = readSiteConfig(folder, '7.5');
    for (const [names, says] of badNames) {
      const isRefusal = (error: Error) => error instanceof Refusal && says.test(error.message);
      for (const name of names) assert.throws(() => checkName(name, filtering), isRefusal, name);
    }
    refused(['bin'], /404\.8/);
    refused(['sites'], /GUIDE\.md, line 2, has this name for something else/);
    refused([`/${current}`], /has this name/);
    refused([], /one name/, 2);
    refused(['--force', last], /--force/, 2);
    assert.equal(git(folder, 'status', '--porcelain'), '');

    writeFileSync(path.join(folder, 'notes.txt'), 'new');
    refused([last], /not committed \(notes\.txt\)/);
    appendFileSync(path.join(folder, 'src', 'app.ts'), '\n');
    refused([last], /not committed \(src\/app\.ts, and 1 more\)/);
    rmSync(path.join(folder, 'notes.txt'));
    git(folder, 'add', '-A');
    refused([last], /not committed \(src\/app\.ts\)/);
    git(folder, 'reset', '-q', '--hard');

    const config = readFileSync(path.join(folder, 'src', 'config.ts'), 'utf8');
    edit(folder, ['src/config.ts', `'${appPath}'`, `'/tools/chat'`]);
    commit(folder);
    refused([last], /one segment/);
    writeFileSync(path.join(folder, 'src', 'config.ts'), config);

    edit(folder, ['web.config', '<httpErrors ', '<httpErrors nonsense="1" ']);
    commit(folder);
    refused([last], /web\.config, line \d+, .*nonsense/);

    // An unpacked archive has no repository, or is in a repository that does not have its files.
    renameSync(path.join(folder, '.git'), path.join(folder, 'moved'));
    refused([last], /git finds no repository here \(.+\)/);
    git(folder, 'init', '-q');
    writeFileSync(path.join(folder, '.git', 'info', 'exclude'), '*\n');
    refused([last], /git does not have/);
    assert.equal(readFileSync(path.join(folder, 'src', 'config.ts'), 'utf8'), config);
  });
});
