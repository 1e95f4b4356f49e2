/*
 * Differences between the systems that a node.exe may run on: how it is started, names of files,
 * pipes. A test runs Windows' node.exe in wine, so the system is not always this machine's own.
 */
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A node, and how to run and reach it. */
export interface NodeExe {
  /** The program and its first arguments. */
  command: string[];
  /** Variables of the environment that it needs beside those that IIS sets. */
  env: Record<string, string>;
  /** Whether it is a node for Windows: backslashes divide a path, pipes have names of their own. */
  windows: boolean;
  /** The path of a file as this node sees it. */
  file: (name: string) => string;
  /** Connects to a pipe. Fails while node does not listen at the pipe. */
  open: (pipe: string) => Promise<net.Socket>;
}

/** A node.exe of this machine's own system. */
export function ownNode(program: string): NodeExe {
  return {
    command: [program],
    env: {},
    windows: process.platform === 'win32',
    file: name => name,
    open: pipe => connected(net.connect(pipe)),
  };
}

/** A name to listen at: that of a named pipe on Windows, elsewhere the path of a Unix socket. */
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
