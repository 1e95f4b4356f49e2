import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fetchPackage, oldNode, run } from '../support/fetched';
import { available } from '../support/available';
import { ask, connect, next } from '../support/client';
import { startServer } from '../support/server';
import { appPath, cloneTemplate, root } from '../support/template';
import { startIis } from '../../tools/iis/index';

/** What would make someone who installs the template stop and ask. */
const SCARE = /ERR!|deprecated|vulnerabilit|gyp|EBADENGINE|notsup|install script/i;

for (const version of ['10.24.1', '12.22.12', '13.14.0', '26.10.0']) {
  test(`the server runs on node ${version}`, async t => {
    const node = oldNode(t, version);
    if (!node) return;
    const { origin, output, stop } = await startServer(t, { node });
    assert(output().includes(`(node v${version}, `));
    assert.equal((await fetch(`${origin}${appPath}/`)).status, 200);
    const client = connect(t, origin);
    await next(client, 'connect');
    const response = next(client, 'response');
    assert.deepEqual(await ask(client, 'message', 'hello'), ['hello']);
    assert.deepEqual(await response, ['Got it!']);
    assert.equal(await stop(), 0);
    assert.doesNotMatch(output(), /warn|deprecat/i);
  });
}

test('a clone on a server builds with node 12 and npm 6, with no compiler and no scare, and runs there', async t => {
  const node = oldNode(t, '12.22.12');
  if (!node) return;
  const npm6 = fetchPackage('npm', '6.14.18');
  if (!available(t, 'npm 6, from the registry', npm6)) return;
  const folder = cloneTemplate(t);
  // npm 6 hands its own node on to scripts: it has to be the first on the path.
  const env = { ...process.env, PATH: path.dirname(node) + path.delimiter + process.env.PATH };
  for (const name of Object.keys(env)) if (/^npm_/i.test(name)) delete env[name as keyof typeof env];
  const npm = (...args: string[]) => run(node, [path.join(npm6!, 'bin', 'npm-cli.js'), ...args], { cwd: folder, env });
  assert.doesNotMatch(npm('ci'), SCARE);
  npm('run', 'build');
  for (const app of [appPath, '/']) {
    const iis = await startIis({ folder, app, node });
    t.after(iis.close);
    const client = connect(t, iis.origin);
    await next(client, 'connect');
    assert.deepEqual(await ask(client, 'message', 'hello'), ['hello']);
    assert.equal((await fetch(`${iis.origin}${appPath}/`)).status, 200);
  }
});

test('no dependency runs a script when it is installed, or is out of support by its own word', () => {
  const lock = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')) as {
    lockfileVersion: number; packages: Record<string, { hasInstallScript?: true; deprecated?: string; resolved?: string }>;
  };
  assert.equal(lock.lockfileVersion, 2);
  for (const [name, entry] of Object.entries(lock.packages)) {
    assert.equal(entry.hasInstallScript, undefined, name);
    assert.equal(entry.deprecated, undefined, name);
  }
});
