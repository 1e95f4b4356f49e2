/*
 * The tables in docs/from-0.9.md: the rows of test/from-0.9/calls.ts, each of which calls.test.ts
 * compiles and runs.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Block } from './blocks';

/** A call of 0.9: `line` is the error that it throws here, `write` what to write in its place. */
interface Row {
  call: string;
  says?: string;
  line?: string;
  write?: string;
}

/** The lists of rows, by their names in calls.ts. */
type Calls = Record<
  'ofIo' | 'ofNamespaces' | 'ofSockets' | 'refused' | 'others' | 'settings' | 'insides', Row[]
>;

/** The compiled rows. This file runs as build/tools/docs/old-calls.js. */
const ROWS = path.join(__dirname, '..', '..', 'test', 'from-0.9', 'calls.js');

const code = (text: string) =>
  `\`${text.replace(/\|/g, '\\|').replace(/!(?=[.)\]])/g, '')}\``;

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  const rule = `|${' --- |'.repeat(head.length)}`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

const thrown = ({ line }: Row) => line === undefined ? '' : `throws ${code(line)}`;
const instead = ({ write, says }: Row) =>
  [write === undefined ? '' : code(write), says ?? ''].filter(text => text !== '').join('; ');

const works = (rows: Row[]) => table(
  ['call', 'here'], rows.map(row => [code(row.call), row.says ?? '']));
const refused = (rows: Row[]) => table(
  ['call', 'here', 'write'], rows.map(row => [code(row.call), thrown(row), instead(row)]));
const replaced = (rows: Row[]) => table(
  ['call', 'in JavaScript', 'write'],
  rows.map(row => [code(row.call), thrown(row), instead(row)]));
const gone = (rows: Row[]) => table(
  ['call', 'in JavaScript'],
  rows.map(row => [code(row.call), thrown(row) || 'is of another kind here']));

function count({ ofIo, ofNamespaces, ofSockets, ...calls }: Calls): string {
  const work = ofIo.length + ofNamespaces.length + ofSockets.length;
  const left = calls.others.length + calls.settings.length + calls.insides.length;
  return `${work} calls work, ${calls.refused.length} throw, and ${left} do not compile.`;
}

/** By their marks in the page. */
const TABLES: Record<string, (calls: Calls) => string> = {
  io: ({ ofIo }) => works(ofIo),
  namespaces: ({ ofNamespaces }) => works(ofNamespaces),
  sockets: ({ ofSockets }) => works(ofSockets),
  refused: calls => refused(calls.refused),
  others: ({ others }) => replaced(others),
  settings: ({ settings }) => gone(settings),
  insides: ({ insides }) => gone(insides),
  count,
};

/** None, where the tests are not built. */
export const oldCallBlocks: Block[] = Object.entries(TABLES)
  .filter(() => existsSync(ROWS))
  .map(([mark, text]) => ({
    file: 'docs/from-0.9.md', mark, text: () => text(createRequire(ROWS)(ROWS) as Calls),
  }));
