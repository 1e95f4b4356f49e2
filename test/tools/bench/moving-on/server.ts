/* The rows of docs/moving-on.md about the server around app.ts: a test for each row. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Trust } from '../../../../src/iisnode';
import { fromPeers } from '../../../../tools/bench/paths';
import { oldNode } from '../../../support/fetched';
import { serveAsIis } from '../../../support/iis';
import { request } from '../../../support/request';
import { resource } from '../../../support/template';
import { until } from '../../../support/wait';
import { newPipeName, removePipe } from '../../../../tools/iis/system';
import { connect, next, onConnection, options, Rows, start } from './socketio4';

/** The path of the first request of a client. */
const url = `${resource}/?EIO=4&transport=polling`;
const handshake = (origin: string, headers = {}) => request({ port: new URL(origin).port, path: url, headers });

export const server: Rows = {
  '`createRealtime`': async t => {
    const { io, server, origin } = await start(t);
    const texts = ['/other', `${resource}/socket.io.js`].map(async url => (await request({ port: new URL(origin).port, path: url })).text);
    assert.equal(await texts[0], 'a page');
    assert.match((await texts[1])!, /^\/\*!\s+\* Socket\.IO v4/);
    const client = connect(t, origin, { reconnection: false });
    await next(client, 'connect');
    assert.equal(io.engine.clientsCount, 1);
    io.close();
    await next(client, 'disconnect');
    assert.equal(server.listening, false);
  },

  '`web.config`, `iisnode.yml`, node': async t => {
    const node = oldNode(t, '12.22.12');
    if (!node) return;
    const server = `const server = require('http').createServer();
      require('./app').app(new (require(${JSON.stringify(fromPeers.resolve('socket.io'))}).Server)(server, ${JSON.stringify(options)}));
      server.listen(process.env.PORT);`;
    const iis = await serveAsIis(t, [['dist/server.js', /^[^]*$/, server]], { node });
    const client = connect(t, iis.origin);
    assert.equal(await client.timeout(20000).emitWithAck('message', 'hello'), 'hello');
    const lost = next(client, 'disconnect');
    iis.recycle();
    client.emit('message', 'old process');
    await lost;
    assert.equal(await client.timeout(20000).emitWithAck('message', 'new process'), 'new process');
  },

  '`socket.handshake`': async t => {
    const socketPath = newPipeName();
    t.after(() => removePipe(socketPath));
    const seen: any[] = [];
    const { io } = await start(t, onConnection(socket => seen.push(socket.handshake)), {}, socketPath);
    const headers = { 'x-forwarded-for': '6.6.6.6, 10.1.2.3', 'x-iisnode-auth_user': 'admin' };
    const join = async () => {
      const { sid } = JSON.parse((await request({ socketPath, path: url, headers })).text.slice(1)) as { sid: string };
      await request({ socketPath, path: `${url}&sid=${sid}`, method: 'POST' }, '40');
    };
    await join();
    const trust = new Trust({ iisnode: null, port: socketPath, trustedProxies: ['pipe'] });
    io.engine.use((req: any, _res: unknown, pass: () => void) => { trust.trustHeaders(req); pass(); });
    await join();
    assert.deepEqual(seen.map(one => [one.address, one.headers['x-forwarded-for']]), [
      [undefined, headers['x-forwarded-for']], [undefined, '10.1.2.3'],
    ]);
    assert.deepEqual(seen.map(one => one.headers['x-iisnode-auth_user']), ['admin', undefined]);
  },

  '`io.set(…)`': async t => {
    const { io, origin } = await start(t, onConnection(socket => {
      socket.use(([event]: string[], pass: () => void) => { if (event !== 'secret') pass(); });
      for (const event of ['secret', 'open']) socket.on(event, (done?: () => void) => { heard.push(event); done?.(); });
    }), { pingInterval: 20000, pingTimeout: 5000 });
    const heard: string[] = [];
    const client = connect(t, origin);
    client.emit('secret');
    await client.emitWithAck('open');
    assert.deepEqual(heard, ['open']);
    assert.match((await handshake(origin)).text, /"pingInterval":20000,"pingTimeout":5000,/);
    assert.equal(io.set, undefined);
  },

  '`ALLOWED_ORIGINS`': async t => {
    const ask = (to: string, origin: string) => handshake(to, { origin }).then(answer => [answer.status, answer.headers['access-control-allow-origin']]);
    const cors = { origin: ['http://good'], credentials: true };
    const { origin } = await start(t, undefined, { cors });
    assert.deepEqual(await ask(origin, 'http://good'), [200, 'http://good']);
    assert.deepEqual(await ask(origin, 'http://evil'), [200, undefined]);
    const allowRequest = (req: any, decide: (error: null, ok: boolean) => void) => decide(null, cors.origin.includes(req.headers.origin));
    assert.deepEqual(await ask((await start(t, undefined, { cors, allowRequest })).origin, 'http://evil'), [403, undefined]);
  },

  '`MAX_MESSAGE_BYTES` and the other limits': async t => {
    const { io, origin } = await start(t, undefined, { maxHttpBufferSize: 1000 });
    const client = connect(t, origin);
    await next(client, 'connect');
    const { id } = client;
    client.emit('big', 'x'.repeat(2000), assert.fail);
    assert.equal((await next(client, 'disconnect'))[0], 'transport error');
    await until(() => client.connected && client.id !== id, 'it to come back');
    const { sid } = JSON.parse((await handshake(origin)).text.slice(1)) as { sid: string };
    await request({ port: new URL(origin).port, path: `${url}&sid=${sid}`, method: 'POST' }, '40');
    const deaf = await until(() => Array.from(io.sockets.sockets.values() as any[]).find(one => one.conn.id === sid), 'one that does not poll');
    for (let i = 0; i < 50; i++) deaf.emit('news', 'x'.repeat(100000));
    await sleep(100);
    assert.equal(deaf.connected, true);
  },
};
