/*
 * Each requirement of 0.9's protocol document, revision 1: docs/protocol.md has the table. The
 * tests send raw requests, over both transports.
 */
import assert from 'node:assert/strict';
import { describe, test, TestContext } from 'node:test';
import WebSocket from 'ws';
import { event, handshake, join, Loose, Raw, serve, session } from '../support/raw';
import { request } from '../support/request';
import { resource } from '../support/template';
import { until } from '../support/wait';
import type { Server } from '../../src/realtime';

const BOTH = { TRANSPORTS: 'websocket,xhr-polling' };

/**
 * Serves an application.
 * @returns the port, and a list of the events that the application has seen
 */
function start(t: TestContext, more: (io: Server<Loose, Loose>) => void = () => undefined, env: Record<string, string> = BOTH) {
  const seen: string[] = [];
  const { port } = serve(t, io => {
    for (const of of [io.sockets, io.of('/test')]) {
      of.on('connection', socket => {
        seen.push(`${of.name} connection`);
        socket.on('message', (data: unknown, answer: unknown) => {
          seen.push(`message ${JSON.stringify(data)}`);
          if (typeof answer === 'function') answer('A', { b: 1 });
        });
        socket.on('say', (...args: unknown[]) => {
          const answer = args[args.length - 1];
          seen.push(`say ${JSON.stringify(args.filter(arg => typeof arg !== 'function'))}`);
          if (typeof answer === 'function') answer('A', 'B');
        });
        socket.on('tell', () => { socket.emit('told', 1); });
        socket.on('question', () => {
          // The first parameter has a name, because a function without one asks for no data.
          socket.emit('why', (first?: unknown, ...more: unknown[]) => {
            seen.push(`answer ${JSON.stringify(first === undefined ? [] : [first, ...more])}`);
          });
        });
        socket.on('disconnect', reason => { seen.push(`${of.name} disconnect ${String(reason)}`); });
      });
    }
    more(io);
  }, env);
  return { port, seen };
}

/** A client on one of the transports. It sends packets, and keeps the packets that it got. */
interface Client { send: (packet: string) => Promise<unknown>; got: string[]; has: (packet: string) => Promise<unknown> }

const clients: Record<string, (t: TestContext, port: number) => Promise<Client>> = {
  async 'xhr-polling'(t, port) {
    const raw = await handshake(port);
    const got: string[] = [];
    let open = true;
    t.after(() => { open = false; });
    void (async () => { while (open) got.push(...await raw.poll()); })().catch(() => undefined);
    await until(() => got.includes('1::'), 'the first packet');
    return { send: raw.post, got, has: packet => until(() => got.includes(packet), `${packet} in ${got.join(' ')}`) };
  },
  async websocket(t, port) {
    const { id } = await handshake(port);
    const socket = new WebSocket(`ws://localhost:${port}${resource}/1/websocket/${id}`);
    const got: string[] = [];
    socket.on('message', data => got.push((data as Buffer).toString()));
    socket.on('error', () => undefined);
    t.after(() => socket.terminate());
    await until(() => got.includes('1::'), 'the first packet');
    return {
      send: packet => new Promise(resolve => socket.send(packet, resolve)), got,
      has: packet => until(() => got.includes(packet), `${packet} in ${got.join(' ')}`),
    };
  },
};

describe('the handshake', () => {
  test('is a POST or a GET of /1/, and answers id, heartbeat time-out, close time-out and transports', async t => {
    const { port } = start(t);
    for (const method of ['GET', 'POST']) {
      const { status, text } = await request({ port, method, path: `${resource}/1/` });
      assert.equal(status, 200);
      assert.match(text, /^[\w-]{20}:60:60:websocket,xhr-polling$/);
    }
  });

  test('is 503 where the server has as many clients as it may have', async t => {
    const { port } = start(t, undefined, { MAX_CLIENTS: '1' });
    assert.equal((await request({ port, path: `${resource}/1/` })).status, 200);
    assert.equal((await request({ port, path: `${resource}/1/` })).status, 503);
  });

  test('takes what the query says: t and anything of the application\'s', async t => {
    let token: unknown;
    const { port } = start(t, io => io.set('authorization', ({ query }, accept) => {
      token = query.token;
      accept(null, true);
    }));
    await request({ port, path: `${resource}/1/?t=1238141910&token=mytoken` });
    assert.equal(token, 'mytoken');
  });

  test('speaks version 1 and the transports that are offered, and no other', async t => {
    const { port } = start(t);
    const { id } = await handshake(port);
    for (const path of ['/2/', `/1/htmlfile/${id}`, `/1/jsonp-polling/${id}`, `/1/flashsocket/${id}`, `/1/xhr-multipart/${id}`]) {
      assert.equal((await request({ port, path: resource + path })).status, 400, path);
    }
    assert.equal((await request({ port, method: 'PUT', path: `${resource}/1/` })).status, 405);
  });
});

for (const [transport, open] of Object.entries(clients)) {
  describe(`over ${transport}`, () => {
    test('1: the connection, a namespace with and without a query, one that is not to be had', async t => {
      const { port, seen } = start(t, io => io.of('/closed').authorization((_handshake, accept) => accept(null, false)));
      const { send, has, got } = await open(t, port);
      assert.equal(got[0], '1::');
      await send('1::/test');
      await has('1::/test');
      await send('0::/test');
      await send('1::/test?my=param');
      await until(() => seen.filter(one => one === '/test connection').length === 2, 'the second time');
      await send('1::/closed');
      await has('7::/closed:2');
      assert.deepEqual(seen, [' connection', '/test connection', '/test disconnect packet', '/test connection']);
    });

    test('2 and 8: a heartbeat and nothing are heard and mean no more', async t => {
      const { port, seen } = start(t);
      const { send, has } = await open(t, port);
      await send('2::');
      await send('8::');
      await send('2:::');
      await send(event('say', ['after']).replace(':::', ':1+::'));
      await has('6:::1+["A","B"]');
      assert.deepEqual(seen, [' connection', 'say ["after"]']);
    });

    test('3: a text, with a colon in it, with an id, with an acknowledgement of the handler\'s', async t => {
      const { port, seen } = start(t);
      const { send, has } = await open(t, port);
      await send('3:::bla:bla');
      await send('3:1::blabla');
      await has('6:::1');
      await send('3:2+::blabla');
      await has('6:::2+["A",{"b":1}]');
      assert.deepEqual(seen.slice(1), ['message "bla:bla"', 'message "blabla"', 'message "blabla"']);
    });

    test('4: JSON, with an id, with an acknowledgement of the handler\'s', async t => {
      const { port, seen } = start(t);
      const { send, has } = await open(t, port);
      await send('4:1::{"a":"b"}');
      await has('6:::1');
      await send('4:2+::[1,null]');
      await has('6:::2+["A",{"b":1}]');
      assert.deepEqual(seen.slice(1), ['message {"a":"b"}', 'message [1,null]']);
    });

    test('5: an event with arguments, without, with an id, with an acknowledgement, in a namespace', async t => {
      const { port, seen } = start(t);
      const { send, has } = await open(t, port);
      await send('1::/test');
      await has('1::/test');
      await send('5:::{"name":"say","args":[1,"a"]}');
      await send('5:::{"name":"say"}');
      await send('5:4::{"name":"say","args":[]}');
      await has('6:::4');
      await send('5:5+:/test:{"name":"say","args":[{"x":[]}]}');
      await has('6::/test:5+["A","B"]');
      await send('5:::{"name":"tell"}');
      await has('5:::{"name":"told","args":[1]}');
      assert.deepEqual(seen.slice(2), ['say [1,"a"]', 'say []', 'say []', 'say [{"x":[]}]']);
    });

    test('5: the reserved names reach no handler of a client\'s end or error', async t => {
      const { port, seen } = start(t);
      const { send, has } = await open(t, port);
      for (const name of ['connect', 'disconnect', 'error']) await send(event(name, ['x']));
      await send('5:1+::{"name":"say","args":[]}');
      await has('6:::1+["A","B"]');
      assert.deepEqual(seen.slice(1), ['say []']);
    });

    test('6: an acknowledgement of the client\'s, simple and with data, counts once', async t => {
      const { port, seen } = start(t);
      const { send, has } = await open(t, port);
      await send(event('question'));
      await has('5:1+::{"name":"why"}');
      await send('6:::1+["A","B"]');
      await send('6:::1+["again"]');
      await send(event('question'));
      await has('5:2+::{"name":"why"}');
      await send('6:::2');
      await until(() => seen.length === 3, 'both');
      assert.deepEqual(seen.slice(1), ['answer ["A","B"]', 'answer []']);
    });

    for (const last of ['0', '0::', '0:::']) {
      test(`0: ${last} ends the whole session, with its namespaces`, async t => {
        const { port, seen } = start(t);
        const { send, has } = await open(t, port);
        await send('1::/test');
        await has('1::/test');
        await send(last);
        await until(() => seen.length === 4, 'both ends');
        assert.deepEqual(seen.slice(2).sort(), [' disconnect booted', '/test disconnect booted']);
      });
    }
  });
}

const MALFORMED = ['', 'x', ':', '::', '9:::', '-1:::', '33:::', '5', '5:::', '5:::{', '5:::[]', '4:::{'];

test('what is no packet is answered 400, or ends the WebSocket with 1008, and reaches no handler', async t => {
  const { port, seen } = start(t);
  for (const packet of MALFORMED) {
    const raw = await session(port);
    const before = seen.length;
    const { status } = await raw.post(packet);
    assert.equal(status, 400, JSON.stringify(packet));
    assert.equal((await raw.post('3:::after')).status, 200, 'the session goes on');
    assert.deepEqual(seen.slice(before), ['message "after"'], JSON.stringify(packet));

    const { id } = await handshake(port);
    const socket = new WebSocket(`ws://localhost:${port}${resource}/1/websocket/${id}`);
    await new Promise(resolve => socket.once('message', resolve));
    const closed = new Promise<number>(resolve => { socket.once('close', resolve); });
    socket.send(packet);
    assert.equal(await closed, 1008, JSON.stringify(packet));
    await until(() => seen.includes(' disconnect socket end'), 'its end');
    assert.deepEqual(seen.splice(0).slice(before + 1), [' connection', ' disconnect socket end']);
  }
});

test('each answer to a handshake, a poll or a message says Cache-Control: no-store', async t => {
  const { port } = start(t, io => io.set('polling duration', 1));
  const raw = await session(port);
  const own = `/1/xhr-polling/${raw.id}`;
  for (const [method, path, body, status] of [
    ['GET', '/1/', '', 200], ['POST', '/1/', '', 200], ['POST', own, '2::', 200], ['GET', own, '', 200],
    ['POST', own, 'x', 400], ['GET', `/1/xhr-polling/${'x'.repeat(20)}`, '', 404], ['GET', '/2/', '', 400],
    ['PUT', '/1/', '', 405], ['OPTIONS', '/1/', '', 204], ['GET', `${own}?disconnect`, '', 200],
  ] as const) {
    const answer = await request({ port, method, path: resource + path }, body);
    assert.deepEqual([answer.status, answer.headers['cache-control']], [status, 'no-store'], `${method} ${path}`);
  }
});

describe('polling', () => {
  const path = ({ id }: Raw) => `${resource}/1/xhr-polling/${id}`;

  test('several packets in one body, each with its length in UTF-16 units before it, both ways', async t => {
    const { port, seen } = start(t);
    const raw = await session(port);
    const packets = ['3:::hé', '3:::😀', '5:::{"name":"tell"}', '5:::{"name":"tell"}'];
    assert.deepEqual((await raw.post(join(packets))).text, '1');
    assert.deepEqual(seen.slice(1), ['message "hé"', 'message "😀"']);
    const { text } = await request({ port, path: path(raw) });
    const one = '5:::{"name":"told","args":[1]}';
    assert.equal(text, `\ufffd${one.length}\ufffd${one}\ufffd${one.length}\ufffd${one}`);
  });

  test('what is emitted between two polls waits for the next one', async t => {
    const { port } = start(t);
    const raw = await session(port);
    await raw.post(event('tell'));
    await raw.post(event('tell'));
    assert.equal((await raw.poll()).length, 2);
  });

  test('a poll whose time is over is answered 8::', async t => {
    const { port } = start(t, io => io.set('polling duration', 1));
    const raw = await session(port);
    assert.deepEqual(await raw.poll(), ['8::']);
  });

  test('a client that does not come back within the close time-out is gone', async t => {
    const { port, seen } = start(t, io => io.set('close timeout', 1));
    await session(port);
    await until(() => seen.includes(' disconnect close timeout'), 'its end');
  });

  test('?disconnect is answered 200, by GET and by POST, and ends the session at once', async t => {
    const { port, seen } = start(t);
    for (const method of ['GET', 'POST']) {
      for (const query of ['?disconnect', '?disconnect=1', '?t=1385000000&disconnect=True']) {
        const raw = await session(port);
        seen.length = 0;
        assert.equal((await request({ port, method, path: path(raw) + query })).status, 200);
        assert.deepEqual(seen, [' disconnect booted']);
      }
    }
  });
});

test('a WebSocket that closes ends its session', async t => {
  const { port, seen } = start(t);
  const { id } = await handshake(port);
  const socket = new WebSocket(`ws://localhost:${port}${resource}/1/websocket/${id}`);
  await new Promise(resolve => socket.once('message', resolve));
  socket.close();
  await until(() => seen.includes(' disconnect socket end'), 'its end');
});

test('a WebSocket is asked for a heartbeat, and ends where none comes', async t => {
  const { port, seen } = start(t, io => io.set('heartbeat interval', 1).set('heartbeat timeout', 2));
  const { id } = await handshake(port);
  const socket = new WebSocket(`ws://localhost:${port}${resource}/1/websocket/${id}`);
  const got: string[] = [];
  socket.on('message', data => got.push((data as Buffer).toString()));
  await until(() => got.includes('2::'), 'a heartbeat');
  await until(() => seen.includes(' disconnect heartbeat timeout'), 'its end');
});
