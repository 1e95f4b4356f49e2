/*
 * The template's web.config and iisnode.yml in several places: below a site with other settings for
 * everything, and above other applications. They are also tried without each of their lines in
 * turn.
 */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test, TestContext } from 'node:test';
import { startIis } from '../../tools/iis';
import { request } from '../support/request';
import { appPath, deploy, emptyFolder, root } from '../support/template';
import { eachIsNeeded } from './neighbours/lines';
import { parents, SERVER, SHIPPED, within, worlds } from './neighbours/worlds';

describe('The files as they are hold', { concurrency: 3 }, () => {
  for (const world of worlds) {
    test(world.what, async t => {
      assert.deepEqual(await within(t, world, SHIPPED, world.look), world.expected);
    });
  }
});

eachIsNeeded(true);

describe('The template itself', { concurrency: 2 }, () => {
  const works = async (port: number, base: string) => {
    const health = await request({ port, path: `${base}/health` });
    const shake = await request({ port, path: `${base}/socket/1/?t=1` });
    return [health.status, shake.status, /^[\w-]+:\d+:\d+:xhr-polling$/.test(shake.text)];
  };
  const WORKS = [200, 200, true];
  const copy = (t: TestContext, name: string) =>
    deploy(t, [['web.config', '</appSettings>', `<add key="APP_PATH" value="${name}" /></appSettings>`]]);

  test('runs below a site that sets everything otherwise', async t => {
    let stop = () => Promise.resolve();
    t.after(() => stop());
    const iis = await startIis({ folder: deploy(t), ...parents(t) });
    stop = iis.close;
    assert.deepEqual(await works(iis.port, appPath), WORKS);
  });

  test('runs at the root of a site, above a copy of itself, above another kind of application, and below a copy', async t => {
    let stop = () => Promise.resolve();
    t.after(() => stop());
    const other = emptyFolder(t, 'other-');
    writeFileSync(path.join(other, 'web.config'), `<configuration><appSettings><add key="NODE_OPTIONS" value="" /></appSettings>
      <system.webServer>
        <handlers><add name="iisnode" path="main.js" verb="*" modules="iisnode" /></handlers>
        <iisnode namedPipeConnectionRetryDelay="20" />
        <rewrite><rules><rule name="pages"><match url="^go$" /><action type="Rewrite" url="main.js" /></rule></rules></rewrite>
        <httpProtocol><customHeaders><add name="X-Frame-Options" value="DENY" /></customHeaders></httpProtocol>
      </system.webServer></configuration>`);
    writeFileSync(path.join(other, 'main.js'), 'require("http").createServer((req, res) => res.end(process.env.NODE_ENV || "none")).listen(process.env.PORT);');
    writeFileSync(path.join(other, 'a.txt'), 'a file');
    const iis = await startIis({
      folder: deploy(t), app: '/',
      children: [{ path: 'copy', folder: copy(t, '/copy') }, { path: 'copy/inner', folder: copy(t, '/copy/inner') }, { path: 'other', folder: other }],
    });
    stop = iis.close;
    for (const base of [appPath, '/copy', '/copy/inner']) assert.deepEqual(await works(iis.port, base), WORKS, base);
    const get = (name: string) => request({ port: iis.port, path: `/other/${name}` });
    const file = await get('a.txt');
    assert.deepEqual([file.text, file.headers['x-frame-options'], file.headers['content-security-policy']], ['a file', 'DENY', undefined]);
    assert.deepEqual([(await get('go')).text, (await get('main.js')).text], ['none', 'none']);
  });
});

describe('What no line of an application can stop', () => {
  const server = (inside: string) => `<configuration><location path="." overrideMode="Deny"><system.webServer>${inside}</system.webServer></location></configuration>`;
  for (const [what, parent, status] of [
    ['settings that a parent has locked', '<configuration><appSettings><add key="A" value="1" lockItem="true" /></appSettings></configuration>', '500.1000'],
    ['a section that a parent has locked', server('<httpErrors existingResponse="Auto" />'), '500.19'],
    ['rules that a parent has locked', server('<rewrite><rules /></rewrite>'), '500.52'],
    ['a parent\'s web.config that cannot be read', '<configuration><system.webServer><security><access sslFlags="Ssl" /></security></system.webServer></configuration>', '500.19'],
  ] as const) {
    test(`${what}: ${status}`, async t => {
      const folder = emptyFolder(t, 'locked-');
      for (const name of ['web.config', 'iisnode.yml']) cpSync(path.join(root, name), path.join(folder, name));
      mkdirSync(path.join(folder, 'dist'));
      writeFileSync(path.join(folder, 'dist', 'server.js'), SERVER);
      const trace: string[] = [];
      let stop = () => Promise.resolve();
      t.after(() => stop());
      const iis = await startIis({ folder, app: appPath, ...parents(t, parent), trace: line => { trace.push(line); } });
      stop = iis.close;
      assert.equal((await request({ port: iis.port, path: `${appPath}/` })).status, 500);
      assert(trace.join('\n').includes(status), trace.join('\n'));
    });
  }
});
