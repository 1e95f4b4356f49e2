/*
 * The differences between the systems that a node.exe may run on: its start, the names of files,
 * pipes. A test runs Windows' node.exe in wine, so the system is not always this machine's own.
 */
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A node, and the ways to run it and to connect to it. */
export interface NodeExe {
  /** The program and its first arguments. */
  command: string[];
  /** The variables of the environment that this node needs beside the variables that IIS sets. */
  env: Record<string, string>;
  /** Whether the node is for Windows: backslashes divide a path, pipes have names of their own. */
  windows: boolean;
  /** Makes the path by which this node finds a file. */
  file: (name: string) => string;
  /** Connects to a pipe. @throws Error while node does not listen at the pipe */
  open: (pipe: string) => Promise<net.Socket>;
}

/** Makes a node.exe of this machine's own system. */
export function ownNode(program: string): NodeExe {
  return {
    command: [program],
    env: {},
    windows: process.platform === 'win32',
    file: name => name,
    open: pipe => connected(net.connect(pipe)),
  };
}

/** Makes a name to listen at: a named pipe on Windows, elsewhere the path of a Unix socket. */
export function newPipeName(windows = process.platform === 'win32'): string {
  return windows ? `\\\\.\\pipe\\${randomUUID()}` : path.join(tmpdir(), `iisnode-${randomUUID()}`);
}

/** Deletes the file of a Unix socket, which stays when node ends. A named pipe leaves no file. */
export function removePipe(pipe: string): void {
  if (!pipe.startsWith('\\\\')) rmSync(pipe, { force: true });
}

/** Waits until a socket is connected. */
export function connected(socket: net.Socket): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject).once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}
