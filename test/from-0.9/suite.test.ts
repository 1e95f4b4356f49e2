/*
 * 0.9's own tests check this behaviour, and no other test here does. README.md has the table of
 * 0.9's cases. Each of the first cases runs on stock 0.9.19 by polling, and on this server by
 * polling and by WebSocket.
 */
import assert from 'node:assert/strict';
import { describe, test, TestContext } from 'node:test';
import WebSocket from 'ws';
import type { Namespace, Server, Socket } from '../../src/realtime';
import { handshake, nextPoll, serve } from '../support/raw';
import { request } from '../support/request';
import { serveStock } from '../support/stock';
import { resource } from '../support/template';
import { until } from '../support/wait';

/**
 * A client of a test. `send` sends a packet. `hears` waits until the server says that it is over,
 * and resolves to all packets before that.
 */
interface Client {
  send: (packet: string) => Promise<unknown>;
  hears: () => Promise<string[]>;
}

const OVER = '5:::{"name":"over"}';
const ASKS = '5:::{"name":"is it over"}';

async function byPolling(_t: TestContext, port: number): Promise<Client> {
  const { poll, post } = await handshake(port);
  const got = await poll();
  const hears = async () => {
    await post(ASKS);
    while (!got.includes(OVER)) got.push(...(await poll()).filter(packet => packet !== '8::'));
    return got.filter(packet => packet !== OVER);
  };
  return { send: post, hears };
}

async function byWebSocket(t: TestContext, port: number): Promise<Client> {
  const { id } = await handshake(port);
  const socket = new WebSocket(`ws://localhost:${port}${resource}/1/websocket/${id}`);
  t.after(() => socket.terminate());
  const got: string[] = [];
  socket.on('message', data => got.push((data as Buffer).toString()));
  await until(() => got.length > 0, 'the connection');
  const send = (packet: string) => new Promise(sent => socket.send(packet, sent));
  const hears = async () => {
    await send(ASKS);
    await until(() => got.includes(OVER), 'the last packet');
    return got.filter(packet => packet !== OVER);
  };
  return { send, hears };
}

interface Case {
  says: string;
  /** The application in a namespace. `note` takes the values that the test compares. */
  app?: (socket: Socket, note: (what: unknown) => void, of: Namespace) => void;
  /** The packets that the client sends. E stands for the namespace. */
  sends?: string[];
  /** The packets that the client hears, without those of the connection. */
  hears?: string[];
  notes?: unknown[];
}

const cases: Case[] = [
  {
    says: 'connection: the application and the client hear of it',
    app: (socket, note) => note(typeof socket.id), notes: ['string'],
  },
  {
    says: 'data that is sent back, as text',
    app: socket => socket.on('message', text => socket.send(`${text}!`)),
    sends: ['3::E:woot'], hears: ['3::E:woot!'],
  },
  {
    says: 'several messages in a row',
    app: (socket, note) => socket.on('message', note),
    sends: ['\ufffd6\ufffd3::E:a\ufffd6\ufffd3::E:b'], notes: ['a', 'b'],
  },
  {
    says: 'messages that are sent between two requests, in their order',
    app: socket => { socket.send('a').send('b'); socket.emit('c'); },
    hears: ['3::E:a', '3::E:b', '5::E:{"name":"c"}'],
  },
  {
    says: 'JSON from the server', app: socket => { socket.json.send([1, 2]); socket.json.send({ a: 'b' }); },
    hears: ['4::E:[1,2]', '4::E:{"a":"b"}'],
  },
  {
    says: 'JSON to the server', app: (socket, note) => socket.on('message', note),
    sends: ['4::E:[1,2]', '4::E:{"a":"b"}'], notes: [[1, 2], { a: 'b' }],
  },
  {
    says: 'an event from the server, with data and without',
    app: socket => { socket.emit('woot'); socket.emit('woot', 1, 2); },
    hears: ['5::E:{"name":"woot"}', '5::E:{"name":"woot","args":[1,2]}'],
  },
  {
    says: 'an event to the server, with data and without',
    app: (socket, note) => socket.on('jump', (...args: unknown[]) => note(args)),
    sends: ['5::E:{"name":"jump"}', '5::E:{"name":"jump","args":[1,"b"]}'], notes: [[], [1, 'b']],
  },
  {
    says: 'an event error of the client throws nothing',
    app: (socket, note) => socket.on('next', () => note('next')),
    sends: ['5::E:{"name":"error"}', '5::E:{"name":"next"}'], notes: ['next'],
  },
  {
    says: 'the server acknowledges by itself',
    app: (socket, note) => socket.on('message', note),
    sends: ['3:1:E:woot'], hears: ['6::E:1'], notes: ['woot'],
  },
  {
    says: 'the application acknowledges, with data',
    app: socket => {
      socket.on('message', (text, fn) => fn(text, 'received'));
      socket.on('tobi', (a, fn) => fn(a, 'yes'));
    },
    sends: ['3:1+:E:woot', '5:2+:E:{"name":"tobi","args":[1]}'],
    hears: ['6::E:1+["woot","received"]', '6::E:2+[1,"yes"]'],
  },
  {
    says: 'the client acknowledges a message and an event by itself',
    app: (socket, note) => {
      socket.send('a', () => note('sent'));
      socket.emit('b', () => note('emitted'));
    },
    sends: ['6::E:1', '6::E:2'], hears: ['3:1:E:a', '5:2:E:{"name":"b"}'],
    notes: ['sent', 'emitted'],
  },
  {
    says: 'the client acknowledges an event with data',
    app: (socket, note) => socket.emit('woot', 1, (data: unknown) => note(data)),
    sends: ['6::E:1+[{"a":1}]'], hears: ['5:1+:E:{"name":"woot","args":[1]}'], notes: [{ a: 1 }],
  },
  {
    says: 'events of the blacklist are not heard',
    app: (socket, note) => {
      socket.on('foobar', () => note('foobar'));
      socket.on('baz', () => note('baz'));
    },
    sends: ['5::E:{"name":"foobar"}', '5::E:{"name":"baz"}'], notes: ['baz'],
  },
  {
    says: 'to all of a namespace, as text, JSON and event',
    app: (_socket, _note, of) => { of.send('a'); of.json.send([1]); of.emit('woot', 2); },
    hears: ['3::E:a', '4::E:[1]', '5::E:{"name":"woot","args":[2]}'],
  },
  {
    says: 'to a room, as text, JSON and event; not to one that was left',
    app: (socket, _note, of) => {
      socket.join('foo').join('bar').leave('bar');
      for (const room of ['foo', 'bar']) {
        of.in(room).send(room);
        of.in(room).json.send([room]);
        of.in(room).emit('woot', room);
      }
    },
    hears: ['3::E:foo', '4::E:["foo"]', '5::E:{"name":"woot","args":["foo"]}'],
  },
  {
    says: 'a broadcast does not come back, neither to all nor to a room',
    app: socket => {
      socket.join('foo');
      socket.broadcast.send('a');
      socket.broadcast.json.send([1]);
      socket.broadcast.emit('woot');
      socket.broadcast.to('foo').send('a');
      socket.broadcast.to('foo').json.send([1]);
      socket.broadcast.to('foo').emit('woot');
    },
  },
  {
    says: 'who has joined a room twice is in it once',
    app: (socket, note, of) => {
      socket.join('foo').join('foo');
      note(of.clients('foo').length);
      note(of.manager.rooms[`${of.name}/foo`]);
    },
    notes: [1, ['the client']],
  },
  {
    says: 'the handshake, in a handler and when the client is gone',
    app: (socket, note) => {
      const { headers, address, time } = socket.handshake;
      note([headers.host?.split(':')[0], typeof address.address, /GMT/.test(time)]);
      socket.on('disconnect', () => note(typeof socket.handshake.headers));
      if (socket.namespace.name !== '') socket.disconnect();
    },
  },
];

const EXPECTED_OF_HANDSHAKE = [['localhost', 'string', true]];

/**
 * Runs a case on a server.
 * @returns the packets that the client heard, and the values that the application noted
 */
async function outcome(
  t: TestContext, { app, sends = [] }: Case, name: string,
  start: (app: (io: Server) => void) => number, come: typeof byPolling,
): Promise<{ heard: string[]; noted: unknown[] }> {
  const noted: unknown[] = [];
  const port = start(io => {
    io.set('blacklist', ['disconnect', 'foobar']);
    const of = io.of(name);
    of.on('connection', socket => {
      const note = (what: unknown) => {
        noted.push(JSON.parse(JSON.stringify(what).replaceAll(socket.id, 'the client')));
      };
      app?.(socket, note, of);
    });
    io.sockets.on('connection', socket => socket.on('is it over', () => socket.emit('over')));
  });
  const client = await come(t, port);
  if (name !== '') await client.send(`1::${name}`);
  for (const packet of sends) {
    const length = `3::${name}:a`.length;
    await client.send(packet.replaceAll('E', name).replaceAll('\ufffd6\ufffd', `\ufffd${length}\ufffd`));
  }
  const heard = await client.hears();
  return { heard: heard.filter(packet => !packet.startsWith('1::')), noted };
}

type Start = (t: TestContext) => (app: (io: Server) => void) => number;
const onStock: Start = t => app => serveStock(t, app);
const here: Start = t => app => serve(t, app, { TRANSPORTS: 'websocket,xhr-polling' }).port;
const runs: [what: string, start: Start, come: typeof byPolling][] = [
  ['stock 0.9.19, xhr-polling', onStock, byPolling],
  ['here, xhr-polling', here, byPolling],
  ['here, websocket', here, byWebSocket],
];

for (const name of ['', '/woot']) {
  for (const [what, start, come] of runs) {
    describe(`in ${name || 'the main namespace'} of ${what}`, { concurrency: 4 }, () => {
      for (const one of cases) {
        // Only xhr-polling has several packets in one body.
        if (come === byWebSocket && one.sends?.[0]?.startsWith('\ufffd')) continue;
        test(one.says, async t => {
          const { heard, noted } = await outcome(t, one, name, start(t), come);
          if (one.says.startsWith('the handshake')) {
            assert.deepEqual(noted.slice(0, 1), EXPECTED_OF_HANDSHAKE);
            return;
          }
          const hears = (one.hears ?? []).map(packet => packet.replace('E', name));
          assert.deepEqual(heard, hears);
          assert.deepEqual(noted, one.notes ?? []);
        });
      }
    });
  }
}

/*
 * These tests run by WebSocket, on this server only: the WebSockets of stock 0.9.19 do not work
 * with today's ws.
 */

/** Opens a client by WebSocket, which joins some namespaces. */
async function webSocket(
  t: TestContext, app: (io: Server) => void, ...join: string[]
): Promise<{ socket: WebSocket; got: string[] }> {
  const port = here(t)(app);
  const { id } = await handshake(port);
  const socket = new WebSocket(`ws://localhost:${port}${resource}/1/websocket/${id}`);
  t.after(() => socket.terminate());
  const got: string[] = [];
  socket.on('message', data => got.push((data as Buffer).toString()));
  await until(() => got.includes('1::'), 'the connection');
  for (const name of join) {
    socket.send(`1::${name}`);
    await until(() => got.includes(`1::${name}`), `the namespace ${name}`);
  }
  return { socket, got };
}

describe('by WebSocket', { concurrency: 4 }, () => {
  test('socket.transport says so, and what is volatile arrives', async t => {
    let transport: string | undefined;
    const { got } = await webSocket(t, io => io.sockets.on('connection', socket => {
      ({ transport } = socket);
      socket.volatile.send('a');
      socket.volatile.json.send([1]);
      socket.volatile.emit('woot');
    }));
    await until(() => got.length === 4, 'all three');
    assert.deepEqual(got, ['1::', '3:::a', '4:::[1]', '5:::{"name":"woot"}']);
    assert.equal(transport, 'websocket');
  });

  test('who leaves a namespace gives one reason, and a connection that ends another', async t => {
    const seen: string[] = [];
    const { socket } = await webSocket(t, io => {
      for (const name of ['/foo', '/bar']) {
        io.of(name).on('connection', one => one.on('disconnect', why => seen.push(`${name} ${why}`)));
      }
    }, '/foo', '/bar');
    socket.send('0::/foo');
    await until(() => seen.length === 1, 'the first end');
    socket.terminate();
    await until(() => seen.length === 2, 'the second end');
    assert.deepEqual(seen, ['/foo packet', '/bar socket end']);
  });

  test('a client that answers heartbeats stays, however many come', async t => {
    let gone = '';
    const { socket, got } = await webSocket(t, io => {
      io.set('heartbeat interval', 0.02).set('heartbeat timeout', 20);
      io.sockets.on('connection', one => one.on('disconnect', why => gone = why));
    });
    socket.on('message', () => socket.send('2::'));
    await until(() => got.filter(packet => packet === '2::').length >= 3, 'three heartbeats');
    assert.equal(gone, '');
  });

  test('without heartbeats none comes', async t => {
    const { got, socket } = await webSocket(t, io => {
      io.disable('heartbeats').set('heartbeat interval', 0.02).set('heartbeat timeout', 0.02);
      io.sockets.on('connection', one => {
        setTimeout(() => one.emit('late'), 200);
      });
    });
    await until(() => got.length > 1 || socket.readyState !== WebSocket.OPEN, 'anything');
    assert.deepEqual(got, ['1::', '5:::{"name":"late"}']);
  });

  test('a client that the application ends in a namespace is told, and stays in the others', async t => {
    const { got, socket } = await webSocket(t, io => {
      io.of('/foo').on('connection', one => { one.disconnect(); });
      io.sockets.on('connection', one => one.on('ask', () => one.emit('answer')));
    });
    socket.send('1::/foo');
    await until(() => got.includes('0::/foo'), 'the end');
    socket.send('5:::{"name":"ask"}');
    await until(() => got.includes('5:::{"name":"answer"}'), 'the answer');
  });
});

/* Clients that come, go, and are between two polls. */

const both: [what: string, start: Start][] = [['stock 0.9.19', onStock], ['here', here]];
/**
 * Between two polls, volatile packets of these types wait for the next poll. This server keeps the
 * newest packet of each event.
 */
const keeps: { [what: string]: string[] } = { 'stock 0.9.19': [], here: ['4', '5'] };

/** When a client asks with the event 'go', the application sends volatile packets. */
const onGo = (io: Server) => {
  for (const of of [io.sockets, io.of('/woot')]) {
    of.on('connection', socket => socket.on('go', () => {
      socket.volatile.send('a');
      socket.volatile.json.send([1]);
      socket.volatile.emit('woot');
      socket.on('then', () => socket.emit('over'));
    }));
  }
};

for (const [what, start] of both) {
  describe(`on ${what}`, { concurrency: 4 }, () => {
    for (const name of ['', '/woot']) {
      test(`volatile in "${name}": between two polls, and while one waits`, async t => {
        const { id, poll, post } = await handshake(start(t)(onGo));
        await poll();
        if (name !== '') {
          await post(`1::${name}`);
          await poll();
        }
        await post(`5::${name}:{"name":"go"}`);
        await post(`5::${name}:{"name":"then"}`);
        const values = [`4::${name}:[1]`, `5::${name}:{"name":"woot"}`];
        const kept = values.filter(packet => keeps[what]!.includes(packet[0]!));
        assert.deepEqual(await poll(), [...kept, `5::${name}:{"name":"over"}`]);
        const begun = nextPoll(id);
        const waits = poll();
        await begun;
        await post(`5::${name}:{"name":"go"}`);
        // On stock 0.9, the first packet ends the poll. The others come between two polls.
        assert.equal((await waits)[0], `3::${name}:a`);
      });
    }

    test('who is connected, is in no namespace that it has not asked for', async t => {
      const seen: string[] = [];
      const { poll, post } = await handshake(start(t)(io => {
        for (const name of ['', '/woot', '/tobi']) {
          io.of(name).on('connection', () => seen.push(`${name} came`));
        }
      }));
      await poll();
      await post('1::/woot');
      assert.deepEqual(await poll(), ['1::/woot']);
      assert.deepEqual(seen, [' came', '/woot came']);
    });

    test('who leaves a namespace stays in the others; who leaves the main one leaves all', async t => {
      const seen: string[] = [];
      const { poll, post } = await handshake(start(t)(io => {
        for (const name of ['', '/a', '/b']) {
          io.of(name).on('connection', socket => {
            socket.on('disconnect', reason => seen.push(`${name} went: ${reason}`));
            socket.on('message', text => seen.push(`${name}: ${text}`));
          });
        }
      }));
      await poll();
      await post('1::/a');
      await post('1::/b');
      await post('0::/a');
      assert.deepEqual(seen, ['/a went: packet']);
      await post('3::/b:still here');
      await post('3:::and here');
      assert.deepEqual(seen.splice(1), ['/b: still here', ': and here']);
      await post('0::');
      await until(() => seen.length === 3, 'both to end');
      assert.deepEqual(seen.slice(1).map(line => line.split(' ')[0]).sort(), ['', '/b']);
    });

    test('a client that the server ends is told, and is gone from its tables', async t => {
      const tables: boolean[] = [];
      let io!: Server;
      const { id, poll, post } = await handshake(start(t)(made => {
        io = made;
        io.sockets.on('connection', socket => {
          socket.on('bye', () => { socket.disconnect(); });
          socket.on('disconnect', () => {
            const look = () => [io.sockets.sockets, io.connected, io.handshaken, io.roomClients]
              .map(table => socket.id in table);
            tables.push(...look());
            setTimeout(() => tables.push(...look()), 10);
          });
        });
      }));
      await poll();
      const begun = nextPoll(id);
      const waits = poll();
      await begun;
      await post('5:::{"name":"bye"}');
      assert.deepEqual(await waits, ['0::']);
      await until(() => tables.length === 8, 'the client to be gone');
      assert.deepEqual(tables, [true, true, true, true, false, false, false, false]);
      assert.deepEqual(Object.keys(io.rooms), []);
    });

    test('a poll whose connection closes is no disconnect', async t => {
      let gone = false;
      const port = start(t)(io => io.sockets.on('connection', socket => {
        socket.on('disconnect', () => gone = true);
        socket.on('here', () => socket.emit('still'));
      }));
      const { id, poll, post } = await handshake(port);
      await poll();
      const cut = new AbortController();
      const url = `http://localhost:${port}${resource}/1/xhr-polling/${id}`;
      const begun = nextPoll(id);
      const waits = fetch(url, { signal: cut.signal });
      await begun;
      cut.abort();
      await assert.rejects(waits);
      assert.equal(gone, false);
      await post('5:::{"name":"here"}');
      assert.equal(gone, false);
    });

    test('a page of another origin that may connect reads its polls and posts', async t => {
      const origin = 'http://friend.example';
      const port = what === 'here'
        ? serve(t, io => io.sockets.on('connection', socket => socket.send('woot')), { ALLOWED_ORIGINS: origin }).port
        : start(t)(io => io.sockets.on('connection', socket => socket.send('woot')));
      const headers = { origin };
      const ask = (path: string, body?: string) => request({
        port, path: `${resource}/1/${path}`, headers, method: body === undefined ? 'GET' : 'POST',
      }, body);
      const [id] = (await ask('')).text.split(':');
      for (const answer of [await ask(`xhr-polling/${id}`), await ask(`xhr-polling/${id}`, '3:::woot')]) {
        assert.equal(answer.status, 200);
        assert.equal(answer.headers['access-control-allow-origin'], origin);
        assert.equal(answer.headers['access-control-allow-credentials'], 'true');
      }
    });

    test('an emit to all reaches two clients between their polls, each with its next one', async t => {
      let io!: Server;
      const port = start(t)(made => io = made);
      const two = [await handshake(port), await handshake(port)];
      for (const { poll } of two) await poll();
      io.sockets.emit('woot', 'b');
      for (const { poll } of two) {
        assert.deepEqual(await poll(), ['5:::{"name":"woot","args":["b"]}']);
      }
    });

    test('a namespace asks its authorization, which has the handshake', async t => {
      const { poll, post } = await handshake(start(t)(io => {
        io.of('/a').authorization((data, accept) => {
          accept(null, typeof data.headers === 'object' && data.query.page === '1');
        });
        io.of('/b').authorization((_data, accept) => accept(null, false));
      }), '?page=1');
      await poll();
      await post('1::/a');
      assert.deepEqual(await poll(), ['1::/a']);
      await post('1::/b');
      assert.deepEqual(await poll(), ['7::/b:2']);
    });

    test('the handshake says the time-outs that are set', async t => {
      const port = start(t)(io => io.set('close timeout', 66).set('heartbeat timeout', 33));
      const { text } = await request({ port, path: `${resource}/1/` });
      assert.match(text, /^[^:]+:33:66:/);
    });

    test('without heartbeats the handshake says none', async t => {
      const port = start(t)(io => io.disable('heartbeats'));
      const { text } = await request({ port, path: `${resource}/1/` });
      assert.match(text, /^[^:]+::\d+:/);
    });
  });
}
