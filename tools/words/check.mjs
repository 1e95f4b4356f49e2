/*
 * Checks the spelling of this project's texts, and the links between its pages. `npm run lint` runs
 * it after ESLint. cspell and remark bring some 300 packages, so they have a folder of their own:
 * this script installs them when it first runs. A word that is right belongs into words.txt.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

const here = import.meta.dirname;
const root = path.join(here, '..', '..');
const PAGES = ['*.md', '.github', 'deploy', 'docs', 'src', 'test/from-0.9/README.md'];

/** Runs a program in the folder of the project. @returns whether it has ended well */
function run(program, args, cwd = root) {
  const shell = process.platform === 'win32' && program === 'npm';
  return spawnSync(program, args, { cwd, stdio: 'inherit', shell }).status === 0;
}

/** Runs the command of a package in this folder. */
function check(command, ...args) {
  return run(process.execPath, [path.join(here, 'node_modules', ...command.split('/')), ...args]);
}

if (!existsSync(path.join(here, 'node_modules'))) {
  process.stdout.write('installing the spelling checker, in tools/words\n');
  if (!run('npm', ['ci', '--no-audit', '--no-fund'], here)) process.exit(1);
}
const spelling = check('cspell/bin.mjs', 'lint', '--config', path.join(here, 'cspell.json'),
  '--no-progress', '--no-summary');
const links = check('remark-cli/cli.js', ...PAGES, '--ext', 'md', '--frail', '--no-stdout',
  '--quiet', '--rc-path', path.join(here, 'remark.json'));
process.exitCode = spelling && links ? 0 : 1;
