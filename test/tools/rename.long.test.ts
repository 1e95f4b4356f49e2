/* `npm run rename` through npm, again and again: each name is built, and lives where it should. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { command, commit, env, npm, repository } from '../support/repository';
import { current, first, hasPackageName, livesAt, odd, second, tsc } from './rename/cases';

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
