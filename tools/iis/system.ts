/* What differs between the systems that a node.exe may run on: how it is started, its names of files, its pipes. */
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A node, and how to run and reach it. */
export interface NodeExe {
  /** Program and first arguments. */
  command: string[];
  /** What it needs in its environment beside what IIS gives it. */
  env: Record<string, string>;
  /** Whether it is Windows': pipes have names of their own, backslashes divide a path. */
  windows: boolean;
  /** The path of a file as this node sees it. */
  file: (name: string) => string;
  /** Opens a connection to the pipe that it listens at. Fails while it does not. */
  open: (pipe: string) => Promise<net.Socket>;
}

/** A node of the system that this runs on. */
export function ownNode(program: string): NodeExe {
  return { command: [program], env: {}, windows: process.platform === 'win32', file: name => name, open: pipe => connected(net.connect(pipe)) };
}

/** A name to listen at: a named pipe on Windows, elsewhere a socket. */
export function newPipeName(windows = process.platform === 'win32'): string {
  return windows ? `\\\\.\\pipe\\${randomUUID()}` : path.join(tmpdir(), `iisnode-${randomUUID()}`);
}

/** Unlike a named pipe, a socket stays behind as a file. */
export function removePipe(pipe: string): void {
  if (!pipe.startsWith('\\\\')) rmSync(pipe, { force: true });
}

/** Waits for the connection. */
export function connected(socket: net.Socket): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject).once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}
