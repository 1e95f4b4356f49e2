/*
 * Runs the tests with node's own runner: all of them, or those whose path holds one of the arguments.
 * `npm test` runs *.test.ts. `npm run test:long` passes --long and runs *.long.test.ts: the same
 * things, repeated for longer or with more versions.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { command, UsageError } from '../tools/command';

const HELP = `npm test -- [words]

Runs the tests: all of them, or the files whose path in test/ has one of the words in it, such as
pages or realtime/polling. npm run test:long -- [words] runs the long tests.`;

/** Whether a file of test/, named by its path in there, is one to run. */
function isWanted(file: string, long: boolean, wanted: string[]): boolean {
  if (!file.endsWith('.test.ts') || file.endsWith('.long.test.ts') !== long) return false;
  return wanted.length === 0 || wanted.some(part => file.includes(part));
}

command('test', HELP, { long: { type: 'boolean', default: false } }, ({ values, positionals }) => {
  const { long } = values;
  // `npm test` has done it; `tsc -b` alone has not.
  const copy = path.join(__dirname, '..', '..', 'src', 'realtime', 'cluster', 'copy-lua.mjs');
  if (existsSync(copy)) spawnSync(process.execPath, [copy], { stdio: 'inherit' });

  // By the sources: of one that was deleted, what was built may still be there.
  const sources = path.join(__dirname, '..', '..', 'test');
  const files = readdirSync(sources, { recursive: true })
    .map(file => String(file))
    .filter(file => isWanted(file, long, positionals))
    .sort()
    .map(file => path.join(__dirname, file.replace(/\.ts$/, '.js')));
  if (files.length === 0) {
    const words = positionals.map(part => `"${part}"`).join(' or ');
    throw new UsageError(`no test file has ${words} in its path`);
  }
  // Half of a test is waiting: four files at once keep two processors busy.
  const options = ['--test', '--test-concurrency=4', '--test-reporter=spec', `--test-timeout=${long ? 1800000 : 600000}`];
  const { status } = spawnSync(process.execPath, [...options, ...files], { stdio: 'inherit' });
  return status ?? 1;
});
