/*
 * Runs the tests with node's own runner: all of them, or those whose path holds one of the arguments.
 * `npm test` runs *.test.ts. `npm run test:long` passes --long and runs *.long.test.ts: the same
 * things, repeated for longer or with more versions.
 */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { command, UsageError } from '../tools/command';

const HELP = `npm test -- [words]

Runs the tests: all of them, or the files whose path in test/ has one of the words in it, such as
pages or realtime/polling. npm run test:long -- [words] runs the long tests.`;

/**
 * The files of `npm test` that take longest, the longest first. They are started first: a long file that
 * is started last runs alone in the end, and the other processor waits for it.
 */
const LONGEST = [
  'site/leaving', 'site/demo/browser', 'tools/package', 'cluster/steps', 'cluster/cluster-moves', 'tools/compare',
  'hostile/worst', 'tools/verify/faults', 'realtime/tabs', 'site/iis-template', 'tools/rename', 'tools/preview',
  'site/neighbours', 'tools/build', 'realtime/delivery', 'realtime/foreign', 'hostile/killers', 'cluster/cluster-redis',
].map(name => `${name}.test.ts`);

/** The place of a file among those that are started, a number: the longest ones first. */
function place(file: string): number {
  const found = LONGEST.indexOf(file.replaceAll(path.sep, '/'));
  return found === -1 ? LONGEST.length : found;
}

/** Whether a file of test/, named by its path in there, is one to run. */
function isWanted(file: string, long: boolean, wanted: string[]): boolean {
  if (!file.endsWith('.test.ts') || file.endsWith('.long.test.ts') !== long) return false;
  return wanted.length === 0 || wanted.some(part => file.includes(part));
}

command('test', HELP, { long: { type: 'boolean', default: false } }, async ({ values, positionals }) => {
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
    .sort((one, other) => place(one) - place(other))
    .map(file => path.join(__dirname, file.replace(/\.ts$/, '.js')));
  if (files.length === 0) {
    const words = positionals.map(part => `"${part}"`).join(' or ');
    throw new UsageError(`no test file has ${words} in its path`);
  }
  // Most of a test is waiting: eight files at once keep two processors busy, and so do four long ones.
  // node --test would sort the files by their names; run() takes them in this order.
  const [concurrency, timeout] = long ? [4, 1800000] : [8, 600000];
  const tests = run({ files, concurrency, timeout });
  let status = 0;
  tests.on('test:fail', () => { status = 1; });
  const report = tests.compose(new spec());
  report.pipe(process.stdout);
  await once(report, 'end');
  return status;
});
