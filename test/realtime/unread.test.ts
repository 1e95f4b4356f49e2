/*
 * Answers that a client has not read, or of which the system has not yet said that they were read.
 * The server must not cut a client if the answer may have arrived. It must not keep more unread
 * answers for a client than its limit allows.
 */
import assert from 'node:assert/strict';
import http from 'node:http';
import { createConnection, Socket } from 'node:net';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import v8 from 'node:v8';
import vm from 'node:vm';
import { event, handshake, serve, session } from '../support/raw';
import { resource } from '../support/template';
import { until } from '../support/wait';

const quiet = () => undefined;
const poll = (id: string, query = '') => `${resource}/1/xhr-polling/${id}${query}`;
const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

/** Makes each write to a connection report late that it is done, as Windows' named pipes do. */
function reportLate(socket: Socket, ms: number): void {
  const streams = socket as unknown as Record<string, (...args: unknown[]) => void>;
  for (const name of ['_write', '_writev']) {
    const write = streams[name]!;
    streams[name] = function (this: unknown, ...args) {
      const done = args.pop() as (error?: Error) => void;
      write.apply(this, [...args, (error?: Error) => setTimeout(done, ms, error)]);
    };
  }
}

describe('answers that are not read', { concurrency: true }, () => {
  test('a large answer is half read when the next poll comes on its connection: all of it arrives', async t => {
    const { port } = serve(t, io => io.sockets.on('connection', socket => {
      socket.on('fill', () => { socket.emit('much', 'x'.repeat(8500000)); });
    }), { MAX_WAITING_BYTES: '50000000' });
    const { id, post } = await session(port);
    const socket = createConnection(port, 'localhost').on('error', quiet);
    t.after(() => socket.destroy());
    let bytes = 0;
    let ended = '';
    socket.on('data', data => {
      bytes += data.length;
      if (bytes > 1000000 && bytes - data.length <= 1000000) {
        socket.pause();
        socket.write(get(poll(id)));
        setTimeout(() => socket.resume(), 200);
      }
    }).on('close', () => ended = 'closed');
    socket.write(get(poll(id)));
    await post(event('fill'));
    await until(() => bytes > 8500000 || ended, 'all of the answer, or its end');
    assert(bytes > 8500000, `${ended} after ${bytes} bytes`);
    await post(event('fill'));
    await until(() => bytes > 17000000 || ended, 'all of the next answer, or its end');
    assert.equal(ended, '');
  });

  for (const [how, shared] of [['a connection each', false], ['a pool that all share', true]] as const) {
    test(`the system says late that an answer was taken, ${how}: no connection is cut, nothing is lost or doubled`, async t => {
      let cut = 0;
      const { port } = serve(t, io => io.sockets.on('connection', socket => {
        socket.on('n', (n: number) => { socket.emit('n', n); });
      }), {}, server => server.on('connection', socket => reportLate(socket, 30)));
      const pool = new http.Agent({ keepAlive: true });
      const wrong: string[] = [];
      const ask = (agent: http.Agent, path: string, body?: string) => new Promise<string>(resolve => {
        const options = { port, path, agent, method: body === undefined ? 'GET' : 'POST' };
        http.request(options, res => {
          let text = '';
          res.on('data', data => text += String(data));
          res.on('end', () => resolve(text)).on('error', () => { cut += 1; resolve(''); });
        }).on('error', () => { cut += 1; resolve(''); }).end(body);
      });
      await Promise.all(Array.from({ length: 10 }, async (_, client) => {
        const agent = shared ? pool : new http.Agent({ keepAlive: true });
        const numbered = client % 2 === 1;
        const { id } = await handshake(port, numbered ? '?got=0' : '');
        let got = 0;
        const heard: number[] = [];
        const next = async () => {
          const text = await ask(agent, poll(id, numbered ? `?got=${got}` : '?t=1'));
          for (const [, number, n] of text.matchAll(/5:(\d*)::{"name":"n","args":\[(\d+)\]}/g)) {
            if (number !== '') got = Number(number);
            heard.push(Number(n));
          }
        };
        await next(); // the first poll brings 1::
        for (let n = 1; n <= 10; n++) {
          const waiting = next();
          await ask(agent, poll(id), event('n', [n], numbered ? String(n) : ''));
          await waiting;
          while (heard.length < n && cut === 0) await next();
        }
        if (heard.join() !== Array.from({ length: 10 }, (_n, i) => i + 1).join()) wrong.push(heard.join());
      }));
      pool.destroy();
      assert.deepEqual([cut, wrong], [0, []]);
    });
  }

  test('a client that polls on and reads nothing: its session ends, and what was written for it is cut', async t => {
    const ends: string[] = [];
    const sockets: Socket[] = [];
    const { port, logged } = serve(t, io => io.sockets.on('connection', socket => {
      socket.on('fill', () => { socket.emit('much', 'x'.repeat(9000000)); });
      socket.on('disconnect', (reason: string) => ends.push(reason));
    }), { MAX_WAITING_BYTES: '20000000' }, server => server.on('connection', socket => sockets.push(socket)));
    const { id, post } = await session(port);
    for (let i = 0; i < 10; i++) {
      const socket = createConnection(port, 'localhost').on('error', quiet).pause();
      t.after(() => socket.destroy());
      socket.write(get(poll(id)));
      await post(event('fill'));
    }
    const kept = () => sockets.reduce((sum, socket) => sum + socket.writableLength, 0);
    // The limit of 20 MB for one client, and one answer of 9 MB: the application decides its size.
    assert(kept() < 29000000, `${kept()} bytes are kept for it`);
    await until(() => ends.length > 0, 'the end of its session', 40);
    assert.deepEqual(ends, ['too much waits']);
    assert.equal(logged.filter(line => line.includes('MAX_WAITING_BYTES')).length, 1);
    await until(() => kept() <= 20000000, 'the end of what it does not read');
  });

  test('a client that reads slowly is not away: its session is there when it has read', async t => {
    const ends: string[] = [];
    const { port } = serve(t, io => {
      io.set('close timeout', 4); // in s: this process may be busy for a second or two
      io.sockets.on('connection', socket => {
        socket.on('fill', () => { socket.emit('much', 'x'.repeat(8500000)); });
        socket.on('disconnect', (reason: string) => ends.push(reason));
      });
    });
    const { id, post } = await session(port);
    const socket = createConnection(port, 'localhost').on('error', quiet);
    t.after(() => socket.destroy());
    let bytes = 0;
    socket.on('data', data => bytes += data.length).write(get(poll(id)));
    await sleep(100);
    socket.pause();
    await post(event('fill'));
    await sleep(6000);
    assert.deepEqual(ends, []);
    socket.resume();
    await until(() => bytes > 8500000, 'all of it');
    assert.deepEqual(ends, []);
    await until(() => ends.length > 0, 'the end of one that does not poll again');
    assert.deepEqual(ends, ['close timeout']);
  });

  test('of a client that is away its session keeps no request, answer or connection', async t => {
    const requests: WeakRef<object>[] = [];
    // Neither a poll nor a session ends by itself while the test waits.
    const { port, clients } = serve(t, io => io.set('close timeout', 600).set('polling duration', 600), {}, server => {
      server.prependListener('request', (req, res) => {
        requests.push(new WeakRef(req), new WeakRef(res), new WeakRef(req.socket));
      });
    });
    const sessions = await Promise.all(Array.from({ length: 4 }, (_, i) => handshake(port, i % 2 ? '?got=0' : '')));
    for (const { id } of sessions) {
      for (let i = 0; i < 2; i++) {
        const socket = createConnection(port, 'localhost').on('error', quiet);
        socket.write(get(poll(id, '?got=0')));
        await until(() => socket.bytesRead > 0 || i === 1, 'the first answer');
        await sleep(20);
        socket.destroy();
      }
    }
    await sleep(200);
    v8.setFlagsFromString('--expose-gc');
    const collect = vm.runInNewContext('gc') as () => void;
    await until(() => {
      collect();
      return requests.every(one => !one.deref());
    }, 'their end');
    assert.equal(clients(), 4);
  });
});
