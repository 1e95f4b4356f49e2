/*
 * A page does not send a message again that the server has handled, even if the message led to the
 * end of its session. In version 1.0.0 a session ended if a handler emitted more than
 * MAX_WAITING_BYTES, and the acknowledgement was lost. So the page sent the message again to each
 * next session, without an end. The tests use public/realtime.js and the real server.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test, TestContext } from 'node:test';
import type { Server, Socket } from '../../src/realtime';
import { clientLibrary } from '../support/client';
import { Loose, serve } from '../support/raw';
import { fromRoot, resource, root } from '../support/template';
import { until } from '../support/wait';

const { connect } = fromRoot(path.join(root, 'public', 'realtime.js')) as {
  connect: (options: object) => any;
};

type App = (io: Server<Loose, Loose>, socket: Socket<Loose, Loose>) => void;

/**
 * Starts a server and a page.
 * @param handle the application calls this after it has acknowledged a message
 * @param transports the transports that the server offers
 */
function start(t: TestContext, handle: App, transports = 'xhr-polling') {
  const seen = { sessions: 0, handled: 0, transport: '' };
  const { port } = serve(t, io => io.sockets.on('connection', socket => {
    seen.sessions += 1;
    socket.on('ask', (done: (text: string) => void) => {
      seen.handled += 1;
      done('answered');
      handle(io, socket);
    });
    socket.on('ping', (done: () => void) => done());
  }), { TRANSPORTS: transports });
  const connection = connect({
    url: `http://127.0.0.1:${port}`, resource: resource.slice(1), io: clientLibrary,
  });
  t.after(() => connection.close());
  connection.on('status', (status: { state: string; transport: string }) => {
    if (status.state === 'connected') seen.transport = status.transport;
  });
  const ask = (name: string) => new Promise(resolve => { connection.emit(name, resolve); });
  return { seen, connection, ask };
}

for (const [what, sizes] of Object.entries({
  'once 1.1 MB': [1.1e6], 'four times 300 KB': [3e5, 3e5, 3e5, 3e5],
})) {
  test(`a handler that emits ${what}: one session, all of it arrives`, async t => {
    const got: number[] = [];
    const { seen, connection, ask } = start(t, (_io, socket) => {
      for (const size of sizes) socket.emit('history', 'x'.repeat(size));
    });
    connection.on('history', (text: string) => got.push(text.length));
    assert.equal(await ask('ask'), 'answered');
    await until(() => got.length === sizes.length, 'what was emitted');
    await sleep(2000);
    assert.deepEqual(got, sizes);
    assert.deepEqual(seen, { sessions: 1, handled: 1, transport: 'xhr-polling' });
  });
}

for (const [transport, transports] of [
  ['xhr-polling', 'xhr-polling'], ['websocket', 'websocket,xhr-polling'],
] as const) {
  test(`${transport}: a session ends in the handler of a message, as too much waits: the message is acknowledged, and not sent again`, async t => {
    const { seen, ask } = start(t, (io, socket) => {
      socket.emit('history', 'x'.repeat(1.1e6));
      // Limits ends a session like this: of the waiting messages only acknowledgements are kept.
      (io as any).sessions.get(socket.id).end('too much waits', 'acks');
    }, transports);
    assert.equal(await ask('ask'), 'answered');
    await until(() => seen.sessions === 2, 'the next session');
    assert.equal(await ask('ping'), undefined);
    await sleep(2000);
    assert.deepEqual(seen, { sessions: 2, handled: 1, transport });
  });
}
