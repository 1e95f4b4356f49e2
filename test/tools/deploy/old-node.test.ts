/*
 * The commands for the server run in node 10, the oldest node that runs the application. Each of
 * the four commands is a process of its own, and uses the stand-ins of Windows' programs
 * (preload.ts).
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { oldNode } from '../../support/fetched';
import { listenFor } from './site';
import { ENDS, FakeIis, makePackage, makeWorld, NAME, putCommands, snapshot, test } from './world';

test('node 10.24 installs, updates, goes back and uninstalls', async t => {
  const node = oldNode(t, '10.24.1');
  if (!node) return;
  const world = makeWorld({ program: node });
  const { folder, windir } = world;
  const iis = new FakeIis(windir, Date.now);
  const port = await listenFor(t, iis);
  world.change(({ sites: [site] }) => {
    site!.bindings = [{ protocol: 'http', bindingInformation: `127.0.0.1:${port}:` }];
  });

  const env = {
    ...world.env, STAND_IN_WITHIN: 'yes', STAND_IN_RELEASE: '6.1.7601', SystemDrive: folder,
  };
  const preload = ['--require', path.join(__dirname, 'preload.js')];
  const run = async (expected: number, from: string, ...args: string[]): Promise<string> => {
    const main = path.join(from, 'deploy', 'main.js');
    const child = spawn(node, [...preload, main, ...args], { env });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', part => { text += String(part); });
    }
    const [status] = await once(child, 'close') as [number];
    assert.equal(status, expected, text);
    return text;
  };
  const make = (version: string, kind?: string) => {
    const made = makePackage(path.join(folder, version), version, kind);
    putCommands(made);
    return made;
  };
  const server = path.join(world.inetpub, NAME, 'dist', 'server.js');
  const runs = (version: string) => assert(readFileSync(server, 'utf8').includes(version), version);

  putCommands(world.package);
  const before = snapshot(world);
  const installed = await run(0, world.package, 'install', '--set', 'LOG_LEVEL=debug');
  assert.match(installed, /^ok {7}node v10\.24\.1, found by services$/m);
  assert.match(installed, /health: ok, process 1000$/m);
  assert.match(await run(0, world.package, 'install'), /^Nothing to do/m);
  await run(0, make('1.0.2'), 'update');
  runs('1.0.2');
  const failed = await run(1, make('1.0.3', ENDS), 'update', '--wait', '1');
  assert.match(failed, /^The version before is there again\./m);
  runs('1.0.2');
  await run(0, world.package, 'back');
  runs('1.0.1');
  await run(0, world.package, 'uninstall');
  assert.equal(snapshot(world), before);
});
