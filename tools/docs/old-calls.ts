/*
 * The tables in docs/from-0.9.md. Their rows are in test/from-0.9/calls.ts, and calls.test.ts
 * compiles and runs each call.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Block } from './blocks';

/** A call of 0.9. */
interface Row {
  call: string;
  /** A few words about the call here. */
  says?: string;
  /** The message of the error that the call throws here. */
  line?: string;
  /** The code to write in place of the call. */
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
  [write === undefined ? '' : code(write), says ?? ''].filter(text => text !== '').join('. ');

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

/** The functions that write the tables, by the tables' marks in the page. */
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

/** The blocks of the page. There are none if the tests are not built. */
export const oldCallBlocks: Block[] = Object.entries(TABLES)
  .filter(() => existsSync(ROWS))
  .map(([mark, text]) => ({
    file: 'docs/from-0.9.md', mark, text: () => text(createRequire(ROWS)(ROWS) as Calls),
  }));
