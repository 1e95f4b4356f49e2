import v8 from 'node:v8';
import vm from 'node:vm';
import type { Server, Settings, Socket } from '../../../src/realtime';
import type { Loose } from '../../support/raw';

/**
 * This application is attacked, on stock 0.9 and on this server. It is the demo with two namespaces
 * and an event that asks for an acknowledgement. It keeps a list of all that its handlers see of
 * each session. The tests find the effect of an attack in this list.
 */
export function app(io: Server<Loose, Loose>): void {
  let clients = 0;
  const seen = new Map<string, string[]>();
  const note = (socket: Socket<Loose, Loose>, what: string) => seen.get(socket.id)?.push(what) ?? seen.set(socket.id, [what]);

  const settings = JSON.parse(process.env.SETTINGS || '{}') as Partial<Settings>;
  for (const [name, value] of Object.entries(settings)) io.set(name as keyof Settings, value);
  io.set('authorization', (handshake, accept) => {
    accept(null, true);
    if (handshake.query.twice) accept(null, true);
  });

  io.sockets.on('connection', socket => {
    note(socket, 'connection');
    clients += 1;
    io.sockets.emit('clients', clients);
    socket.emit('question', 'who?', (answer: unknown) => note(socket, `answer ${String(answer)}`));
    socket.on('message', (text, ack) => {
      note(socket, 'message');
      if (typeof ack === 'function') ack(text);
    });
    socket.on('disconnect', () => {
      note(socket, 'disconnect');
      clients -= 1;
      io.sockets.emit('clients', clients);
    });
    for (const name of ['error', 'connect', 'connection']) socket.on(name, () => note(socket, `event ${name}`));
    socket.on('join', room => { socket.join(room); });
    socket.on('news', text => io.of('/other').emit('news', text));
    socket.on('seen', (id, ack) => ack(seen.get(id) ?? []));
    socket.on('heap', ack => ack(heap()));
  });

  io.of<Loose, Loose>('/other').on('connection', socket => {
    note(socket, '/other connection');
    socket.on('message', () => note(socket, '/other message'));
    socket.on('kick', () => { socket.disconnect(); });
    socket.on('disconnect', () => note(socket, '/other disconnect'));
  });

  // This authorization answers later, as an authorization that asks a database does.
  io.of<Loose, Loose>('/slow').authorization((_handshake, accept) => {
    setTimeout(() => accept(null, true), 300);
  }).on('connection', socket => {
    note(socket, '/slow connection');
    socket.on('disconnect', () => note(socket, '/slow disconnect'));
  });
}

/** @returns how many bytes are in use, after all garbage is collected */
function heap(): number {
  v8.setFlagsFromString('--expose-gc');
  (vm.runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
