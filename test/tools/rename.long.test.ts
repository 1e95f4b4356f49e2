/*
 * `npm run rename` runs several times, also through npm. After each rename, the clone is built, and
 * its server is at the path of the new name. The command refuses more arguments than in
 * rename.test.ts.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { command, commit, env, git, npm, repository } from '../support/repository';
import { appPath, edit } from '../support/template';
import { badNames, current, first, hasPackageName, last, livesAt, odd, refuses, second, tsc } from './rename/cases';

test('three names, one after the other; tests that look at names pass there, too', async t => {
  const folder = repository(t);
  if (!folder) return;
  assert.match(npm(folder, 'run', 'rename', '--', first), new RegExp(`^${current} is now ${first}: `, 'm'));
  commit(folder);
  tsc('-b', folder, path.join(folder, 'tools'), path.join(folder, 'test'));
  const tests = ['config', 'pages', 'polling', 'preview'];
  execFileSync(process.execPath, [path.join(folder, 'build', 'test', 'run.js'), ...tests], { env });

  for (const [name, before] of [[second, first], [odd, second]] as const) {
    assert.equal(command(folder, 'rename', name).stderr, '');
    commit(folder);
    hasPackageName(folder, name.toLowerCase());
    tsc('-b', folder);
    await livesAt(t, folder, name, before);
  }
});

test('the command refuses these, too, with one line and exit status 1 or 2, and changes nothing', t => {
  const folder = repository(t);
  if (!folder) return;
  for (const [[name], says] of badNames) refuses(folder, [name!], says);
  refuses(folder, [current], /has this name/);
  refuses(folder, ['chat', 'talk'], /one name/, 2);
  refuses(folder, ['-x'], /-x/, 2);
  assert.equal(git(folder, 'status', '--porcelain'), '');

  appendFileSync(path.join(folder, 'src', 'app.ts'), '\n');
  refuses(folder, [last], /not committed \(src\/app\.ts\)/);
  git(folder, 'reset', '-q', '--hard');
  edit(folder, ['src/config.ts', `'${appPath}'`, `'/'`]);
  const config = readFileSync(path.join(folder, 'src', 'config.ts'), 'utf8');
  commit(folder);
  refuses(folder, [last], /one segment/);
  assert.equal(readFileSync(path.join(folder, 'src', 'config.ts'), 'utf8'), config);
});
