/*
 * The time of day jumps by an hour, forward or back. Meanwhile some clients are connected, and
 * others are between two polls. No session may end, and no poll may wait for longer. faketime moves
 * the clock of the server's process only.
 */
import assert from 'node:assert/strict';
import { ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test, TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';
import { available, notOnWindows } from '../support/available';
import { event } from '../support/raw';
import { request } from '../support/request';
import { emptyFolder, resource, root } from '../support/template';
import { until } from '../support/wait';

/** Debian and Ubuntu put the library of their package faketime at these paths. */
const LIBRARIES = ['x86_64-linux-gnu', 'aarch64-linux-gnu']
  .map(machine => `/usr/lib/${machine}/faketime/libfaketime.so.1`);

/** Starts a server whose time of day can be moved. `move` takes the seconds, such as '+3600'. */
async function start(t: TestContext, library: string, settings: Record<string, string>) {
  const folder = emptyFolder(t, 'clock-');
  const stamp = path.join(folder, 'time');
  writeFileSync(stamp, '+0\n');
  const socketPath = path.join(folder, 'server');
  const script = path.join(__dirname, 'worst', 'server.js');
  const child: ChildProcess = spawn(process.execPath, [script, path.join(root, 'dist'), socketPath], {
    env: {
      ...settings, LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: stamp, FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout!, 'data');
  const ask = (where: string, body?: string) =>
    request({ socketPath, path: resource + where, method: body === undefined ? 'GET' : 'POST' }, body);
  return { ask, socketPath, move: (by: string) => writeFileSync(stamp, `${by}\n`) };
}

describe('while the time of day jumps', { concurrency: true }, () => {
  for (const by of ['+3600', '-3600']) {
    test(`the time of day is set ${by} s: no session ends, no poll waits for longer`, notOnWindows('faketime'), async t => {
      const library = LIBRARIES.find(one => existsSync(one));
      if (!available(t, 'faketime, the package of that name,', library, false)) return;
      const settings = { SESSION_TIMEOUT: '30', TRANSPORTS: 'websocket,xhr-polling' };
      const { ask, socketPath, move } = await start(t, library!, settings);
      const open = async (query: string) => {
        const { text } = await ask(`/1/${query}`);
        const id = text.split(':')[0]!;
        await ask(`/1/xhr-polling/${id}${query}`);
        return `/1/xhr-polling/${id}${query}`;
      };
      const unused = `/1/xhr-polling/${(await ask('/1/')).text.split(':')[0]}`;
      const away = [await open('?got=0&try=1'), await open('')];
      const waiting = [await open('?got=0&try=1'), await open('')];
      const shaken = (await ask('/1/')).text.split(':')[0]!;
      const webSocket = new WebSocket(`ws+unix:${socketPath}:${resource}/1/websocket/${shaken}`);
      t.after(() => webSocket.terminate());
      const heard: string[] = [];
      webSocket.on('message', data => heard.push((data as Buffer).toString()));
      await until(() => heard.includes('1::'), 'the WebSocket');
      const began = performance.now();
      const polls = waiting.map(async at => {
        const { text } = await ask(at);
        return { text, took: performance.now() - began };
      });
      await sleep(200);
      const dated = await ask('/1/');
      move(by);
      await sleep(1500); // by now a sweep has seen the new time
      const moved = Date.parse((await ask('/1/')).headers.date!) - Date.parse(dated.headers.date!);
      assert(Math.abs(moved / 1000 - Number(by)) < 60, `the time of day has moved by ${moved} ms`);
      // The server still knows the clients that were away, and the handshake that nobody used.
      for (const at of [unused, ...away]) {
        assert.equal((await ask(at, event('fill', [1, 10], at.includes('got') ? '1' : ''))).status, 200);
        assert.match((await ask(at)).text, /much/);
      }
      webSocket.send(event('fill', [1, 10]));
      await until(() => heard.some(packet => packet.includes('much')), 'an answer by the WebSocket');
      // Each poll that waits ends by itself after 20 s ('polling duration').
      for (const { text, took } of await Promise.all(polls)) {
        assert.equal(text, '8::');
        assert(took > 15000 && took < 35000, `${took} ms`);
      }
    });
  }
});
