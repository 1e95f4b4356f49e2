/*
 * Runs the tests with node's own runner: all of them, or those whose path holds one of the arguments.
 * `npm test` runs *.test.ts. `npm run test:long` passes --long and runs *.long.test.ts: the same
 * things, repeated for longer or with more versions.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** Those that send the demo's messages or open its page. They are left out where it has given way to an application. */
const OF_THE_DEMO = [
  'browser', 'delivery', 'fuzz', 'hostile-page', 'iis-template', 'killers', 'moving-on', 'nodes', 'package', 'polling', 'process', 'realtime',
  'reconnect', 'rename', 'sessions', 'types', 'versions', 'websocket', 'windows',
].map(name => `${name}.test.js`);
const demo = existsSync(path.join(__dirname, '..', '..', 'public', 'demo.js'));

const long = process.argv.includes('--long');
const wanted = process.argv.slice(2).filter(argument => argument !== '--long');

/** Whether a file of build/test, named by its path in there, is one to run. */
function isWanted(file: string): boolean {
  if (!file.endsWith('.test.js') || file.endsWith('.long.test.js') !== long) return false;
  if (!demo && OF_THE_DEMO.includes(path.basename(file))) return false;
  return wanted.length === 0 || wanted.some(part => file.includes(part));
}

// `npm test` has done it; `tsc -b` alone has not.
const copy = path.join(__dirname, '..', '..', 'src', 'realtime', 'cluster', 'copy-lua.mjs');
if (existsSync(copy)) spawnSync(process.execPath, [copy], { stdio: 'inherit' });

const files = readdirSync(__dirname, { recursive: true })
  .map(file => String(file))
  .filter(isWanted)
  .sort()
  .map(file => path.join(__dirname, file));

if (!demo) console.log(`skipped: public/demo.js is gone, and with it what these test: ${OF_THE_DEMO.join(' ')}`);
if (files.length === 0) {
  console.error(`no test file has ${wanted.map(part => `"${part}"`).join(' or ')} in its path`);
  process.exit(1);
}
// Most of a test is waiting: two files at once, on one processor as well.
const options = ['--test', '--test-concurrency=2', '--test-reporter=spec', `--test-timeout=${long ? 900000 : 600000}`];
const { status } = spawnSync(process.execPath, [...options, ...files], { stdio: 'inherit' });
process.exitCode = status ?? 1;
