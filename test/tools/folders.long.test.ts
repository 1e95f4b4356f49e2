/*
 * An owner deletes a folder that docs/developing.md names for this, or two that belong together.
 * The clone still builds, passes the linter, and runs each command.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { startIis } from '../../tools/iis/index';
import { command, commit, env, npm, repository } from '../support/repository';
import { startServer } from '../support/server';
import { appPath } from '../support/template';
import { until } from '../support/wait';
import { buildAndLint, DELETABLE } from './clones/cases';

/** Runs commands of a clone that do not need a server with IIS. */
async function commandsRun(t: TestContext, folder: string): Promise<void> {
  const server = await startServer(t, { folder });
  assert.equal((await fetch(server.page)).status, 200);

  const preview = spawn(process.execPath, [path.join(folder, 'build', 'tools', 'iis', 'preview.js')], { cwd: folder, env: { ...env, PORT: '0' } });
  t.after(() => preview.kill());
  let said = '';
  preview.stdout.on('data', part => { said += String(part); });
  preview.stderr.on('data', part => { said += String(part); });
  await until(() => /http:\/\/localhost:\d+\S*/.test(said), 'preview to say where it is', 60);

  assert.match(npm(folder, 'run', 'package'), /a message to Socket.IO is /);
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

for (const folders of DELETABLE) {
  test(folders.join(' and '), async t => {
    const folder = repository(t);
    if (!folder) return;
    const page = readFileSync(path.join(folder, 'docs', 'developing.md'), 'utf8');
    for (const name of folders) {
      assert(page.includes(`\`${name}\``), `docs/developing.md names ${name}`);
      rmSync(path.join(folder, name), { recursive: true });
    }
    commit(folder);
    buildAndLint(folder);
    await commandsRun(t, folder);
  });
}
