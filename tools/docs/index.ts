/* npm run docs: fills in the texts of docs/ that come from code. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readConfig } from '../../src/config';
import { command, UsageError } from '../command';
import { Refusal } from '../refusal';
import { BLOCKS, fillPage, MarkError } from './blocks';

const USAGE = `npm run docs -- [options]

Fills in the texts of docs/ that come from code, such as the lines of install.cmd. Each text has its
place between two marks. npm test fails while a page has a text that is out of date.

  --check   writes nothing; prints the pages with texts that are out of date, and ends with exit
            code 1 if there is such a page
`;

/** The project's folder. This file runs as build/tools/docs/index.js. */
const root = path.join(__dirname, '..', '..', '..');

const OPTIONS = { check: { type: 'boolean', default: false } } as const;

command('docs', USAGE, OPTIONS, ({ values, positionals }) => {
  if (positionals.length > 0) throw new UsageError(`takes no ${positionals[0]}`);
  const { appPath } = readConfig({});
  let changed = 0;
  for (const name of new Set(BLOCKS.map(({ file }) => file))) {
    const file = path.join(root, name);
    const before = readFileSync(file, 'utf8');
    const after = fillPageOf(name, before, appPath);
    if (after === before) continue;
    changed += 1;
    if (!values.check) writeFileSync(file, after);
    console.log(`${name}${values.check ? ' has other texts: npm run docs' : ' is filled in'}`);
  }
  if (changed === 0) console.log('All texts that come from code are there.');
  return values.check && changed > 0 ? 1 : 0;
});

function fillPageOf(name: string, page: string, appPath: string): string {
  try {
    return fillPage(name, page, appPath);
  } catch (error) {
    if (error instanceof MarkError) throw new Refusal(error.message);
    throw error;
  }
}
