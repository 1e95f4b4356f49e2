/* What the tests of rename share. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { startIis } from '../../../tools/iis/index';
import { connect, next } from '../../support/client';
import { command, env, npm } from '../../support/repository';
import { startServer } from '../../support/server';
import { appPath, root } from '../../support/template';

/** The name that the template has. */
export const current = appPath.slice(1);
/** Names to give, other than the one it has: this holds under any. Each is a word of the README, or may become one; `odd` is none. */
export const [first, second, last] = ['chat', 'server', 'test', 'page'].filter(name => name !== current) as [string, string, string];
export const odd = current === 'Qw.erty-9' ? 'Zx.cvb-9' : 'Qw.erty-9';

/** Runs the compiler of this project. */
export const tsc = (...args: string[]) => execFileSync(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc'), ...args], { env });

/** The command refuses, with one line: exit status 1, or 2 where it was called wrongly. */
export function refuses(folder: string, args: string[], says: RegExp, exit = 1): void {
  const { status, stdout, stderr } = command(folder, 'rename', ...args);
  assert.equal(status, exit, args.join(' '));
  assert.equal(stdout, '');
  assert.match(stderr, says);
  assert.match(stderr, /^.+\n$/);
}

/** Names that are refused, with why: those of one line for one reason. */
export const badNames: [names: string[], says: RegExp][] = [
  [['bin', 'APP_CODE', 'app_globalresources', 'App_LocalResources', 'App_WebReferences', 'App_Data', 'App_Browsers', 'web.config'], /404\.8/],
  [['node_modules', 'IISnode'], /404\.8/],
  [['chat.cs', 'chat.config', 'chat.MDF'], /404\.7/],
  [['con', 'NUL', 'aux', 'prn', 'com1', 'LPT9', 'nul.txt'], /device/],
  [['tools/chat', '/tools/chat', 'a//b'], /one segment/],
  [['', '/', 'chat/', '//chat', '..', '.', 'chat.', '.chat', '_chat', 'a b', 'a~1', 'a+b', 'a%20b', 'C:\\chat', 'grün', 'a?b', 'a&b', 'a:b', '<a>'], /letters/],
  [['x'.repeat(65)], /longer than 64/],
];

const json = (folder: string, file: string) => JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as { name: string; packages: Record<string, { name: string }> };

/** The built server lives at /name, and nowhere else: by itself, as an application of IIS and as the root of a site. */
export async function livesAt(t: TestContext, folder: string, name: string, old: string): Promise<void> {
  const server = await startServer(t, { folder });
  assert.equal(server.page, `${server.origin}/${name}/`);
  const page = await (await fetch(server.page)).text();
  assert.equal(/<title>(.*)<\/title>/.exec(page)![1], name);
  assert.equal(/<h1>(.*)<\/h1>/.exec(page)![1], name);
  const script = new URL(/id="client" src="([^"]+)"/.exec(page)![1]!, server.page);
  assert.equal((await fetch(script)).status, 200);
  assert.equal((await fetch(`${server.origin}/${old}/`)).status, 404);
  await next(connect(t, server.origin, { resource: script.pathname.slice(1).replace('/socket.io.js', '') }), 'connect');

  for (const app of [`/${name}`, '/']) {
    const trace: string[] = [];
    const iis = await startIis({ folder, app, trace: line => { trace.push(line); } });
    t.after(iis.close);
    await next(connect(t, iis.origin, { resource: `${name}/socket` }), 'connect');
    assert.match(trace[0]!, /→ rule "socket" →/);
    assert.equal((await fetch(`${iis.origin}/${name}/`)).status, 200);
    assert.equal((await fetch(`${iis.origin}/${old}/`)).status, 404);
  }
}

/** The package has the name, and npm takes it. */
export function hasPackageName(folder: string, name: string): void {
  assert.equal(json(folder, 'package.json').name, name);
  assert.equal(json(folder, 'package-lock.json').name, name);
  assert.equal(json(folder, 'package-lock.json').packages['']!.name, name);
  npm(folder, 'ci', '--dry-run', '--offline', '--ignore-scripts');
}
