import type { Server } from '../../../src/realtime';

interface Out {
  /** All present values: a page that comes shows them at once. */
  values: (values: { [machine: string]: number }) => void;
  /** A new value of one machine. */
  value: (machine: string, value: number) => void;
}

const MACHINES = ['press', 'lathe'];

export function app(io: Server<{}, Out>): void {
  const values: { [machine: string]: number } = {};
  io.sockets.on('connection', socket => socket.emit('values', values));

  // Each machine has a room, as values of one event and room replace each other.
  io.sockets.on('connection', socket => {
    for (const machine of MACHINES) socket.join(machine);
  });
  const measuring = setInterval(() => {
    for (const machine of MACHINES) {
      values[machine] = measure();
      // A page gets the newest with each poll, and none twice.
      io.sockets.in(machine).volatile.emit('value', machine, values[machine]!);
    }
  }, 50);
  measuring.unref();
}

let measured = 0;

/** In place of a real one: it counts. */
function measure(): number {
  return ++measured;
}
