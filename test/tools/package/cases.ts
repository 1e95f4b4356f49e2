/* The part that the tests of the package share. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { startIis } from '../../../tools/iis/index';
import { verify } from '../../../tools/verify/verify';
import { PUBLIC } from '../../support/echo';
import { oldNode } from '../../support/fetched';
import { command, commit } from '../../support/repository';
import { appPath, edit, root } from '../../support/template';

/** The name of the folder and of the zip file that the command makes. */
export const NAME = appPath.split('/').pop()!;

/** The commands for the server, and their scripts. */
const DEPLOY = readdirSync(path.join(root, 'deploy'))
  .filter(name => /\.(cmd|js)$/.test(name))
  .map(name => name.endsWith('.cmd') ? name : `deploy/${name}`);

/** All files of a package. */
export const FILES = [
  ...DEPLOY,
  'dist/commit.lua', 'dist/server.js', 'iisnode.yml', 'licenses.txt', 'node_modules/socket.io-client/dist/socket.io.min.js',
  'package.json',
  ...PUBLIC.map(name => `public/${name}`), 'web.config',
].sort();

/**
 * Commits an edit, and expects the command to refuse the package. Then it takes the edit back.
 * @param complaint the text that the command has to print, without a stack
 */
export function breaks(folder: string, file: string, from: string | RegExp, to: string, complaint: RegExp): void {
  const before = readFileSync(path.join(folder, file), 'utf8');
  edit(folder, [file, from, to]);
  commit(folder);
  const { status, stdout, stderr } = command(folder, 'package');
  assert.equal(status, 1, stdout);
  assert.match(stderr, complaint);
  assert.doesNotMatch(stderr, /^ +at /m);
  writeFileSync(path.join(folder, file), before);
  commit(folder);
}

/**
 * Expects a package to pass `npm run verify` on an old node. Without this node, the test is
 * skipped.
 */
export async function verifies(t: TestContext, folder: string, version: string, app: string): Promise<void> {
  const node = oldNode(t, version);
  if (!node) return;
  const iis = await startIis({ folder, app, node });
  t.after(iis.close);
  const results = await verify(`${iis.origin}${appPath}/`, { hold: 1, folder });
  assert.deepEqual(results.filter(({ state }) => state === 'failed').map(({ name, saw }) => `${name}: ${saw}`), []);
  assert.match(results.find(({ name }) => name === 'health')!.saw, new RegExp(`node v${version}`));
}
