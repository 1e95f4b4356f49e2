/* What the tests of the package share. */
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

/** The name of the folder that is made, and of the zip file. */
export const NAME = appPath.split('/').pop()!;

/** The commands for the server, and their scripts. */
const DEPLOY = readdirSync(path.join(root, 'deploy'))
  .filter(name => /\.(cmd|js)$/.test(name))
  .map(name => name.endsWith('.cmd') ? name : `deploy/${name}`);

/** All that a server gets. */
export const FILES = [
  ...DEPLOY,
  'dist/commit.lua', 'dist/server.js', 'iisnode.yml', 'licenses.txt', 'node_modules/socket.io-client/dist/socket.io.min.js',
  'package.json',
  ...PUBLIC.map(name => `public/${name}`), 'web.config',
].sort();

/** Commits an edit, expects that there is no package, with that complaint and no stack, and takes the edit back. */
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

/** A package passes `npm run verify` on an old node; the test is skipped where that is not to be had. */
export async function verifies(t: TestContext, folder: string, version: string, app: string): Promise<void> {
  const node = oldNode(t, version);
  if (!node) return;
  const iis = await startIis({ folder, app, node });
  t.after(iis.close);
  const results = await verify(`${iis.origin}${appPath}/`, { hold: 1, folder });
  assert.deepEqual(results.filter(({ state }) => state === 'failed').map(({ name, saw }) => `${name}: ${saw}`), []);
  assert.match(results.find(({ name }) => name === 'health')!.saw, new RegExp(`node v${version}`));
}
