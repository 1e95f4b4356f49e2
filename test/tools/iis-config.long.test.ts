/* The order in which the compiler writes a build, as iis-config.test.ts has it from the compiler's list. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { readSiteConfig } from '../../tools/iis/config';
import { readSettings } from '../../tools/iis/settings';
import { emptyFolder, root } from '../support/template';

test('tsc writes the one file that is watched last', t => {
  const { handlers, iisnode } = readSiteConfig(root, '7.5');
  const { watchedFiles } = readSettings(iisnode, path.join(root, handlers[0]!.path));
  const folder = emptyFolder(t, 'built-');
  const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const written = execFileSync(process.execPath, [tsc, '-p', root, '--outDir', folder, '--listEmittedFiles'], { encoding: 'utf8' });
  // A source map is for a debugger: no process of node reads it at its start.
  const read = written.trim().split(/\s*\n/).filter(file => !file.endsWith('.map'));
  assert.equal(path.basename(read.at(-1)!), watchedFiles);
});
