/* Runs the tests with node's own runner: all of them, or those whose file name holds one of the arguments. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** Those that send the demo's messages or open its page. They are left out where it has given way to an application. */
const OF_THE_DEMO = [
  'browser', 'delivery', 'fuzz', 'hostile-page', 'iis-template', 'killers', 'moving-on', 'nodes', 'package', 'polling', 'process', 'realtime',
  'reconnect', 'rename', 'sessions', 'types', 'verify', 'versions', 'websocket', 'windows',
].map(name => `${name}.test.js`);
const demo = existsSync(path.join(__dirname, '..', '..', 'public', 'demo.js'));

const wanted = process.argv.slice(2);
const files = readdirSync(__dirname, { recursive: true })
  .map(String)
  .filter(name => name.endsWith('.test.js') && (demo || !OF_THE_DEMO.includes(path.basename(name))) && (wanted.length === 0 || wanted.some(part => name.includes(part))))
  .sort()
  .map(name => path.join(__dirname, name));

if (!demo) console.log(`skipped: public/demo.js is gone, and with it what these test: ${OF_THE_DEMO.join(' ')}`);
if (files.length === 0) {
  console.error(`no test file has ${wanted.map(part => `"${part}"`).join(' or ')} in its name`);
  process.exit(1);
}
// Most of a test is waiting: two files at once, on one processor as well.
const { status } = spawnSync(process.execPath, ['--test', '--test-concurrency=2', '--test-reporter=spec', '--test-timeout=300000', ...files], { stdio: 'inherit' });
process.exitCode = status ?? 1;
