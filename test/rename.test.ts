import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { elements } from './config-files';
import { cloneTemplate, connect, next, root, startServer } from './helper';

/** The places that the README names, and no other. */
const PLACES = ['src/config.ts', 'web.config'];

test('renaming myApp in the places that the README names renames it', async t => {
  const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
  for (const place of PLACES) assert(readme.includes(`\`${place}\``), place);

  const folder = cloneTemplate(t);
  for (const place of PLACES) {
    const file = path.join(folder, place);
    writeFileSync(file, readFileSync(file, 'utf8').replace(/myApp/g, 'chat'));
  }
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'), 'junction');
  execFileSync(process.execPath, [path.join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', folder]);

  const server = await startServer(t, { folder });
  assert.equal(server.page, `${server.origin}/chat/`);
  const page = await (await fetch(server.page)).text();
  const script = new URL(/id="client" src="([^"]+)"/.exec(page)![1]!, server.page);
  assert.equal((await fetch(script)).status, 200);
  assert.equal((await fetch(`${server.origin}/myApp/`)).status, 404);
  await next(connect(t, server.origin, { resource: script.pathname.slice(1).replace('/socket.io.js', '') }), 'connect');

  const rule = elements('match', readFileSync(path.join(folder, 'web.config'), 'utf8'))[0]!.getAttribute('url')!;
  assert.match('chat/socket/1/', new RegExp(rule));
});
