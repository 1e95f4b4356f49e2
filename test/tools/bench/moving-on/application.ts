/* The rows of docs/moving-on.md about app.ts: a test for each row. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { app } from '../../../support/echo/app';
import { fromPeers } from '../../../../tools/bench/paths';
import { compile } from '../../../support/compile';
import { root } from '../../../support/template';
import { until } from '../../../support/wait';
import { connect, next, onConnection, Rows, start } from './socketio4';

export const application: Rows = {
  '`app.ts`, `events.ts`': async t => {
    const own = `import type { Server } from '../../../src/realtime'`;
    const read = (name: string) => readFileSync(path.join(root, 'test/support/echo', name), 'utf8');
    const moved = () => read('app.ts')
      .replace(own, `import type { Server } from '../tools/bench/node_modules/socket.io'`)
      .replace(/^import .* from '\.\/events';$/m, () => read('events.ts'));
    const misspelt = () => moved().replace(`emit('clients'`, `emit('client'`);
    const [right, wrong] = compile('tsconfig.json', 'src/app.ts', [moved, misspelt]);
    assert.deepEqual(right, []);
    assert.match(wrong!.join(), /"client"/);
    const { io, origin } = await start(t, app);
    const client = connect(t, origin);
    const heard = next(client, 'response');
    assert.equal(await client.emitWithAck('message', 'hello'), 'hello');
    assert.deepEqual(await heard, ['Got it!']);
    const clients = next(client, 'clients');
    io.local.emit('clients', io.engine.clientsCount); // the table has this call
    assert.deepEqual(await clients, [1]);
    const [socket] = io.sockets.sockets.values();
    assert.deepEqual([socket.emit('x'), socket.join('x')], [true, undefined]);
  },

  'rooms, `broadcast`, `volatile`, `except`': async t => {
    const { io, origin } = await start(t);
    const [a, b] = [connect(t, origin), connect(t, origin)];
    const told: string[] = [];
    for (const client of [a, b]) client.on('told', text => told.push(`${client === a ? 'a' : 'b'}: ${text}`));
    await Promise.all([next(a, 'connect'), next(b, 'connect')]);
    const socket = io.sockets.sockets.get(a.id);
    for (const one of io.sockets.sockets.values()) one.join('x');
    socket.broadcast.to('x').emit('told', 'others');
    io.sockets.in('x').except(b.id).emit('told', 'but for one');
    await until(() => told.length === 2, 'both to be told');
    assert.deepEqual(told.sort(), ['a: but for one', 'b: others']);
    for (let i = 0; i < 5; i++) socket.volatile.emit('told', 'volatile');
    socket.emit('told', 'last');
    await until(() => told.includes('a: last'), 'the last');
    // Only the first of these messages may arrive. It arrives if a poll waits, which is chance.
    assert(told.filter(text => text === 'a: volatile').length < 2);
    assert.equal((await io.in('x').fetchSockets()).length, 2);
    assert.equal(io.sockets.sockets.get('nobody'), undefined);
  },

  '`socket.set`, `get`, `has`, `del`, `handshake.user`': async t => {
    const { io, origin } = await start(t, onConnection(socket => {
      socket.on('remember', (name: string, done: () => void) => { socket.data.name = name; done(); });
      socket.on('recall', (done: (name: string) => void) => done(socket.data.name));
    }));
    const client = connect(t, origin);
    await client.emitWithAck('remember', 'Ada');
    assert.equal(await client.emitWithAck('recall'), 'Ada');
    assert.equal((await io.fetchSockets())[0].data.name, 'Ada');
  },

  "`io.set('authorization', …)`": async t => {
    const { origin } = await start(t, io => {
      io.use((socket: any, pass: (error?: Error) => void) => pass(socket.handshake.query.token === 'good' ? undefined : new Error('who are you?')));
      io.of('/other');
    });
    await next(connect(t, `${origin}/?token=good`), 'connect');
    const refused = connect(t, `${origin}/?token=bad`);
    assert.equal((await next(refused, 'connect_error'))[0].message, 'who are you?');
    assert.equal(refused.active, false);
    await next(connect(t, `${origin}/other?token=bad`), 'connect');
  },

  "`io.of('/x')`": async t => {
    const joined: string[] = [];
    const { origin } = await start(t, io => {
      for (const name of ['/', '/x']) io.of(name).on('connection', () => joined.push(name));
    });
    await next(connect(t, `${origin}/x`), 'connect');
    assert.deepEqual(joined, ['/x']);
    assert.equal((await next(connect(t, `${origin}/none`), 'connect_error'))[0].message, 'Invalid namespace');
  },

  'a handler that throws': () => {
    const [server, client] = ['socket.io', 'socket.io-client'].map(name => JSON.stringify(fromPeers.resolve(name)));
    const script = `const http = require('http').createServer().listen(0);
      new (require(${server}).Server)(http).on('connection', socket => socket.on('x', HANDLER));
      require(${client}).io('http://localhost:' + http.address().port).emit('x');
      setTimeout(() => process.exit(), 5000);`;
    for (const handler of [`() => { throw new Error('thrown') }`, `async () => { throw new Error('thrown') }`]) {
      const { status, stderr } = spawnSync(process.execPath, ['-e', script.replace('HANDLER', handler)], { encoding: 'utf8' });
      assert.match(stderr, /Error: thrown/);
      assert.equal(status, 1);
    }
  },
};
