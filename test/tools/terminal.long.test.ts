/* The output of npm run package on a terminal and in a pipe. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { repository } from '../support/repository';
import { hasTerminal, left, nodeLine, shown } from '../support/terminal';

test('package: each step that takes long is shown on a terminal while it runs, and none in a pipe', async t => {
  if (!hasTerminal(t)) return;
  const folder = repository(t, ['test']);
  if (!folder) return;
  const line = nodeLine(path.join(folder, 'build', 'tools', 'package', 'index.js'));
  const steps = ['compares node_modules with package-lock.json', 'builds dist', 'bundles the server', 'tries the package'];
  const output = await shown('terminal', line, folder);
  for (const step of steps) assert(output.includes(`\r\x1b[K… ${step}`), `${step}\n${output}`);
  assert.match(output, /a message to Socket.IO is acknowledged/);
  assert(!left(output).some(one => one.includes('…')), output);
  const piped = await shown('pipe', line, folder);
  assert.match(piped, /^built dist\n/m);
  assert.doesNotMatch(piped, /\r|\x1b|…/); // eslint-disable-line no-control-regex
});
