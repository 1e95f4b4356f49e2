/*
 * The server on more versions of node than nodes.test.ts has, and a clone of the template that an
 * old node builds.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { startIis } from '../../tools/iis/index';
import { layApplication } from '../support/application';
import { available } from '../support/available';
import { ask, connect, next } from '../support/client';
import { fetchPackage, oldNode, run } from '../support/fetched';
import { appPath, cloneTemplate } from '../support/template';
import { runsOn, signsInOn } from './nodes/runs';

/** Words in the output of npm that would worry someone who installs the template. */
const SCARE = /ERR!|deprecated|vulnerabilit|gyp|EBADENGINE|notsup|install script/i;

for (const version of ['12.22.12', '13.14.0', '26.10.0']) {
  test(`the server runs on node ${version}`, t => runsOn(t, version));
  test(`middleware of Express runs on node ${version}`, t => signsInOn(t, version));
}

test('a clone on a server builds with node 12 and npm 6, with no compiler and no scare, and runs there', async t => {
  const node = oldNode(t, '12.22.12');
  if (!node) return;
  const npm6 = fetchPackage('npm', '6.14.18');
  if (!available(t, 'npm 6, from the registry', npm6)) return;
  const folder = cloneTemplate(t);
  // npm 6 runs scripts with the node that is first on the path, so this must be its own node.
  const env = { ...process.env, PATH: path.dirname(node) + path.delimiter + process.env.PATH };
  for (const name of Object.keys(env)) if (/^npm_/i.test(name)) delete env[name as keyof typeof env];
  const npm = (...args: string[]) => run(node, [path.join(npm6!, 'bin', 'npm-cli.js'), ...args], { cwd: folder, env });
  assert.doesNotMatch(npm('ci'), SCARE);
  npm('run', 'build');
  layApplication(folder);
  for (const app of [appPath, '/']) {
    const iis = await startIis({ folder, app, node });
    t.after(iis.close);
    const client = connect(t, iis.origin);
    await next(client, 'connect');
    assert.deepEqual(await ask(client, 'message', 'hello'), ['hello']);
    assert.equal((await fetch(`${iis.origin}${appPath}/`)).status, 200);
  }
});
