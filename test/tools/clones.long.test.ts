/*
 * Clones of the template with the changes of their owners. One owner has followed "Make it yours"
 * in the README, and has deleted the demo. Another owner has deleted all folders that
 * docs/developing.md names for this. Each clone builds, and passes the linter and its tests. The
 * tests that run here are those that these changes could break. All tests of a clone would take as
 * long as the whole `npm test`.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { command, commit, env, repository } from '../support/repository';
import { edit, root } from '../support/template';
import { buildAndLint, DELETABLE } from './clones/cases';

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

/** Runs the tests of a clone that have one of these words in their path. */
function passesItsTests(t: TestContext, folder: string, ...words: string[]): void {
  const run = path.join(folder, 'build', 'test', 'run.js');
  const { status, stdout } = spawnSync(process.execPath, [run, ...words], { cwd: folder, env, encoding: 'utf8', maxBuffer: 2 ** 28 });
  const summary = stdout.slice(stdout.lastIndexOf('ℹ tests')).slice(0, 5000);
  t.diagnostic(summary.split('\n').slice(0, 8).join(', '));
  assert.equal(status, 0, summary);
}

test('after "Make it yours", with the demo gone: it builds, and its tests pass', t => {
  const folder = repository(t);
  if (!folder) return;
  assert.equal(command(folder, 'rename', 'chat').stderr, '');
  const write = (name: string, text: string) => writeFileSync(path.join(folder, name), text);
  write('src/events.ts', EVENTS);
  write('src/app.ts', APP);
  for (const name of readdirSync(path.join(folder, 'public'))) {
    if (name !== 'realtime.js') rmSync(path.join(folder, 'public', name));
  }
  write('public/index.html', PAGE);
  write('public/chat.js', SCRIPT);
  edit(folder, ['src/pages.ts', `pages.get('/health'`, `pages.get('/own', (_req, res) => { res.send('my own page'); });\n\n  pages.get('/health'`]);
  rmSync(path.join(folder, 'test', 'site', 'demo'), { recursive: true });
  write('test/app.test.ts', TEST);
  commit(folder);
  buildAndLint(folder);
  passesItsTests(t, folder, 'app', 'site/files', 'site/iis-template', 'site/process', 'polling', 'sessions', 'tools/package.test', 'tools/rename.test');
});

test('with all folders gone that can be deleted: it builds, and its tests pass', t => {
  const folder = repository(t);
  if (!folder) return;
  // The loop deletes test/tools, and test/tools/bench after it, so `force` is needed.
  for (const name of DELETABLE.flat()) rmSync(path.join(folder, name), { recursive: true, force: true });
  // test/app.test.ts tests the application of the template, and the clone has the one of the tests.
  for (const name of ['src/app.ts', 'src/events.ts', 'public']) {
    cpSync(path.join(root, name), path.join(folder, name), { recursive: true });
  }
  commit(folder);
  buildAndLint(folder);
  passesItsTests(t, folder, 'app', 'site/files', 'site/process', 'realtime/api');
});
