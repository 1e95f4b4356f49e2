/*
 * iis-config.test.ts takes the order of the files in a build from the compiler's list. Here, the
 * compiler writes them.
 */
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
  // No process of node reads a source map at its start. Only a debugger reads it.
  const read = written.trim().split(/\s*\n/).filter(file => !file.endsWith('.map'));
  assert.equal(path.basename(read.at(-1)!), watchedFiles);
});
