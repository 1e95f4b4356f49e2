/*
 * Rooms without a real name, such as '' or null, or with a name that looks like something else. The
 * tests do the same on stock 0.9.19, and compare.
 */
import assert from 'node:assert/strict';
import { describe, test, TestContext } from 'node:test';
import type { Namespace, Server, Socket } from '../../src/realtime';
import { handshake, Loose, Raw, serve } from '../support/raw';
import { serveStock } from '../support/stock';
import { until } from '../support/wait';

type Client = Socket<Loose, Loose>;
type Room = any; // an application without types may pass any value
/** A deed is the code of an application that deals with three clients that have just come. */
type Deed = (of: Namespace<Loose, Loose>, clients: Client[]) => unknown;

const NONE: Room[] = ['', undefined, null, 0, false, NaN];

/** @returns all that an application can do with a room of this name */
function deeds(room: Room): Deed[] {
  return Object.values<Deed>({
    leave: (of, [a]) => { a!.leave(room); of.emit('all'); },
    join: (of, [a]) => { a!.join(room); of.emit('all'); },
    'join and leave': (of, [a]) => { a!.join(room).leave(room); of.emit('all'); },
    'join twice, leave once': (of, [a]) => { a!.join(room).join(room).leave(room); of.emit('all'); },
    'in, with nobody in it': of => of.in(room).emit('told'),
    'in, with one in it': (of, [a]) => { a!.join(room); of.in(room).emit('told'); },
    'to, with one in it': (of, [a]) => { a!.join(room); of.to(room).emit('told'); },
    'in and except': (of, [a, b]) => { a!.join(room); b!.join(room); of.in(room).except(a!.id).emit('told'); },
    broadcast: (of, [a, b]) => { b!.join(room); a!.broadcast.to(room).emit('told'); of.emit('all'); },
    'a room of that name, and another': (of, [a, b]) => {
      a!.join(room);
      b!.join('x');
      b!.leave(room);
      of.in('x').emit('told');
    },
    clients: (of, [a]) => [of.clients(room).length, a!.join(room), of.clients(room).length].filter(Number.isInteger),
    'clients after leave': (of, [a]) => [a!.join(room).leave(room), of.clients(room).length, of.clients().length].filter(Number.isInteger),
  });
}

/**
 * Connects three clients.
 * @returns the result of the deed, and the events that each client heard
 */
async function outcome(port: number, arrived: Client[], deed: (clients: Client[]) => unknown): Promise<unknown[]> {
  const clients: Raw[] = [];
  for (let i = 0; i < 3; i++) {
    const raw = await handshake(port);
    await raw.poll();
    clients.push(raw);
  }
  await until(() => arrived.length === 3, 'three clients');
  const sockets = clients.map(({ id }) => arrived.find(one => one.id === id)!);
  const returned = deed(sockets);
  for (const socket of sockets) socket.emit('end');
  const heard = await Promise.all(clients.map(async ({ poll }) => {
    const names: string[] = [];
    while (!names.includes('end')) {
      for (const packet of await poll()) {
        assert(!packet.startsWith('7:'), `the session has ended: ${packet}`);
        if (packet.startsWith('5:')) names.push((JSON.parse(packet.slice(4)) as { name: string }).name);
      }
    }
    return names;
  }));
  for (const { post } of clients) await post('0::');
  return [Array.isArray(returned) ? returned : null, heard];
}

/** Does the same on stock 0.9.19 and on this server, and compares the outcomes. */
async function compare(t: TestContext, all: Deed[]): Promise<void> {
  const servers = [serveStock, serve].map(start => {
    const arrived: Client[] = [];
    let io!: Server<Loose, Loose>;
    const served = start(t, made => {
      io = made;
      io.sockets.on('connection', socket => { arrived.push(socket); });
    });
    return { port: typeof served === 'number' ? served : served.port, arrived, io };
  });
  for (const deed of all) {
    const [stock, here] = await Promise.all(servers.map(({ port, arrived, io }) => {
      arrived.length = 0;
      return outcome(port, arrived, clients => deed(io.sockets, clients));
    }));
    assert.deepEqual(here, stock, String(deed));
  }
}

describe('a room does what it does in stock 0.9.19', { concurrency: 8 }, () => {
  for (const room of [...NONE, '/', '/x', '\n', '\nx', 'x/y', '__proto__', 'constructor', 5]) {
    test(`whose name is ${typeof room} ${JSON.stringify(room)}`, async t => {
      await compare(t, deeds(room));
    });
  }

  test('nobody is left out by except(undefined), except(\'\') and except(null)', async t => {
    await compare(t, NONE.map(id => of => of.except(id).emit('told')));
  });
});

test('no room is taken for a room of another namespace, whatever their names', async t => {
  const of: Record<string, Namespace<Loose, Loose>> = {};
  const names = ['/a', '/a\nb', '/a\\nb', '/a\\'];
  const joined: string[] = [];
  const { port } = serve(t, io => {
    for (const name of names) {
      const one = of[name] = io.of(name);
      one.on('connection', socket => {
        for (const room of ['c', 'b', 'b\nc', 'nb', '\\nb', '\nb']) socket.join(room);
        joined.push(name);
      });
    }
  });
  for (const name of names) {
    const raw = await handshake(port);
    await raw.poll();
    await raw.post(`1::${name}`);
  }
  assert.deepEqual(joined, names);
  for (const name of names) {
    for (const room of ['', 'c', 'b', 'b\nc', 'nb', '\\nb', '\nb', 'a', '/a']) {
      assert.equal(of[name]!.clients(room).length, ['', 'a', '/a'].includes(room) ? 0 : 1, JSON.stringify([name, room]));
    }
    assert.equal(of[name]!.clients().length, 1);
  }
});

test('a socket whose session has ended, or that has left its namespace, joins no room', async t => {
  const kept: Client[] = [];
  let io!: Server<Loose, Loose>;
  const { port } = serve(t, made => {
    io = made;
    io.sockets.on('connection', socket => { kept.push(socket); });
    io.of('/other').on('connection', socket => { kept.push(socket); });
  });
  const raw = await handshake(port);
  await raw.poll();
  await raw.post('1::/other');
  await raw.post('0::/other');
  kept[1]!.join('x');
  assert.equal(io.of('/other').clients('x').length, 0, 'it has left');
  await raw.post('0::');
  kept[0]!.join('x');
  assert.equal(io.sockets.clients('x').length, 0, 'it has ended');
});

test('a handler of disconnect that leaves a room does not count its client there any more', async t => {
  const counts: number[] = [];
  const { port } = serve(t, io => io.sockets.on('connection', socket => {
    socket.join('x');
    socket.on('disconnect', () => {
      counts.push(io.sockets.clients('x').length);
      socket.leave('x');
      counts.push(io.sockets.clients('x').length);
    });
  }));
  const client = await handshake(port);
  await client.poll();
  await client.post('0::');
  await until(() => counts.length === 2, 'the handler');
  assert.deepEqual(counts, [1, 0]);
});
