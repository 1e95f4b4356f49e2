/*
 * Tries each row of the table in docs/moving-on.md with Socket.IO 4. A row without a test here
 * fails.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { root } from '../../support/template';
import { application } from './moving-on/application';
import { page } from './moving-on/page';
import { server } from './moving-on/server';
import { socketIo4 } from './moving-on/socketio4';

const rows = { ...application, ...server, ...page };

test('the rows of the table are those that are tried here', () => {
  const text = readFileSync(path.join(root, 'docs', 'moving-on.md'), 'utf8');
  const [, , ...table] = Array.from(text.matchAll(/^\| (.+?) \|/gm), row => row[1]);
  assert.deepEqual(table, Object.keys(rows));
});

for (const [row, check] of Object.entries(rows)) {
  test(row, async t => {
    if (socketIo4(t)) await check(t);
  });
}
