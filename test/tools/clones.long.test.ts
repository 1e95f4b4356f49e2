/*
 * Clones of the template with the changes of their owners. One owner has followed "Make it yours"
 * in the README to the letter, so the demo and its tests are gone. Another owner has deleted all
 * folders that docs/developing.md names for this. Each clone builds, passes the linter, and passes
 * its whole `npm test`. test/run.ts runs this file alone, after all other long tests.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { command, commit, env, git, repository } from '../support/repository';
import { edit, root } from '../support/template';
import { buildAndLint, DELETABLE } from './clones/cases';
import { first } from './rename/cases';

const APP = `import type { ClientToServerEvents, ServerToClientEvents } from './events';
import type { Server } from './realtime';

/** A chat: what one says goes to all who are in its room. */
export function app(io: Server<ClientToServerEvents, ServerToClientEvents>): void {
  io.sockets.on('connection', socket => {
    socket.on('join', room => { socket.join(String(room)); });
    socket.on('say', (room, text, done) => {
      io.sockets.to(String(room)).emit('said', String(text));
      if (typeof done === 'function') done();
    });
  });
}
`;
const EVENTS = `export interface ClientToServerEvents {
  join: (room: string) => void;
  say: (room: string, text: string, done?: () => void) => void;
}

export interface ServerToClientEvents {
  said: (text: string) => void;
}
`;
const PAGE = `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>A chat</title></head>
<body>
  <ol id="said"></ol>
  <script src="socket/socket.io.js"></script>
  <script src="realtime.js"></script>
  <script src="chat.js"></script>
</body>
</html>
`;
const SCRIPT = `(function () {
  'use strict';
  var connection = Realtime.connect();
  connection.on('said', function (text) {
    var line = document.createElement('li');
    line.textContent = text;
    document.body.appendChild(line);
  });
  connection.on('status', function (status) {
    if (status.state === 'connected' && !status.recovered) connection.emit('join', 'lobby');
  });
  connection.emit('say', 'lobby', 'hello');
})();
`;
const TEST = `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, connect, next } from './support/client';
import { startApp } from './support/server';

test('what one says is heard in the room', async t => {
  const { origin } = await startApp(t);
  const client = connect(t, origin);
  await next(client, 'connect');
  client.emit('join', 'lobby');
  const said = next(client, 'said');
  await ask(client, 'say', 'lobby', 'hello');
  assert.deepEqual(await said, ['hello']);
});
`;

/** Builds a clone, runs its linter, and then all files of its `npm test`. */
function passesItsTests(t: TestContext, folder: string): void {
  commit(folder);
  buildAndLint(folder);
  const run = path.join(folder, 'build', 'test', 'run.js');
  const { status, stdout } = spawnSync(process.execPath, [run], { cwd: folder, env, encoding: 'utf8', maxBuffer: 2 ** 28 });
  const summary = stdout.slice(stdout.lastIndexOf('ℹ tests'));
  t.diagnostic(`npm test of the clone: ${summary.split('\n').slice(0, 8).join(', ').replaceAll('ℹ ', '')}`);
  assert.equal(status, 0, summary.slice(0, 20000));
}

test('after "Make it yours", with the demo gone: it builds, and its whole npm test passes', t => {
  const folder = repository(t);
  if (!folder) return;
  const write = (name: string, text: string) => writeFileSync(path.join(folder, name), text);
  git(folder, 'remote', 'add', 'origin', 'https://github.com/ada/chat.git');
  assert.equal(command(folder, 'rename', first).stderr, '');
  commit(folder);
  write('README.md', '# Our chat\n\nPeople talk here.\n');
  write('CHANGELOG.md', '# What is new\n');
  write('LICENSE', 'All rights are ours.\n');
  write('src/events.ts', EVENTS);
  write('src/app.ts', APP);
  for (const name of readdirSync(path.join(folder, 'public'))) {
    if (name !== 'realtime.js') rmSync(path.join(folder, 'public', name));
  }
  write('public/index.html', PAGE);
  write('public/chat.js', SCRIPT);
  edit(folder, ['src/pages.ts', `pages.get('/health'`, `pages.get('/own', (_req, res) => { res.redirect('/${first}/'); });\n\n  pages.get('/health'`]);
  // test/site/demo is not there if this project has no demo any more.
  rmSync(path.join(folder, 'test', 'site', 'demo'), { recursive: true, force: true });
  write('test/app.test.ts', TEST);
  passesItsTests(t, folder);
});

test('with all folders gone that can be deleted: it builds, and its whole npm test passes', t => {
  const folder = repository(t);
  if (!folder) return;
  // The loop deletes test/tools, and test/tools/bench after it, so `force` is needed.
  for (const name of DELETABLE.flat()) rmSync(path.join(folder, name), { recursive: true, force: true });
  const manifest = path.join(folder, 'package.json');
  writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(/^ *"postlint": .*\r?\n/m, ''));
  // test/app.test.ts and test/site/demo test the application of the template, and the clone has the
  // one of the tests.
  for (const name of ['src/app.ts', 'src/events.ts', 'public']) {
    cpSync(path.join(root, name), path.join(folder, name), { recursive: true });
  }
  passesItsTests(t, folder);
});
