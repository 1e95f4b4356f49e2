/*
 * Async functions of an application fail. The log says so, no other client is hurt, and the process
 * lives.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Server } from '../../src/realtime';
import { event, handshake, Loose, serve, session } from '../support/raw';
import { until } from '../support/wait';

/** The type of a value from an application that is written without types. */
type Any = any;
const fail: Any = () => Promise.reject(new Error('it failed'));

/** Each entry makes one function fail. The packet, if there is one, makes the server call it. */
const places: Record<string, [app: (io: Server<Loose, Loose>) => void, packet?: string]> = {
  'io.on(\'connection\')': [io => (io as Any).on('connection', fail)],
  'io.once(\'connection\')': [io => (io as Any).once('connection', fail)],
  'io.on(\'clients\')': [io => io.on('clients', fail)],
  'io.on(\'set:…\')': [io => (io as Any).on('set:polling duration', fail) && io.set('polling duration', 20)],
  'any event that the application emits on io': [io => (io as Any).on('mine', fail) && (io as Any).emit('mine')],
  'io.sockets.on(\'connection\')': [io => io.sockets.on('connection', fail)],
  'a namespace\'s connection': [io => io.of('/a').on('connection', fail), '1::/a'],
  'a namespace\'s authorization': [io => io.of('/a').authorization(fail), '1::/a'],
  'an event': [io => io.sockets.on('connection', socket => { socket.on('x', fail); }), event('x')],
  disconnect: [io => io.sockets.on('connection', socket => { socket.on('disconnect', fail); }), '0::'],
  'an acknowledgement': [io => io.sockets.on('connection', socket => { socket.emit('ask', fail); }), '6:::1'],
  'socket.set': [io => io.sockets.on('connection', socket => { socket.set('a', 1, fail); })],
  'socket.get': [io => io.sockets.on('connection', socket => { socket.get('a', fail); })],
  'socket.has': [io => io.sockets.on('connection', socket => { socket.has('a', fail); })],
  'socket.del': [io => io.sockets.on('connection', socket => { socket.del('a', fail); })],
  'socket.join': [io => io.sockets.on('connection', socket => { (socket as Any).join('a', fail); })],
  'socket.leave': [io => io.sockets.on('connection', socket => { (socket as Any).leave('a', fail); })],
  'a listener of newListener': [io => io.sockets.on('connection', socket => { (socket as Any).on('newListener', fail); socket.on('x', fail); })],
};

describe('an async function that fails is logged, and nothing more', () => {
  for (const [place, [app, packet]] of Object.entries(places)) {
    test(place, async t => {
      const unheard: unknown[] = [];
      const hear = (error: unknown) => unheard.push(error);
      process.on('unhandledRejection', hear);
      t.after(() => process.removeListener('unhandledRejection', hear));
      const { port, logged } = serve(t, app);
      const raw = await session(port);
      if (packet !== undefined) assert.equal((await raw.post(packet)).status, 200);
      await until(() => logged.some(line => line.startsWith('error') && line.includes('it failed')), 'a line of the log');
      assert.deepEqual(unheard, []);
      await (await handshake(port)).poll();
    });
  }
});
