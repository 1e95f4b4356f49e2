/* The part that the tests of rename share. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { startIis } from '../../../tools/iis/index';
import { connect, next } from '../../support/client';
import { HOLDER } from '../../../tools/rename/repository';
import { command, commit, env, npm, repository } from '../../support/repository';
import { startServer } from '../../support/server';
import { appPath, root } from '../../support/template';

/** The present name of the template. */
export const current = appPath.slice(1);
/**
 * New names. They differ from the present name, so the tests pass under any name. Each is a word
 * that the README of a clone has or may have. Only `odd` is no word.
 */
export const [first, second, last] = ['chat', 'server', 'test', 'page'].filter(name => name !== current) as [string, string, string];
export const odd = current === 'Qw.erty-9' ? 'Zx.cvb-9' : 'Qw.erty-9';

const ADDRESS = 'https://github.com/OWNER/REPOSITORY';
/** The texts of a template that nobody has made his own. test/site/demo tests those of the template. */
const TEXTS = {
  'README.md': `# Socket.IO 0.9 on IIS 7.5: a starter template

[![tests](${ADDRESS}/actions/badge.svg)](${ADDRESS}/actions)

The page of this server is at http://localhost:3000/${current}/. A test has another name for it:
\`npm run rename -- chat\`.
`,
  'CHANGELOG.md': '# Changelog\n',
  LICENSE: `MIT License\n\nCopyright (c) 2026 ${HOLDER}\n`,
  '.github/page.png': '\0',
};

/**
 * Makes a repository of the template without its tests. Its owner has made none of the texts and
 * the fields of package.json his own, so the tests of rename pass whatever the owner has written.
 * @returns its folder; null if there is no git, and the test is then skipped
 */
export function freshRepository(t: TestContext): string | null {
  const folder = repository(t, ['test']);
  if (!folder) return null;
  mkdirSync(path.join(folder, '.github'), { recursive: true });
  for (const [name, text] of Object.entries(TEXTS)) writeFileSync(path.join(folder, name), text);
  const name = 'socket.io-iis-template';
  const write = (file: string, fields: object) => writeFileSync(path.join(folder, file), `${JSON.stringify(fields, null, 2)}\n`);
  write('package.json', {
    ...json(folder, 'package.json'), name, description: 'Starter template: a server',
    repository: ADDRESS, bugs: `${ADDRESS}/issues`, homepage: `${ADDRESS}#readme`,
  });
  const lock = json(folder, 'package-lock.json');
  lock.packages['']!.name = name;
  write('package-lock.json', { ...lock, name });
  commit(folder);
  return folder;
}

/** Runs the compiler of this project. */
export const tsc = (...args: string[]) => execFileSync(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc'), ...args], { env });

/**
 * Expects the command to refuse its arguments with one line.
 * @param exit the exit status; 2 if the arguments have the wrong form
 */
export function refuses(folder: string, args: string[], says: RegExp, exit = 1): void {
  const { status, stdout, stderr } = command(folder, 'rename', ...args);
  assert.equal(status, exit, args.join(' '));
  assert.equal(stdout, '');
  assert.match(stderr, says);
  assert.match(stderr, /^.+\n$/);
}

/** Names that the command refuses. The names of one list have the same reason. */
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

/**
 * Expects the built server at /name, and not at the old name. The server runs alone, as an
 * application of IIS, and as the root of a site.
 */
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

/** Expects the name in package.json and package-lock.json, and expects npm to accept both files. */
export function hasPackageName(folder: string, name: string): void {
  assert.equal(json(folder, 'package.json').name, name);
  assert.equal(json(folder, 'package-lock.json').name, name);
  assert.equal(json(folder, 'package-lock.json').packages['']!.name, name);
  npm(folder, 'ci', '--dry-run', '--offline', '--ignore-scripts');
}
