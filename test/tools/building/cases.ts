/* The part that build.test.ts and build.long.test.ts share: builds after several changes. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { commit, env, git } from '../../support/repository';
import { edit, root } from '../../support/template';

/**
 * The projects that `npm run build` builds. The commands also build `tools`, and `npm test` builds
 * `test`.
 */
const BUILD = ['.', 'src/browser'];

/**
 * Tries that a build makes the right files after each of several changes.
 * @param folder a repository with a clone of the template, or with a part of it
 * @param again the projects to build when all that was built is deleted
 */
export async function buildsWhatChanged(
  t: TestContext, folder: string, again = BUILD,
): Promise<void> {
  const run = (projects: string[]) => {
    const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const { stdout } = spawnSync(process.execPath, [tsc, '-b', '--verbose', ...projects], {
      cwd: folder, env, encoding: 'utf8',
    });
    return { stdout, built: stdout.split('Building project').length - 1 };
  };
  const build = (...more: string[]) => run([...BUILD, ...more]);
  const read = (file: string) => readFileSync(path.join(folder, file), 'utf8');
  const made = ['dist/events.js', 'build/src/events.js'];

  await t.test('nothing has changed: nothing is made', () => {
    assert.doesNotMatch(build('tools').stdout, /error/);
    assert.equal(build('tools').built, 0);
  });

  const complaint = /public\/page\.js.*error TS2345/;
  await t.test('a branch where an event has another name: the server and the tools have it, and the page does not pass', () => {
    const before = statSync(path.join(folder, 'dist', 'server.js')).mtimeMs;
    git(folder, 'checkout', '-q', '-b', 'other');
    edit(folder, ['src/events.ts', 'response: (', 'reply: (']);
    edit(folder, ['src/app.ts', `emit('response'`, `emit('reply'`]);
    appendFileSync(path.join(folder, 'src', 'events.ts'), "\nexport const added = 'on a branch';\n");
    commit(folder);
    assert.match(build('tools').stdout, complaint);
    for (const file of made) assert.match(read(file), /on a branch/, file);
    assert(statSync(path.join(folder, 'dist', 'server.js')).mtimeMs > before, 'iisnode watches it');
    assert.match(build().stdout, complaint, 'the page does not pass by being built again');
  });

  await t.test('back on the first branch: what was there before', () => {
    git(folder, 'checkout', '-q', '-');
    assert.doesNotMatch(build().stdout, /error/);
    assert.doesNotMatch(read('dist/events.js'), /on a branch/);
  });

  await t.test('what was built is deleted', () => {
    for (const gone of ['dist', 'build']) rmSync(path.join(folder, gone), { recursive: true });
    run(again);
    for (const file of ['dist/server.js', 'dist/events.js']) {
      assert(statSync(path.join(folder, file)).isFile(), file);
    }
  });
}
