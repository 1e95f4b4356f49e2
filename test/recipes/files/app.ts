import type { Server } from '../../../src/realtime';

export interface Uploaded { id: string; name: string; bytes: number }
export interface Out {
  /** This event has all files: a new page shows them. */
  files: (all: Uploaded[]) => void;
  file: (one: Uploaded) => void;
}

/** A database keeps the files through restarts, and shares them with other processes. */
export const uploaded: Uploaded[] = [];

export function app(io: Server<{}, Out>): void {
  io.sockets.on('connection', socket => socket.emit('files', uploaded));
}
