/*
 * Who a visitor is, where he is, and whether he came by HTTPS: nothing that he can write is taken for IIS's own word. Each
 * forgery goes through the stand-in, which adds its headers as iisnode does.
 */
import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { describe, test, TestContext } from 'node:test';
import type { IisOptions } from '../../tools/iis';
import { newPipeName, removePipe } from '../../tools/iis/system';
import { oldNode } from '../support/fetched';
import { sendHead } from '../support/head';
import { serveAsIis } from '../support/iis';
import { split } from '../support/raw';
import { request } from '../support/request';
import { runServer, startServer } from '../support/server';
import { appPath, deploy, Edit, resource } from '../support/template';
import { forgeries } from './forged';

/** What an application is told of a visitor by Socket.IO. */
interface Told {
  user?: string;
  address: string;
  headers: Record<string, string>;
}

/** What a page is told of him by Express. */
interface Page {
  ip?: string;
  ips: string[];
  protocol: string;
  secure: boolean;
  hostname: string;
  headers: Record<string, string>;
}

/** An application that tells its clients, and a page that tells its visitors, what it has been told of them. */
const TELLING: Edit[] = [
  ['dist/app.js', /^[^]*$/, `exports.app = io => {
    io.set('authorization', (handshake, accept) => {
      handshake.user = handshake.headers['x-iisnode-auth_user'];
      accept(null, true);
    });
    io.sockets.on('connection', socket => {
      const { user, address, headers } = socket.handshake;
      socket.emit('told', { user, address: address.address, headers });
    });
  };`],
  ['dist/pages.js', "pages.get('/health'", `pages.get('/told', ({ ip, ips, protocol, secure, hostname, headers }, res) => {
    res.json({ ip, ips, protocol, secure, hostname, headers });
  });
  pages.get('/health'`],
];

/** Asks both; null for a request that does not come through. */
async function ask(to: object, headers: string[]): Promise<[Told, Page] | null> {
  const handshake = await sendHead(to as { port: number }, `${resource}/1/`, headers);
  const page = await sendHead(to as { port: number }, `${appPath}/told`, headers);
  assert.equal(handshake.status, page.status);
  if (handshake.status !== 200) {
    // http.sys refuses it, or Request Filtering.
    assert.equal(handshake.status, 400);
    return null;
  }
  const poll = await sendHead(to as { port: number }, `${resource}/1/xhr-polling/${handshake.text.split(':')[0]}`, []);
  const packets = split(Buffer.from(poll.text, 'latin1').toString());
  const told = JSON.parse(/^5:::(.*)$/.exec(packets.at(-1)!)![1]!) as { args: [Told] };
  return [told.args[0], JSON.parse(page.text) as Page];
}

const special = (headers: Record<string, string>) => {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => /^x-iisnode-|^x-forwarded-|^forwarded$/.test(name)));
};

async function behindIis(t: TestContext, options: Partial<IisOptions>) {
  const iis = await serveAsIis(t, TELLING, options);
  return { iis, to: { port: iis.port, host: 'localhost' } };
}

describe('behind IIS', { concurrency: 1 }, () => {
  for (const [who, AUTH_USER, HTTPS] of [
    ['a visitor whom IIS knows', 'DOMAIN\\mallory', 'off'], ['a visitor who came by HTTPS', 'DOMAIN\\mallory', 'on'],
    ['a visitor whom IIS does not know', '', 'off'],
  ] as const) {
    for (const version of ['', '10.24.1', '12.22.12']) {
      if (version !== '' && HTTPS === 'on') continue;
      test(`${who} cannot be another, nor elsewhere${version && `: node ${version}`}`, async t => {
        const node = version === '' ? process.execPath : oldNode(t, version);
        if (node === null) return;
        const { to } = await behindIis(t, { node, serverVariables: { AUTH_USER, HTTPS } });
        const [{ address }] = (await ask(to, []))!;
        assert(isIP(address), address);
        const protocol = HTTPS === 'on' ? 'https' : 'http';
        const said = {
          ...AUTH_USER && { 'x-iisnode-auth_user': AUTH_USER }, 'x-iisnode-https': HTTPS, 'x-iisnode-remote_addr': address,
          'x-forwarded-for': address, 'x-forwarded-proto': protocol,
        };
        let through = 0;
        for (const { name, headers } of forgeries(address)) {
          const answers = await ask(to, headers);
          if (answers === null) continue;
          through += 1;
          const [told, page] = answers;
          assert.equal(told.user, AUTH_USER || undefined, name);
          assert.equal(told.address, address, name);
          assert.deepEqual(special(told.headers), said, name);
          assert.deepEqual(special(page.headers), said, name);
          assert.deepEqual(
            [page.ip, page.ips, page.protocol, page.secure, page.hostname],
            [address, [address], protocol, protocol === 'https', 'localhost'], name,
          );
        }
        assert(through > forgeries(address).length * 0.8, `${through} came through`);
      });
    }
  }

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
    const { to } = await serveAsIis(t, [
      ...TELLING, ['web.config', 'promoteServerVars="', 'promoteServerVars="NO_SUCH,LOCAL_ADDR,'],
      ['dist/iisnode.js', 'PROMOTED = [', "PROMOTED = ['x-iisnode-no_such', 'x-iisnode-local_addr', "],
    ], { serverVariables: { LOCAL_ADDR: '10.0.0.9' } }).then(iis => ({ to: { port: iis.port, host: 'localhost' } }));
    for (const headers of [[], ['X-iisnode-NO_SUCH: x', 'X-iisnode-LOCAL_ADDR: x'], ['X-Forwarded-For: 1.1.1.1', 'X-iisnode-NO_SUCH: x']]) {
      const [told] = (await ask(to, headers))!;
      assert.deepEqual(Object.keys(told.headers).filter(name => name.startsWith('x-iisnode-')).sort(), [
        'x-iisnode-https', 'x-iisnode-local_addr', 'x-iisnode-remote_addr',
      ]);
      assert.equal(told.headers['x-iisnode-local_addr'], '10.0.0.9');
    }
  });

  for (const [what, edit] of [
    ['an older web.config', ['web.config', 'AUTH_USER,HTTPS,REMOTE_ADDR', 'AUTH_USER']],
    ['no <iisnode> at all', ['web.config', /<iisnode [^>]*>/, '']],
    ['a variable behind the three', ['web.config', 'AUTH_USER,HTTPS,REMOTE_ADDR', 'HTTPS,REMOTE_ADDR,AUTH_USER,LOGON_USER']],
    ['a space in the list, which iisnode takes for a part of the name', ['web.config', 'AUTH_USER,HTTPS', 'AUTH_USER, HTTPS']],
    ['a line in iisnode.yml', ['iisnode.yml', 'node_env:', 'promoteServerVars: AUTH_USER # no more\nnode_env:']],
  ] as [string, Edit][]) {
    test(`${what}: the server does not start, and its log says what is missing`, async t => {
      const folder = deploy(t, [edit]);
      const pipe = newPipeName();
      t.after(() => removePipe(pipe));
      const server = runServer({ folder, env: { PORT: pipe, IISNODE_VERSION: '0.2.26' } });
      assert.equal(await server.ended(), 1);
      const takes = /^promoteServerVars of <iisnode>: got "[^"]*"; takes AUTH_USER,HTTPS,REMOTE_ADDR at its end[^\n]*\n$/;
      assert.match(server.output(), takes);
    });
  }

  test('one client with any number of addresses takes handshakes from himself only', async t => {
    // The stand-in takes a visitor's address from a header of this test: two sit elsewhere.
    const iis = await serveAsIis(t, [...TELLING, ['web.config', '</appSettings>', '<add key="MAX_HANDSHAKES" value="50" /></appSettings>']], {
      serverVariables: req => ({ REMOTE_ADDR: String(req.headers['x-test-sits-at'] ?? '127.0.0.1') }),
    });
    const to = { port: iis.port, host: 'localhost' };
    const shake = async (headers: string[]) => (await sendHead(to, `${resource}/1/`, headers)).text.split(':')[0]!;
    const poll = async (id: string) => (await sendHead(to, `${resource}/1/xhr-polling/${id}`, [])).status;
    const honest = [await shake(['X-Test-Sits-At: 10.0.0.1']), await shake(['X-Test-Sits-At: 10.0.0.2'])];
    const greedy: string[] = [];
    for (let n = 0; n < 120; n++) {
      greedy.push(await shake([
        `X-Forwarded-For: ${n % 2 ? `a${n}-127.0.0.1` : `10.9.${n}.1`}`, `X-iisnode-REMOTE_ADDR: 10.8.${n}.1`, `Forwarded: for=10.7.${n}.1`,
      ]));
    }
    for (const id of honest) assert.equal(await poll(id), 200, 'an honest visitor has his handshake yet');
    assert.deepEqual([await poll(greedy[0]!), await poll(greedy[60]!), await poll(greedy.at(-1)!)], [404, 404, 200]);
  });
});

describe('outside IIS', () => {
  test('on a TCP port nothing of it counts, though the environment says that this is iisnode', async t => {
    for (const env of [{}, { IISNODE_VERSION: '0.2.26' }] as Record<string, string>[]) {
      const folder = deploy(t, TELLING);
      const { port } = await startServer(t, { folder, env });
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
    const folder = deploy(t, TELLING);
    const path = newPipeName();
    t.after(() => removePipe(path));
    await startServer(t, { folder, env: { PORT: path } });
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
