/*
 * README.md's tables list 0.9's own cases. Each case has a row, and each test that a row names
 * exists.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { root } from '../support/template';

/** How many cases each file of 0.9.19's tests has. */
const CASES: { [file: string]: number } = {
  'manager.test.js': 27,
  'namespace.test.js': 8,
  'transports.xhr-polling.test.js': 51,
  'transports.websocket.test.js': 32,
};

/** @returns the numbers of a text such as '1, 3-5' */
const numbers = (text: string) => text.split(', ').flatMap(part => {
  const ends = part.split('-').map(Number);
  const [first, last] = [ends[0]!, ends.at(-1)!];
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
});

const text = readFileSync(path.join(root, 'test', 'from-0.9', 'README.md'), 'utf8');

for (const [file, count] of Object.entries(CASES)) {
  test(`${file}: each case has a row, with a test that is there or a reason`, () => {
    const part = text.split(`## ${file}\n`)[1]!.split('\n## ')[0]!;
    const rows = part.split('\n').filter(line => /^\| \d/.test(line))
      .map(line => line.split('|').slice(1, -1).map(cell => cell.trim()));
    const found = new Set(rows.flatMap(([cases]) => numbers(cases!)));
    assert.deepEqual([...found].sort((a, b) => a - b), Array.from({ length: count }, (_, i) => i + 1));
    for (const [cases, , where, name] of rows) {
      if (where === 'none') assert(name!.length > 20, `no reason for ${cases}`);
      else {
        const source = readFileSync(path.join(root, where!), 'utf8').replaceAll("\\'", "'");
        assert(source.includes(name!), `${where} has no test "${name}"`);
      }
    }
  });
}
