/*
 * Clones of the template as their owners change them: after README's "Make it yours", with the demo
 * gone; with all folders gone that README says can be deleted; and with each of them gone alone.
 * What is left builds, lints, passes its tests, and each command runs. Of the tests those are run that
 * a user's application, its page, its name or a folder that is gone could break; all of them would
 * take as long again as `npm test`.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { startIis } from '../../tools/iis/index';
import { command, commit, env, npm, repository } from '../support/repository';
import { startServer } from '../support/server';
import { appPath, edit, root } from '../support/template';
import { until } from '../support/wait';

/** What README says can be deleted: each by itself, and all of them. */
const DELETABLE = [['test/hostile'], ['test/cluster'], ['test/tools'], ['tools/bench', 'test/bench']];

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

/** Runs a program of node_modules in a clone. @throws with what it said, if it fails */
function run(folder: string, program: string, ...args: string[]): void {
  try {
    execFileSync(process.execPath, [path.join(root, 'node_modules', program), ...args], { cwd: folder, env, stdio: 'pipe' });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: Buffer; stderr: Buffer };
    assert.fail(`${program} ${args.join(' ')}:\n${stdout.toString()}${stderr.toString()}`);
  }
}

/** Builds and lints a clone, from nothing. */
function buildAndLint(folder: string): void {
  for (const built of ['dist', 'build/src', 'build/tools', 'build/test']) rmSync(path.join(folder, built), { recursive: true, force: true });
  run(folder, 'typescript/bin/tsc', '-b', '.', 'src/browser', 'tools', 'test');
  run(folder, 'eslint/bin/eslint.js', '.');
}

/** Runs `npm test -- …` of a clone: the tests with one of these words in their path. */
function passesItsTests(t: TestContext, folder: string, ...words: string[]): void {
  const run = path.join(folder, 'build', 'test', 'run.js');
  const { status, stdout } = spawnSync(process.execPath, [run, ...words], { cwd: folder, env, encoding: 'utf8', maxBuffer: 2 ** 28 });
  const summary = stdout.slice(stdout.lastIndexOf('ℹ tests')).slice(0, 5000);
  t.diagnostic(summary.split('\n').slice(0, 8).join(', '));
  assert.equal(status, 0, summary);
}

/** Runs each command once, as far as it goes without a server of IIS. */
async function commandsRun(t: TestContext, folder: string): Promise<void> {
  const server = await startServer(t, { folder });
  assert.equal((await fetch(server.page)).status, 200);

  const preview = spawn(process.execPath, [path.join(folder, 'build', 'tools', 'iis', 'preview.js')], { cwd: folder, env: { ...env, PORT: '0' } });
  t.after(() => preview.kill());
  let said = '';
  preview.stdout.on('data', part => { said += String(part); });
  preview.stderr.on('data', part => { said += String(part); });
  await until(() => /http:\/\/localhost:\d+\S*/.test(said), 'preview to say where it is', 60);

  assert.match(npm(folder, 'run', 'package'), /a message is /);
  const packed = path.join(folder, 'build', readdirSync(path.join(folder, 'build')).find(name => name.endsWith('.zip'))!.replace('.zip', ''));
  const iis = await startIis({ folder: packed, app: appPath });
  t.after(iis.close);
  const verify = path.join(folder, 'build', 'tools', 'verify', 'index.js');
  await new Promise<void>((resolve, reject) => {
    const child = spawn(process.execPath, [verify, iis.url, '--hold', '1'], { cwd: folder, env });
    let output = '';
    child.stdout.on('data', part => { output += String(part); });
    child.on('close', code => code === 0 ? resolve() : reject(new Error(output)));
  });

  if (existsSync(path.join(folder, 'tools', 'bench'))) {
    const bench = path.join(folder, 'build', 'tools', 'bench', 'index.js');
    execFileSync(process.execPath, [bench, '--help'], { cwd: folder, env, stdio: 'pipe' });
  }
  assert.equal(command(folder, 'rename', 'renamed').stderr, '');
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
  passesItsTests(t, folder, 'app', 'site', 'cluster-renewed', 'polling', 'delivery', 'fuzz', 'tools/package', 'tools/rename', 'preview');
});

test('with all folders gone that can be deleted: it builds, and its tests pass', t => {
  const folder = repository(t);
  if (!folder) return;
  for (const name of DELETABLE.flat()) rmSync(path.join(folder, name), { recursive: true });
  commit(folder);
  buildAndLint(folder);
  passesItsTests(t, folder, 'app', 'site', 'realtime/api', 'json', 'rooms');
});

describe('with a folder gone, it builds, and each command runs', () => {
  for (const folders of DELETABLE) {
    test(folders.join(' and '), async t => {
      const folder = repository(t);
      if (!folder) return;
      const readme = readFileSync(path.join(folder, 'README.md'), 'utf8');
      for (const name of folders) {
        assert(readme.includes(`\`${name}\``), `README names ${name}`);
        rmSync(path.join(folder, name), { recursive: true });
      }
      commit(folder);
      buildAndLint(folder);
      await commandsRun(t, folder);
    });
  }
});
