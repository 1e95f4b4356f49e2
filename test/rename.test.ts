import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { appPath, cloneTemplate, connect, next, root, startServer } from './helper';
import { startIis } from './iis/index';

/** The places that the README names, and no other. */
const PLACES = ['src/config.ts', 'web.config'];

test('renaming the application in the places that the README names renames it', async t => {
  const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
  const [paragraph] = /\*\*Another name[^]*?\n\n/.exec(readme)!;
  assert.deepEqual([...paragraph.matchAll(/`([\w/]+\.\w+)`/g)].map(([, file]) => file), PLACES);

  const folder = cloneTemplate(t);
  for (const place of PLACES) {
    const file = path.join(folder, place);
    writeFileSync(file, readFileSync(file, 'utf8').replace(new RegExp(appPath.slice(1), 'g'), 'chat'));
  }
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'), 'junction');
  const tsc = (...args: string[]) => execFileSync(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc'), ...args]);
  tsc('-p', folder);

  const server = await startServer(t, { folder });
  assert.equal(server.page, `${server.origin}/chat/`);
  const page = await (await fetch(server.page)).text();
  const script = new URL(/id="client" src="([^"]+)"/.exec(page)![1]!, server.page);
  assert.equal((await fetch(script)).status, 200);
  assert.equal((await fetch(`${server.origin}${appPath}/`)).status, 404);
  await next(connect(t, server.origin, { resource: script.pathname.slice(1).replace('/socket.io.js', '') }), 'connect');

  for (const app of ['/chat', '/']) {
    const iis = await startIis({ folder, app });
    try {
      await next(connect(t, iis.origin, { resource: 'chat/socket' }), 'connect');
    } finally {
      // Before the folder goes: Windows keeps it while something runs in it.
      await iis.close();
    }
  }

  // Tests that look at names pass there too. node:test would not run in a process that it thinks its own.
  tsc('-p', path.join(folder, 'test'));
  const env = { ...process.env };
  delete env.NODE_TEST_CONTEXT;
  execFileSync(process.execPath, [path.join(folder, 'build', 'test', 'run.js'), 'iis-config', 'pages', 'polling', 'config'], { env });
});
