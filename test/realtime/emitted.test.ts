/*
 * A message arrives as it was when it was emitted, even if it is changed later. Each handler gets a
 * copy of its own.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test, TestContext } from 'node:test';
import { clientLibrary } from '../support/client';
import { serve } from '../support/raw';
import { fromRoot, resource, root } from '../support/template';
import { until } from '../support/wait';

const { connect } = fromRoot(path.join(root, 'public', 'realtime.js')) as { connect: (options: object) => any };

function start(t: TestContext) {
  const heard: unknown[] = [];
  const { port } = serve(t, io => io.sockets.on('connection', socket => {
    socket.on('say', (what: unknown) => { heard.push(what); });
    socket.on('ask', () => { socket.emit('told', { list: [1] }); });
  }));
  const connection = connect({ url: `http://127.0.0.1:${port}`, resource: resource.slice(1), io: clientLibrary });
  t.after(() => connection.close());
  return { heard, connection };
}

test('an object that is changed after emit arrives as it was; a circular one throws, and holds nothing up', async t => {
  const { heard, connection } = start(t);
  const object: Record<string, unknown> = { n: 1, at: new Date(0), none: undefined };
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  connection.emit('say', object);
  object.n = 2;
  object.self = object;
  assert.throws(() => connection.emit('say', circular), /circular/i);
  connection.emit('say', { toJSON: () => 'its own' });
  connection.emit('say', undefined);
  await until(() => heard.length === 3, 'the messages');
  assert.deepEqual(heard, [{ n: 1, at: '1970-01-01T00:00:00.000Z' }, 'its own', null]);
});

test('an object that the server changes after it was emitted arrives as it was, in each way to emit it', async t => {
  const { port } = serve(t, io => io.sockets.on('connection', (socket: any) => {
    socket.join('room');
    socket.on('ask', (answer: (what: unknown) => void) => {
      const object: Record<string, unknown> = { n: 1, at: new Date(0) };
      socket.emit('to one', object);
      socket.json.send(object);
      io.sockets.emit('to all', object);
      io.sockets.in('room').emit('to a room', object);
      answer(object);
      object.n = 2;
      object.self = object;
    });
  }));
  const connection = connect({ url: `http://127.0.0.1:${port}`, resource: resource.slice(1), io: clientLibrary });
  t.after(() => connection.close());
  const heard: Record<string, unknown> = {};
  for (const name of ['to one', 'message', 'to all', 'to a room']) {
    connection.on(name, (what: unknown) => { heard[name] = what; });
  }
  connection.emit('ask', (what: unknown) => { heard.answer = what; });
  await until(() => Object.keys(heard).length === 5, 'all of it');
  for (const [name, what] of Object.entries(heard)) {
    assert.deepEqual(what, { n: 1, at: '1970-01-01T00:00:00.000Z' }, name);
  }
});

test('what one handler does to its arguments, or to the status, no other sees', async t => {
  const { connection } = start(t);
  const seen: unknown[] = [];
  let state = '';
  connection.on('status', (status: { state: string }) => { status.state = 'mine'; });
  connection.on('status', (status: { state: string }) => { state = status.state; });
  connection.on('told', (what: { list: number[] }) => what.list.push(2));
  connection.on('told', (what: unknown) => seen.push(what));
  connection.emit('ask');
  await until(() => seen.length === 1, 'the event');
  assert.deepEqual(seen, [{ list: [1] }]);
  assert.equal(state, 'connected');
});

test('a name that is no text, and JSON that is none, arrive as text and as null, and hold nothing up', async t => {
  const NAMES: unknown[] = [undefined, null, 5, true];
  const { port } = serve(t, io => io.sockets.on('connection', (socket: any) => {
    socket.on('ask', () => {
      for (const name of NAMES) socket.emit(name, name);
      socket.json.send(undefined);
      socket.json.send(() => 1);
      io.sockets.emit(undefined as never, 'to all');
      socket.emit('done');
    });
  }));
  const connection = connect({ url: `http://127.0.0.1:${port}`, resource: resource.slice(1), io: clientLibrary });
  t.after(() => connection.close());
  const heard: unknown[] = [];
  for (const name of ['undefined', 'null', '5', 'true', 'message', 'done']) {
    connection.on(name, (...args: unknown[]) => heard.push([name, ...args]));
  }
  connection.emit('ask');
  await until(() => heard.length === 8, 'all of it');
  assert.deepEqual(heard, [
    ['undefined', null], ['null', null], ['5', 5], ['true', true], ['message', null], ['message', null],
    ['undefined', 'to all'], ['done'],
  ]);
});
