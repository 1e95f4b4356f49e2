/*
 * On a person's terminal, the commands show colours, and the progress of work that takes longer
 * than two seconds. In a pipe they show neither. compare.test.ts tries compare.
 * terminal.long.test.ts tries package, which needs some seconds of the processor.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { hasTerminal, left, nodeLine, shown } from '../support/terminal';
import { root } from '../support/template';
import { site } from './verify/site';

const tool = (name: string, ...args: string[]) => nodeLine(path.join(root, 'build', 'tools', name, 'index.js'), ...args);
const ESCAPE = /\x1b/; // eslint-disable-line no-control-regex

test('verify: colours and progress on a terminal, neither in a pipe', { concurrency: 4 }, async t => {
  if (!hasTerminal(t)) return;
  const { url, folder } = await site(t);
  // The slowest check of this command takes more than three seconds.
  const line = tool('verify', '--hold', '3', '--clients', '2', url);
  const progress = /\r\x1b\[K… [1-9]\d* s, while polls are held/; // eslint-disable-line no-control-regex

  await Promise.all([
    t.test('a terminal', async () => {
      const output = await shown('terminal', line, folder);
      assert.match(output, progress);
      const lines = left(output);
      assert(lines.some(one => one.startsWith('\x1b[32mpassed\x1b[39m   first request ')), output);
      assert(lines.some(one => one.startsWith('\x1b[33mskipped\x1b[39m  message, websocket ')), output);
      const plain = lines.filter(one => /passed|skipped/.test(one) && !ESCAPE.test(one));
      assert.equal(plain.length, 1, 'the sum alone has no colour');
      assert(!lines.some(one => one.includes('…')), 'the progress is gone at the end');
    }),
    t.test('a terminal with NO_COLOR', async () => {
      const output = await shown('terminal', line, folder, { NO_COLOR: '1' });
      assert.match(output, progress);
      assert.match(output, /passed {3}first request /);
      assert.doesNotMatch(left(output).join('\n'), ESCAPE);
    }),
    t.test('a pipe', async () => {
      const output = await shown('pipe', line, folder);
      assert.match(output, /^passed {3}first request /m);
      assert.doesNotMatch(output, ESCAPE);
      assert.doesNotMatch(output, /\r|while polls are held/);
    }),
    t.test('a terminal whose table goes through a pipe', async () => {
      const output = await shown('terminal', `${line} | cat`, folder);
      assert.match(output, progress);
      assert.match(output, /passed {3}first request /);
      assert.doesNotMatch(left(output).join('\n'), ESCAPE);
    }),
  ]);
});
