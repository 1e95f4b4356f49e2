/*
 * The server must know who a visitor is, where the visitor is, and whether the visitor came by
 * HTTPS. These tests show that the server takes no header of a visitor for IIS's own word. Behind
 * IIS, each forgery goes through the stand-in, which adds its headers as iisnode does.
 */
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test, TestContext } from 'node:test';
import { lackingPromotion } from '../../src/iisnode';
import type { IisOptions } from '../../tools/iis';
import { newPipeName, removePipe } from '../../tools/iis/system';
import { deployApplication, startApplication } from '../support/application';
import { oldNode } from '../support/fetched';
import { sendHead } from '../support/head';
import { serveAsIis } from '../support/iis';
import { request } from '../support/request';
import { runServer } from '../support/server';
import { edit, Edit, emptyFolder, resource, root } from '../support/template';
import { forgeries } from './believed/forged';
import { ask, cannotBeOthers, special, TELLING, VISITORS } from './believed/visitors';

async function behindIis(t: TestContext, options: Partial<IisOptions>) {
  const iis = await serveAsIis(t, TELLING, options, deployApplication);
  return { iis, to: { port: iis.port, host: '127.0.0.1' } };
}

describe('behind IIS', { concurrency: 1 }, () => {
  test('nobody can be another, nor elsewhere', t => cannotBeOthers(t, process.execPath, VISITORS));

  test('nor on node 10, which reads headers in its own way', async t => {
    const node = oldNode(t, '10.24.1');
    const [who, visitor] = Object.entries(VISITORS)[0]!;
    if (node) await cannotBeOthers(t, node, { [who]: visitor });
  });

  test('a page elsewhere is not the server\'s own because of what the request says of HTTPS', async t => {
    const { to, iis } = await behindIis(t, { serverVariables: { HTTPS: 'on' } });
    const status = async (origin: string, headers: string[]) => (
      (await sendHead(to, `${resource}/1/`, [`Origin: ${origin}`, ...headers], `localhost:${iis.port}`)).status
    );
    for (const headers of [[], ['X-Forwarded-Proto: http'], ['X-iisnode-HTTPS: off']]) {
      assert.equal(await status(`https://localhost:${iis.port}`, headers), 200);
      assert.equal(await status(`http://localhost:${iis.port}`, headers), 403);
    }
  });

  test('a variable of one\'s own that IIS does not know: what a client says of it is nothing', async t => {
    const { port } = await serveAsIis(t, [
      ...TELLING, ['web.config', 'promoteServerVars="', 'promoteServerVars="NO_SUCH,LOCAL_ADDR,'],
      ['dist/iisnode.js', 'PROMOTED = [', "PROMOTED = ['x-iisnode-no_such', 'x-iisnode-local_addr', "],
    ], { serverVariables: { LOCAL_ADDR: '10.0.0.9' } }, deployApplication);
    const to = { port, host: '127.0.0.1' };
    for (const headers of [[], ['X-iisnode-NO_SUCH: x', 'X-iisnode-LOCAL_ADDR: x'], ['X-Forwarded-For: 1.1.1.1', 'X-iisnode-NO_SUCH: x']]) {
      const [told] = (await ask(to, headers))!;
      assert.deepEqual(Object.keys(told.headers).filter(name => name.startsWith('x-iisnode-')).sort(), [
        'x-iisnode-https', 'x-iisnode-local_addr', 'x-iisnode-remote_addr',
      ]);
      assert.equal(told.headers['x-iisnode-local_addr'], '10.0.0.9');
    }
  });

  const older: Edit = ['web.config', 'AUTH_USER,HTTPS,REMOTE_ADDR', 'AUTH_USER'];

  test('an older web.config: the server does not start, and its log says what is missing', async t => {
    const folder = deployApplication(t, [older]);
    const pipe = newPipeName();
    t.after(() => removePipe(pipe));
    const server = runServer({ folder, env: { PORT: pipe, IISNODE_VERSION: '0.2.26' } });
    assert.equal(await server.ended(), 1);
    const takes = /^promoteServerVars of <iisnode>: got "AUTH_USER"; takes AUTH_USER,HTTPS,REMOTE_ADDR at its end[^\n]*\n$/;
    assert.match(server.output(), takes);
  });

  test('other ways to lack a variable are found, too', t => {
    const three = 'AUTH_USER,HTTPS,REMOTE_ADDR';
    const lacking = (...[file, from, to]: Edit) => {
      const folder = emptyFolder(t, 'lacking-');
      for (const name of ['web.config', 'iisnode.yml']) copyFileSync(path.join(root, name), path.join(folder, name));
      assert.equal(lackingPromotion(folder), null);
      edit(folder, [file, from, to]);
      return lackingPromotion(folder);
    };
    assert.equal(lacking(...older), 'AUTH_USER');
    assert.equal(lacking('web.config', /<iisnode [^>]*>/, ''), '');
    // A variable is behind the three.
    assert.equal(lacking('web.config', three, 'HTTPS,REMOTE_ADDR,AUTH_USER,LOGON_USER'), 'HTTPS,REMOTE_ADDR,AUTH_USER,LOGON_USER');
    // iisnode takes a space for a part of the name.
    assert.equal(lacking('web.config', three, 'AUTH_USER, HTTPS,REMOTE_ADDR'), 'AUTH_USER, HTTPS,REMOTE_ADDR');
    assert.equal(lacking('iisnode.yml', 'node_env:', 'promoteServerVars: AUTH_USER # no more\nnode_env:'), 'AUTH_USER');
  });

  test('one client with any number of addresses takes handshakes from himself only', async t => {
    // The stand-in takes the address of a visitor from the header X-Test-Sits-At. The two honest
    // visitors have other addresses than the greedy client.
    const iis = await serveAsIis(t, [...TELLING, ['web.config', '</appSettings>', '<add key="MAX_HANDSHAKES" value="10" /></appSettings>']], {
      serverVariables: req => ({ REMOTE_ADDR: String(req.headers['x-test-sits-at'] ?? '127.0.0.1') }),
    }, deployApplication);
    const to = { port: iis.port, host: '127.0.0.1' };
    const shake = async (headers: string[]) => (await sendHead(to, `${resource}/1/`, headers)).text.split(':')[0]!;
    const poll = async (id: string) => (await sendHead(to, `${resource}/1/xhr-polling/${id}`, [])).status;
    const honest = [await shake(['X-Test-Sits-At: 10.0.0.1']), await shake(['X-Test-Sits-At: 10.0.0.2'])];
    const greedy: string[] = [];
    for (let n = 0; n < 24; n++) {
      greedy.push(await shake([
        `X-Forwarded-For: ${n % 2 ? `a${n}-127.0.0.1` : `10.9.${n}.1`}`, `X-iisnode-REMOTE_ADDR: 10.8.${n}.1`, `Forwarded: for=10.7.${n}.1`,
      ]));
    }
    for (const id of honest) assert.equal(await poll(id), 200, 'an honest visitor has his handshake yet');
    assert.deepEqual([await poll(greedy[0]!), await poll(greedy[12]!), await poll(greedy.at(-1)!)], [404, 404, 200]);
  });
});

describe('outside IIS', () => {
  test('on a TCP port nothing of it counts, though the environment says that this is iisnode', async t => {
    for (const env of [{}, { IISNODE_VERSION: '0.2.26' }] as Record<string, string>[]) {
      const { port } = await startApplication(t, { env }, TELLING);
      const to = { port, host: '127.0.0.1' };
      for (const { name, headers } of forgeries('127.0.0.1')) {
        const answers = await ask(to, headers);
        if (answers === null) continue;
        const [told, page] = answers;
        assert.equal(told.user, undefined, name);
        assert.match(told.address, /^(::ffff:)?127\.0\.0\.1$/, name);
        assert.deepEqual([special(told.headers), special(page.headers)], [{}, {}], name);
        assert.match(page.ip!, /^(::ffff:)?127\.0\.0\.1$/, name);
        assert.deepEqual([page.protocol, page.secure], ['http', false], name);
      }
    }
  });

  test('nor at a pipe or Unix socket', async t => {
    const path = newPipeName();
    t.after(() => removePipe(path));
    await startApplication(t, { env: { PORT: path } }, TELLING);
    for (const { name, headers } of forgeries('6.6.6.6')) {
      const answers = await ask({ path }, headers);
      if (answers === null) continue;
      const [told, page] = answers;
      assert.deepEqual([told.user, told.address, page.ip, page.protocol], [undefined, 'unknown', undefined, 'http'], name);
      assert.deepEqual([special(told.headers), special(page.headers)], [{}, {}], name);
    }
  });
});

test('polls and messages come through with any of these headers', async t => {
  const { to, iis } = await behindIis(t, {});
  for (const { headers } of forgeries('127.0.0.1').filter(({ name }) => /2,000|long|folded/.test(name))) {
    const { status, text } = await sendHead(to, `${resource}/1/`, headers);
    if (status === 400) continue;
    const path = `${resource}/1/xhr-polling/${text.split(':')[0]}`;
    assert.equal((await sendHead(to, path, headers)).status, 200);
    const sent = await request({ port: iis.port, path, method: 'POST', headers: { 'content-length': '3' } }, '2::');
    assert.equal(sent.text, '1');
  }
});
