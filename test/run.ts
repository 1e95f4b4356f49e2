/*
 * Runs the tests with node's own runner: all of them, or those whose path contains an argument.
 * `npm test` runs *.test.ts. `npm run test:long` passes --long, and runs *.long.test.ts. The long
 * tests repeat the others for longer, or with more versions.
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
 * The files of `npm test` that take longest, the longest first. They start first. If a long file
 * started last, it would run alone in the end, and the other processor would wait for it.
 */
const LONGEST = [
  'cluster/steps', 'cluster/cluster-moves', 'realtime/foreign', 'tools/package', 'site/leaving',
  'tools/compare', 'site/iis-template', 'hostile/worst', 'realtime/reconnect',
  'cluster/cluster-redis', 'realtime/websocket-messages', 'site/demo/browser', 'realtime/tabs',
  'tools/verify/faults', 'cluster/cluster-use', 'realtime/realtime', 'hostile/killers',
  'site/neighbours', 'hostile/clock', 'realtime/websocket', 'realtime/handled', 'realtime/limits',
  'realtime/another-user', 'realtime/delivery', 'realtime/slow-lines',
].map(name => `${name}.test.ts`);

/**
 * The long files that run the whole `npm test`. Each of them runs alone, after all other files,
 * because twelve files at once keep the processors of the machine busy.
 */
const ALONE = ['tools/clones'].map(name => `${name}.long.test.ts`);

/**
 * @returns the place of a file in the order of the start, a number: the longest files come first
 */
function place(file: string): number {
  const found = LONGEST.indexOf(file.replaceAll(path.sep, '/'));
  return found === -1 ? LONGEST.length : found;
}

/** @returns whether to run a file, which is named by its path in test/ */
function isWanted(file: string, long: boolean, wanted: string[]): boolean {
  if (!file.endsWith('.test.ts') || file.endsWith('.long.test.ts') !== long) return false;
  return wanted.length === 0 || wanted.some(part => file.includes(part));
}

command('test', HELP, { long: { type: 'boolean', default: false } }, async ({ values, positionals }) => {
  const { long } = values;
  // `npm test` has copied commit.lua before this. `tsc -b` alone has not.
  const copy = path.join(__dirname, '..', '..', 'src', 'realtime', 'cluster', 'copy-lua.mjs');
  if (existsSync(copy)) spawnSync(process.execPath, [copy], { stdio: 'inherit' });

  // The list comes from the sources: a test that was deleted may still be in build/.
  const sources = path.join(__dirname, '..', '..', 'test');
  const files = readdirSync(sources, { recursive: true })
    .map(file => String(file))
    .filter(file => isWanted(file, long, positionals))
    .sort()
    .sort((one, other) => place(one) - place(other));
  if (files.length === 0) {
    const words = positionals.map(part => `"${part}"`).join(' or ');
    throw new UsageError(`no test file has ${words} in its path`);
  }
  // Tests mostly wait. Twelve files at once keep two processors busy, and so do four long files.
  // node --test would sort the files by their names, but run() takes them in this order.
  const [concurrency, timeout] = long ? [4, 1800000] : [12, 600000];
  const isAlone = (file: string) => ALONE.includes(file.replaceAll(path.sep, '/'));
  let passed = await report(files.filter(file => !isAlone(file)), concurrency, timeout);
  // The time is for two clones, each with its build, its linter and its tests.
  for (const file of files.filter(isAlone)) passed = await report([file], 1, 3600000) && passed;
  return passed ? 0 : 1;
});

/**
 * Runs files, and prints the report.
 * @param files the paths of the files in test/
 * @param concurrency the number of files that run at once
 * @param timeout the time for each file, ms
 * @returns whether all tests passed
 */
async function report(files: string[], concurrency: number, timeout: number): Promise<boolean> {
  if (files.length === 0) return true;
  const built = files.map(file => path.join(__dirname, file.replace(/\.ts$/, '.js')));
  const tests = run({ files: built, concurrency, timeout });
  let passed = true;
  tests.on('test:fail', () => { passed = false; });
  const text = tests.compose(new spec());
  text.pipe(process.stdout);
  await once(text, 'end');
  return passed;
}
