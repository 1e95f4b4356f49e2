/*
 * Checks that each row of the table in src/realtime/cluster/README.md, and each cell of the row,
 * has a test in steps.test.ts.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { root } from '../support/template';

const read = (...names: string[]) => readFileSync(path.join(root, ...names), 'utf8');

test('each cell of "Killed, paused or cut between two steps" has a test', () => {
  const [, table] = read('src', 'realtime', 'cluster', 'README.md')
    .split('\n| a process is … between | killed | paused, then back | cut off from Redis, then back |\n');
  const rows = table!.split('\n\n')[0]!.split('\n').slice(1).map(line => line.split('|')[1]!.trim());
  const groups = new Map(read('test', 'cluster', 'steps.test.ts').split('\ndescribe(\'').slice(1)
    .map(part => [part.slice(0, part.indexOf('\'')), part.slice(part.indexOf('\n'))]));
  assert.equal(rows.length, 8);
  assert.deepEqual(rows, [...groups.keys()]);
  for (const [row, source] of groups) {
    const cells = row === 'Redis is restarted'
      ? ['with its data', 'empty', 'with older data', 'empty, while a process is paused']
      : ['killed', 'paused', 'cut off'];
    for (const cell of cells) assert.match(source, new RegExp(`['\`]${cell}[':,]`), `${row}: ${cell}`);
  }
});
