import type { Server } from '../../../src/realtime';

interface Out {
  /** This event has all present values: a new page shows them at once. */
  values: (values: { [machine: string]: number }) => void;
  /** This event has a new value of one machine. */
  value: (machine: string, value: number) => void;
}

const MACHINES = ['press', 'lathe'];

export function app(io: Server<{}, Out>): void {
  const values: { [machine: string]: number } = {};
  io.sockets.on('connection', socket => socket.emit('values', values));

  // Each machine has a room, because values of one event and room replace each other.
  io.sockets.on('connection', socket => {
    for (const machine of MACHINES) socket.join(machine);
  });
  const measuring = setInterval(() => {
    for (const machine of MACHINES) {
      values[machine] = measure();
      // A page gets the newest value with each poll, and no value twice.
      io.sockets.in(machine).volatile.emit('value', machine, values[machine]!);
    }
  }, 50);
  measuring.unref();
}

let measured = 0;

/** This function counts, in place of a real measurement. */
function measure(): number {
  return ++measured;
}
