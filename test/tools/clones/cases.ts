/* The part that clones.long.test.ts and folders.long.test.ts share. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { env } from '../../support/repository';
import { root } from '../../support/template';

/**
 * The folders that an owner can delete, as docs/developing.md says: each list alone, or all lists.
 */
export const DELETABLE = [['test/hostile'], ['test/cluster'], ['test/tools'], ['tools/bench', 'test/tools/bench'], ['tools/words']];

/** Runs a program of node_modules in a clone. @throws an error with its output, if it fails */
function run(folder: string, program: string, ...args: string[]): void {
  try {
    execFileSync(process.execPath, [path.join(root, 'node_modules', program), ...args], { cwd: folder, env, stdio: 'pipe' });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: Buffer; stderr: Buffer };
    assert.fail(`${program} ${args.join(' ')}:\n${stdout.toString()}${stderr.toString()}`);
  }
}

/** Deletes the built files of a clone, builds it, and runs the linter. */
export function buildAndLint(folder: string): void {
  for (const built of ['dist', 'build/src', 'build/tools', 'build/test']) rmSync(path.join(folder, built), { recursive: true, force: true });
  run(folder, 'typescript/bin/tsc', '-b', '.', 'src/browser', 'tools', 'test');
  run(folder, 'eslint/bin/eslint.js', '.');
}
