/*
 * Checks the spelling of this project's texts, and the links between its pages. `npm run lint` runs
 * this check after ESLint. cspell and remark bring some 300 packages. So these packages have a
 * folder of their own, and the first run of this check installs them. If a word is right and
 * unknown, add it to words.txt.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { installPackages } from '../packages';

/** The project's folder. This file runs as build/tools/words/index.js. */
const root = path.join(__dirname, '..', '..', '..');
const folder = path.join(root, 'tools', 'words');
const PAGES = ['*.md', '.github', 'docs', 'src', 'test/from-0.9/README.md'];

/** Runs the script of a package in tools/words. @returns whether the script has found no fault */
function findsNothing(script: string, ...args: string[]): boolean {
  const file = path.join(folder, 'node_modules', ...script.split('/'));
  return spawnSync(process.execPath, [file, ...args], { cwd: root, stdio: 'inherit' }).status === 0;
}

installPackages(folder);
const results = [
  findsNothing('cspell/bin.mjs', 'lint', '--config', path.join(folder, 'cspell.json'),
    '--no-progress', '--no-summary'),
  findsNothing('remark-cli/cli.js', ...PAGES, '--ext', 'md', '--frail', '--no-stdout', '--quiet',
    '--rc-path', path.join(folder, 'remark.json')),
];
process.exitCode = results.every(Boolean) ? 0 : 1;
