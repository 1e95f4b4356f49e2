/* docs/troubleshooting.md, held together with the statuses that the stand-in answers with. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { REDIRECTS, STATUSES } from '../../tools/iis/statuses';
import { root } from '../support/template';

const text = readFileSync(path.join(root, 'docs', 'troubleshooting.md'), 'utf8');
const HEAD = '| on the server itself | elsewhere | cause | what to do |';

/** The rows of a table that begins with that line: their cells. */
function rowsOf(page: string, head: string): string[][] {
  const rows: string[][] = [];
  let inTable = false;
  for (const line of page.split('\n')) {
    if (line === head) inTable = true;
    else if (!line.startsWith('|')) inTable = false;
    else if (inTable && !/^\|[ |-]+\|$/.test(line)) rows.push(line.split('|').slice(1, -1).map(cell => cell.trim()));
  }
  return rows;
}

const rows = rowsOf(text, HEAD);

/** Whether a text names a status, as a whole: 404 is not 404.8. */
function names(cell: string, status: string): boolean {
  return new RegExp(`(^|[^\\d.])${status.replace('.', '\\.')}(?!\\d|\\.\\d)`).test(cell);
}

for (const status of [...STATUSES.keys(), ...Object.values(REDIRECTS).map(String)]) {
  test(`${status}, which preview can answer with, has its row`, () => {
    const found = rows.filter(([here]) => names(here!, status));
    assert(found.length > 0);
  });
}

test('each row has all four cells, and says what to do', () => {
  assert(rows.length > 70, String(rows.length));
  for (const row of rows) {
    assert.equal(row.length, 4, row.join(' | '));
    assert(row[0] && row[2] && row[3], row.join(' | '));
  }
});

test('a status that no source of the stand-in names is not in its table', () => {
  const folder = path.join(root, 'tools', 'iis');
  const sources = readdirSync(folder).filter(name => name.endsWith('.ts') && name !== 'statuses.ts');
  const all = sources.map(name => readFileSync(path.join(folder, name), 'utf8')).join('\n');
  const filtering = readFileSync(path.join(folder, 'filtering.ts'), 'utf8');
  for (const status of STATUSES.keys()) {
    const filtered = /^404\.(\d+)$/.exec(status)?.[1];
    const answered = all.includes(`'${status}'`) || (filtered && new RegExp(`return ${filtered};`).test(filtering));
    assert(answered, status);
  }
});

test('the README has the commonest symptoms only, and leads to the page', () => {
  const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
  const shown = rowsOf(readme, '| what you see | cause | what to change |');
  assert(shown.length > 0 && shown.length <= 10, String(shown.length));
  assert(readme.includes('(docs/troubleshooting.md)'));
});
