/*
 * Runs the tests with node's own runner: all of them, or those whose path holds one of the arguments.
 * `npm test` runs *.test.ts. `npm run test:long` passes --long and runs *.long.test.ts: the same
 * things, repeated for longer or with more versions.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

const HELP = `npm test -- [words]

Runs the tests: all of them, or the files whose path in test/ has one of the words in it, such as
pages or realtime/polling. npm run test:long -- [words] runs the long tests.`;

const { values, positionals: wanted } = readArguments();
const { long } = values;

function readArguments() {
  try {
    const options = {
      help: { type: 'boolean', default: false },
      long: { type: 'boolean', default: false },
    } as const;
    const given = parseArgs({ allowPositionals: true, options });
    if (!given.values.help) return given;
    console.log(HELP);
    process.exit(0);
  } catch (error) {
    console.error(`${(error as Error).message.split('. ')[0]}. --help says more.`);
    process.exit(2);
  }
}

/** Whether a file of test/, named by its path in there, is one to run. */
function isWanted(file: string): boolean {
  if (!file.endsWith('.test.ts') || file.endsWith('.long.test.ts') !== long) return false;
  return wanted.length === 0 || wanted.some(part => file.includes(part));
}

// `npm test` has done it; `tsc -b` alone has not.
const copy = path.join(__dirname, '..', '..', 'src', 'realtime', 'cluster', 'copy-lua.mjs');
if (existsSync(copy)) spawnSync(process.execPath, [copy], { stdio: 'inherit' });

// By the sources: of one that was deleted, what was built may still be there.
const sources = path.join(__dirname, '..', '..', 'test');
const files = readdirSync(sources, { recursive: true })
  .map(file => String(file))
  .filter(isWanted)
  .sort()
  .map(file => path.join(__dirname, file.replace(/\.ts$/, '.js')));

if (files.length === 0) {
  console.error(`no test file has ${wanted.map(part => `"${part}"`).join(' or ')} in its path`);
  process.exit(2);
}
// Half of a test is waiting: three files at once keep two processors busy.
const options = ['--test', '--test-concurrency=3', '--test-reporter=spec', `--test-timeout=${long ? 1800000 : 600000}`];
const { status } = spawnSync(process.execPath, [...options, ...files], { stdio: 'inherit' });
process.exitCode = status ?? 1;
