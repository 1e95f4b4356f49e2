/* io.configure and io.set: a setting either takes full effect, or is refused with the reason. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test, TestContext } from 'node:test';
import { inspect } from 'node:util';
import { readConfig } from '../../src/config';
import { Trust } from '../../src/iisnode';
import { createLog } from '../../src/log';
import { listen, Server, Settings } from '../../src/realtime';
import type { Loose } from '../support/raw';
import { makeRealtime } from '../support/realtime';
import { request } from '../support/request';
import { fromRoot } from '../support/template';

type Io = Server<Loose, Loose>;
/** The type of `io` for a script without types. */
interface Untyped {
  get: (name: string) => unknown;
  set: (name: string, value: unknown) => unknown;
  enable: (name: string) => unknown;
  disable: (name: string) => unknown;
}

/** Starts a server as src/server.ts does. Its own listener answers 'page'. */
function start(t: TestContext, settings: (io: Io) => void = () => undefined): { io: Io; port: number } {
  const config = readConfig({});
  const server = createServer((_req, res) => res.end('page'));
  const realtime = listen(server, { ...config, trust: new Trust(config) }, createLog('error'));
  settings(realtime.io);
  server.listen(0);
  t.after(() => {
    realtime.close();
    server.close();
    server.closeAllConnections();
  });
  return { io: realtime.io, port: (server.address() as AddressInfo).port };
}

/** Makes an `io` without a server. */
function make(t: TestContext): Io {
  const realtime = makeRealtime();
  t.after(() => realtime.close());
  return realtime.io;
}

const get = async (port: number, path: string) => {
  const { status, text } = await request({ port, path });
  return `${status} ${text.replace(/^[\w-]{20}:/, 'id:')}`;
};

/** Asks for the WebSocket of a new session. @returns the status of the answer */
async function upgrade(port: number, resource: string): Promise<number> {
  const id = (await request({ port, path: `${resource}/1/` })).text.split(':')[0]!;
  const headers = {
    Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  };
  return (await request({ port, path: `${resource}/1/websocket/${id}`, headers })).status;
}

describe('io.set', () => {
  test('without it: 0.9\'s resource, and polling', async t => {
    const { port } = start(t);
    assert.equal(await get(port, '/socket.io/1/'), '200 id:60:60:xhr-polling');
    assert.equal(await get(port, '/socket.ioX/1/'), '200 page');
  });

  test('resource: the server answers there, and leaves all else to its other listeners', async t => {
    const { io, port } = start(t, made => made.set('resource', '/a.b/socket'));
    assert.equal(await get(port, '/a.b/socket/1/'), '200 id:60:60:xhr-polling');
    for (const path of ['/', '/socket.io/1/', '/aXb/socket/1/', '/a.b/socket.html', '/a.b/socket/socket.io.js']) {
      assert.equal(await get(port, path), '200 page', path);
    }
    io.set('resource', '/elsewhere');
    assert.equal(await get(port, '/a.b/socket/1/'), '200 page');
    assert.equal(await get(port, '/ELSEWHERE/1/'), '200 id:60:60:xhr-polling');
  });

  test('transports: what is offered is what is served, also when it changes', async t => {
    const { io, port } = start(t, made => made.set('resource', '/socket'));
    assert.equal(await upgrade(port, '/socket'), 400);
    io.set('transports', ['websocket', 'xhr-polling']);
    assert.equal(await get(port, '/socket/1/'), '200 id:60:60:websocket,xhr-polling');
    assert.equal(await upgrade(port, '/socket'), 101);
    io.set('transports', ['websocket']);
    assert.equal(await upgrade(port, '/socket'), 101);
    assert.equal(await get(port, `/socket/1/xhr-polling/${'x'.repeat(20)}`), '400 this transport is not offered');
    io.set('transports', ['xhr-polling']);
    assert.equal(await upgrade(port, '/socket'), 400);
    assert.equal(await get(port, '/socket/1/'), '200 id:60:60:xhr-polling');
  });

  test('each setting of stock 0.9 either holds, or is refused with a line that says what is true', t => {
    const { Manager } = fromRoot('socket.io') as { Manager: new (door: object, options: object) => { settings: Record<string, unknown> } };
    const stock = new Manager(new EventEmitter(), { log: false }).settings;
    const io = make(t) as unknown as Untyped;
    const held: string[] = [];
    for (const [name, value] of Object.entries({ ...stock, transports: ['xhr-polling'] })) {
      try {
        io.set(name, value);
        held.push(name);
      } catch (error) {
        const { message } = error as Error;
        assert.match(message, new RegExp(`^io\\.set\\('${name}'\\) changes nothing here: [^\\n]+$`));
        // An application would believe 0.9's value of this setting.
        assert.throws(() => io.get(name), { message: message.replace(/set(.*) changes/, 'get$1 says') });
      }
    }
    assert.deepEqual(held.sort(), [
      'authorization', 'blacklist', 'close timeout', 'heartbeat interval', 'heartbeat timeout', 'heartbeats', 'polling duration',
      'resource', 'transports',
    ]);
  });

  for (const [name, value, message] of [
    ['transports', ['htmlfile'], /^io\.set\('transports'\): got \["htmlfile"\]; takes a list of websocket, xhr-polling$/],
    ['transports', [], /takes a list/],
    ['transports', 'xhr-polling', /takes a list/],
    ['resource', '/socket/', /^io\.set\('resource'\): got "\/socket\/"; takes a path with no slash at its end/],
    ['resource', /^\/x/, /takes a path/],
    ['polling duration', '20', /takes a number of seconds/],
    ['close timeout', NaN, /takes a number of seconds/],
    ['authorization', 'no', /takes a function, or false/],
    ['same user', true, /takes a function, or false/],
    ['blacklist', 'message', /takes a list of texts/],
    ['authorisation', false, /^io\.set\("authorisation"\): there is no such setting$/],
    ['__proto__', {}, /there is no such setting/],
    ['constructor', 1, /there is no such setting/],
  ] as [string, unknown, RegExp][]) {
    test(`${name} takes no ${inspect(value)}`, t => {
      const io = make(t);
      const before = io.get(name as keyof Settings);
      assert.throws(() => (io as unknown as Untyped).set(name, value), { message });
      assert.equal(io.get(name as keyof Settings), before);
    });
  }

  test('with a name alone it is io.get, as in 0.9', t => {
    const io = make(t) as unknown as { set: (name: string) => unknown };
    assert.equal(io.set('close timeout'), 60);
  });
});

test('io.enable and io.disable are io.set', async t => {
  const { io, port } = start(t, made => made.set('resource', '/socket'));
  assert.deepEqual([io.enabled('heartbeats'), io.disabled('heartbeats')], [true, false]);
  assert.equal(io.disable('heartbeats'), io);
  assert.deepEqual([io.enabled('heartbeats'), io.disabled('heartbeats')], [false, true]);
  assert.equal(await get(port, '/socket/1/'), '200 id::60:xhr-polling');
  io.enable('heartbeats');
  assert.equal(await get(port, '/socket/1/'), '200 id:60:60:xhr-polling');
  io.set('authorization', (_handshake, accept) => accept(null, false)).disable('authorization');
  assert.equal(await get(port, '/socket/1/'), '200 id:60:60:xhr-polling');
  assert.throws(() => (io as unknown as Untyped).enable('browser client minification'), /changes nothing here/);
});

test('io.configure calls its function at once: always, or in the environment that NODE_ENV names', t => {
  const io = make(t);
  const before = process.env.NODE_ENV;
  t.after(() => {
    if (before === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = before;
  });
  const called: string[] = [];
  const all = () => {
    io.configure(() => called.push('always'));
    io.configure('development', () => called.push('development'));
    io.configure('production', () => called.push('production'));
  };
  delete process.env.NODE_ENV;
  all();
  process.env.NODE_ENV = 'production';
  all();
  assert.deepEqual(called, ['always', 'development', 'always', 'production']);
});
