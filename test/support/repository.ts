/* Makes repositories of the template, and runs commands in them. */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { available } from './available';
import { copyFolder } from './copy';
import { putEcho } from './echo';
import { cloneTemplate, emptyFolder, root } from './template';

/** The time of all commits. It is always the same, so that the same files make the same commit. */
export const WHEN = '2026-03-04T05:06:08Z';

// With NODE_TEST_CONTEXT, node:test takes a process for its own, and does not run in it. Without
// GIT_DIR and similar variables, git uses the repository of the clone.
export const env = Object.fromEntries(Object.entries({
  ...process.env, GIT_CEILING_DIRECTORIES: tmpdir(),
}).filter(([name]) => name !== 'NODE_TEST_CONTEXT' && !/^GIT_(DIR|WORK_TREE|INDEX_FILE)$/.test(name)));

/** Runs git. @returns its output */
export function git(folder: string, ...args: string[]): string {
  const own = ['user.name=test', 'user.email=test@example.com', 'commit.gpgsign=false', 'core.autocrlf=false', 'init.defaultBranch=main'].flatMap(one => ['-c', one]);
  return execFileSync('git', [...own, ...args], { cwd: folder, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

/** Commits all files. @returns the id of the tree, which is the same for the same files */
export function commit(folder: string, when = WHEN): string {
  git(folder, 'add', '-A');
  Object.assign(env, { GIT_AUTHOR_DATE: when, GIT_COMMITTER_DATE: when });
  git(folder, 'commit', '-q', '-m', 'test');
  return git(folder, 'rev-parse', 'HEAD^{tree}');
}

/**
 * Makes a clone in the state of its owner's machine: all files are committed, the packages are
 * installed, and the project is built, except for the tests.
 * @param without the folders to leave out, so that git has less work
 * @returns null if there is no git; the test is then skipped
 */
export function repository(t: TestContext, without: string[] = []): string | null {
  if (!available(t, 'git', spawnSync('git', ['--version']).status === 0)) return null;
  const folder = cloneTemplate(t, without);
  git(folder, 'init', '-q');
  // node_modules is a link here, and .gitignore's entry is for a folder only.
  writeFileSync(path.join(folder, '.git', 'info', 'exclude'), 'node_modules\n');
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'), 'junction');
  for (const built of ['dist', 'build/src', 'build/tools']) {
    copyFolder(path.join(root, built), path.join(folder, built), { keepTimes: true });
  }
  commit(folder);
  return folder;
}

/**
 * Makes a repository that has only the pages of the template.
 * @returns its folder; null if there is no git, and the test is then skipped
 */
export function pagesRepository(t: TestContext): string | null {
  if (!available(t, 'git', spawnSync('git', ['--version']).status === 0)) return null;
  const folder = emptyFolder(t, 'pages-');
  mkdirSync(path.join(folder, 'public'));
  copyFileSync(path.join(root, 'public', 'realtime.js'), path.join(folder, 'public', 'realtime.js'));
  putEcho(folder);
  git(folder, 'init', '-q');
  git(folder, 'add', '-A');
  return folder;
}

/** Runs a built command of tools/. */
export function command(folder: string, name: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(folder, 'build', 'tools', name, 'index.js'), ...args], { env, encoding: 'utf8' });
  return { status, stdout, stderr };
}

/** Runs npm, if possible the npm that runs the tests. @returns its output */
export function npm(folder: string, ...args: string[]): string {
  const script = process.env.npm_execpath ?? '';
  const options = { cwd: folder, env, encoding: 'utf8' } as const;
  if (script.endsWith('npm-cli.js')) return execFileSync(process.execPath, [script, ...args], options);
  return execFileSync('npm', args, { ...options, shell: process.platform === 'win32' });
}
