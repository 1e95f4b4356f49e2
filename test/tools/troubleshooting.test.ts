/* docs/troubleshooting.md names the statuses of the stand-in for IIS, and describes its answers. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { REDIRECTS, STATUSES } from '../../tools/iis/statuses';
import { emptyFolder, root } from '../support/template';
import { serve } from './iis-application';

const text = readFileSync(path.join(root, 'docs', 'troubleshooting.md'), 'utf8');
const HEAD = '| on the server itself | elsewhere | cause | what to do |';

/** Returns the cells of each row of a table. @param head the first line of the table */
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

/** Says whether a text names a status. A text with 404.8 does not name 404. */
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

/** The answer that a browser shows. */
type Shown = [status: number, text: RegExp];
/**
 * Faults in the template's own web.config, and requests that it refuses. Each has the answer to a
 * browser on the server itself, and the answer to a browser elsewhere.
 */
const SHOWN: [status: string, edit: [from: string, to: string], ask: string, method: string, here: Shown, elsewhere: Shown][] = [
  ['404.8', ['', ''], 'iisnode/x', 'GET', [404, /^$/], [404, /^$/]],
  ['404.13', ['', ''], 'x', 'POST', [404, /^$/], [404, /^$/]],
  ['404.15', ['', ''], `x?${'y'.repeat(2100)}`, 'GET', [404, /^$/], [404, /^$/]],
  ['404.4', ['path="dist/server.js"', 'path="dist/other.js"'], 'x', 'GET', [404, /^$/], [404, /^$/]],
  ['500.52', ['url=".*"', 'url="{"'], 'x', 'GET', [500, /^$/], [500, /^$/]],
  ['500.22', ['validateIntegratedModeConfiguration="false"', ''], 'x', 'GET', [500, /^$/], [500, /^$/]],
  ['500.1000', ['configOverrides=', 'unknown='], 'x', 'GET', [200, /iisnode/], [500, /^$/]],
  ['500.1002', ['', ''], 'x', 'GET', [500, /^$/], [500, /^$/]],
  ['500.19', ['<httpErrors ', '<httpErrors x="" '], 'x', 'GET', [500, /500\.19[^]*Unrecognized/], [500, /./]],
];
for (const [status, [from, to], url, method, ...shown] of SHOWN) {
  test(`${status}: what a browser on the server itself is shown, and one elsewhere, is what the page says`, async t => {
    const row = rows.find(([here]) => names(here!, status))!;
    for (const [at, local] of [true, false].entries()) {
      const config = readFileSync(path.join(root, 'web.config'), 'utf8').replace(from, to);
      const parent = emptyFolder(t, 'parent-');
      writeFileSync(path.join(parent, 'web.config'), '<configuration><system.web><httpModules><add name="a" type="b" /></httpModules></system.web></configuration>');
      const { get, trace } = await serve(t, { 'web.config': config, 'dist/server.js': 'process.exit(1);' }, {
        app: '/app', local, parents: [path.join(parent, 'web.config')],
      });
      const headers = method === 'POST' ? { 'content-length': '2000000' } : {};
      const answer = await get(url, { method, headers }, method === 'POST' ? 'x'.repeat(2000000) : '');
      assert.equal(answer.status, shown[at]![0]);
      assert.match(answer.text, shown[at]![1]);
      if (answer.status !== 200) assert(trace().includes(status), trace());
      const cell = row[at] === 'the same' ? row[0]! : row[at]!;
      assert.equal(/\bempty\b/.test(cell), answer.text === '', `${status}: ${cell}`);
    }
  });
}
