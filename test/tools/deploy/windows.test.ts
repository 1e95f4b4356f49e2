/*
 * The .cmd files in wine's cmd, with Windows' own node. Each file runs once. windows.long.test.ts runs them
 * more often, in another node, with names that are hard to write.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { inWindows, startServerInWine } from './wine';
import { NAME } from './world';

test('install.cmd, update.cmd, back.cmd and uninstall.cmd in wine\'s cmd, with node.exe', async t => {
  const wine = await startServerInWine(t, '12.16.1');
  if (!wine) return;
  const app = path.join(wine.folder, 'inetpub', NAME);
  const version = () => /\d+\.\d+\.\d+/.exec(readFileSync(path.join(app, 'dist', 'server.js'), 'utf8'))![0];

  const installed = await wine.cmd(path.join(wine.package, 'install.cmd'), '--folder', inWindows(app));
  assert.equal(installed.status, 0, installed.text);
  const updated = await wine.cmd(path.join(wine.make('1.0.2'), 'update.cmd'));
  assert.equal(updated.status, 0, updated.text);
  assert.equal(version(), '1.0.2');
  // back.cmd replaces its own file while it runs.
  const back = await wine.cmd(path.join(app, 'back.cmd'));
  assert.equal(back.status, 0, back.text);
  assert.equal(version(), '1.0.1');
  const gone = await wine.cmd(path.join(app, 'uninstall.cmd'));
  assert.equal(gone.status, 0, gone.text);
  const wrong = await wine.cmd(path.join(wine.package, 'install.cmd'), '--sight');
  assert.equal(wrong.status, 2, wrong.text);

  delete wine.env.WINEPATH;
  const none = await wine.cmd(path.join(wine.package, 'install.cmd'));
  assert.equal(none.status, 1, none.text);
  assert.match(none.text, /^missing {2}node was not found\. .*node-v12\.22\.12-x64\.msi$/m);
});
