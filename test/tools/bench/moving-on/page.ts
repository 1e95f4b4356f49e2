/* The rows of docs/moving-on.md about the page and about messages: a test for each row. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from '../../../support/request';
import { resource } from '../../../support/template';
import { until } from '../../../support/wait';
import { connect, cut, next, onConnection, Rows, start } from './socketio4';

export const page: Rows = {
  '`Realtime.connect()`': async t => {
    const { origin } = await start(t);
    const client = connect(t, origin);
    await next(client, 'connect');
    client.disconnect();
    assert.equal(client.active, false);
    const old = await request({ port: new URL(origin).port, path: `${resource}/1/` });
    assert.deepEqual([old.status, old.text], [400, '{"code":0,"message":"Transport unknown"}']);
  },

  "`on('status', …)`": async t => {
    const reasons: string[] = [];
    const started = await start(t, onConnection(socket => socket.on('disconnect', (reason: string) => reasons.push(reason))));
    const client = connect(t, started.origin);
    await next(client, 'connect');
    assert.deepEqual([Boolean(client.recovered), client.io.engine.transport.name], [false, 'polling']);
    const told = [next(client, 'disconnect'), next(client.io, 'reconnect_attempt'), next(client, 'connect')];
    await cut(started);
    const [reason, attempt] = await Promise.all(told);
    assert.deepEqual([reason![0], attempt], ['transport error', [1]]);
    started.io.disconnectSockets();
    assert.deepEqual([(await next(client, 'disconnect'))[0], client.active], ['io server disconnect', false]);
    assert.deepEqual(reasons, ['transport error', 'server namespace disconnect']);
  },

  "`emit`'s acknowledgement, `answer.error`": async t => {
    const { origin } = await start(t);
    await assert.rejects(connect(t, origin).timeout(100).emitWithAck('nobody listens'), /operation has timed out/);
  },

  'messages, server to page': async t => {
    for (const connectionStateRecovery of [undefined, {}]) {
      const started = await start(t, onConnection(socket => socket.join('x')), { connectionStateRecovery });
      const { io, origin } = started;
      const client = connect(t, origin);
      const heard: unknown[][] = [];
      client.on('news', (...args) => heard.push(args));
      for (const known of [false, true]) {
        await until(() => client.connected, 'connect');
        if (known) io.emit('news', 0);
        if (known) await until(() => heard.length === 1, 'news');
        const back = next(client, 'disconnect').then(() => next(client, 'connect'));
        const socket = await cut(started);
        io.to('x').emit('news', 1);
        socket.emit('news', 2, () => undefined);
        await back;
        assert.equal(Boolean(client.recovered), known && connectionStateRecovery !== undefined);
      }
      io.emit('news', 3);
      await until(() => heard.at(-1)![0] === 3, 'the last');
      assert.deepEqual(heard.map(([number]) => number), connectionStateRecovery ? [0, 1, 3] : [0, 3]);
      assert.equal(typeof heard[0]![1], connectionStateRecovery ? 'string' : 'undefined');
    }
  },

  'messages, page to server': async t => {
    const heard: number[] = [];
    const { origin } = await start(t, onConnection(socket => socket.on('count', (number: number, done: () => void) => {
      heard.push(number);
      if (heard.length % 2 === 1) socket.conn.close(); // the first acknowledgement is lost
      done();
    })));
    const client = connect(t, origin, { retries: 3, ackTimeout: 30000 });
    await new Promise(resolve => client.emit('count', 1, resolve));
    assert.deepEqual(heard, [1, 1]);
    const without = connect(t, origin);
    without.emit('count', 2, assert.fail);
    await next(without, 'disconnect');
    await next(without, 'connect');
    await sleep(600);
    assert.deepEqual(heard, [1, 1, 2]);
  },
};
