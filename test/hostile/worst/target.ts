/*
 * Starts a server in a process of its own. The tests read how much memory and how many connections
 * it holds.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { TestContext } from 'node:test';
import { emptyFolder, resource, root } from '../../support/template';

export interface Answer { status: number; text: string }

export interface Target {
  /**
   * Calls a function with each reading of the server's resident memory, bytes. The server reads it
   * ten times a second, right after it has collected its garbage. A server that a busy machine stops
   * for a while reads nothing.
   * @returns a function that ends this
   */
  onRead: (read: (memory: number) => void) => () => void;
  /** How many files and connections are open. */
  descriptors: () => number;
  /**
   * Sends a request over a connection that is kept open.
   * @param body the body of a POST; without it, the request is a GET
   * @param headers a name, its value, the next name, and so on
   */
  request: (path: string, body?: string, headers?: string[]) => Promise<Answer>;
  /** Opens a connection. Only the server and end() close it. */
  connect: () => net.Socket;
  /** Ends all connections. */
  end: () => void;
}

/**
 * Starts the server. It ends with the test. It listens at a Unix socket, because the system keeps
 * little memory for such a connection.
 * @param node the program that runs the server
 */
export async function start(
  t: TestContext, node: string, settings: Record<string, string>,
): Promise<Target> {
  const at = path.join(emptyFolder(t, 'worst-'), 'server');
  const options = [
    '--max-http-header-size=32768', // as web.config and npm start have it
    '--expose-gc',
    // V8's young generation grows to some 30 MB in every process that does some work. Here it stays
    // small, so that the memory grows only by what the server holds.
    '--max-semi-space-size=1',
  ];
  // Memory that the server frees goes back to the system at once. By itself, glibc keeps up to 30 MB of
  // it for later, in another amount each time.
  const glibc = {
    MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '16384', MALLOC_TRIM_THRESHOLD_: '0',
  };
  const script = path.join(__dirname, 'server.js');
  const child = spawn(node, [...options, script, path.join(root, 'dist'), at], {
    env: { ...settings, ...glibc }, stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const lines = createInterface(child.stdout);
  await once(lines, 'line'); // 'listening'
  // The server ends a connection that nobody has used for 40 s. On a busy machine an attack takes as
  // long, and then the next request would meet that end. So connections end earlier on this side.
  const agent = new http.Agent({ keepAlive: true, maxSockets: 20, timeout: 20000 });
  const sockets = new Set<net.Socket>();
  const end = () => {
    for (const socket of sockets) socket.destroy();
    agent.destroy();
  };
  t.after(end);
  return {
    onRead: read => {
      const take = (line: string) => read(Number(line));
      lines.on('line', take);
      return () => { lines.off('line', take); };
    },
    descriptors: () => readdirSync(path.join('/proc', String(child.pid), 'fd')).length,
    request: (where, body, more = []) => new Promise((resolve, reject) => {
      const method = body === undefined ? 'GET' : 'POST';
      const length = String(Buffer.byteLength(body ?? ''));
      const headers = ['Host', 'localhost', 'Content-Length', length, ...more] as never;
      http.request({ socketPath: at, agent, path: where, method, headers }, res => {
        let text = '';
        res.setEncoding('utf8').on('data', data => text += String(data));
        res.on('end', () => resolve({ status: res.statusCode!, text })).on('error', reject);
      }).on('error', reject).end(body);
    }),
    connect: () => {
      const socket = net.connect({ path: at, allowHalfOpen: true }).on('error', () => undefined).setMaxListeners(0);
      sockets.add(socket);
      return socket.once('close', () => sockets.delete(socket));
    },
    end,
  };
}

/** Calls a function many times. `atOnce` calls run at the same time. */
export async function many(
  times: number, atOnce: number, act: (i: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: atOnce }, async () => {
    while (next < times) await act(next++);
  }));
}

/** Makes a handshake. @returns the id of its session */
export async function shake({ request }: Target, query = '', headers?: string[]): Promise<string> {
  const { status, text } = await request(`${resource}/1/${query}`, undefined, headers);
  if (status !== 200) throw new Error(`handshake: ${status} ${text}`);
  return text.split(':')[0]!;
}

/** Makes a handshake and the first poll. @returns the path of the session's polls */
export async function open(target: Target, query = ''): Promise<string> {
  const at = `${resource}/1/xhr-polling/${await shake(target, query)}${query}`;
  await target.request(at);
  return at;
}

/**
 * Makes a frame of a client. Its mask changes nothing.
 * @param isLast whether it ends its message
 */
export function frame(opcode: number, text: string, isLast: boolean): Buffer {
  const head = Buffer.alloc(14);
  head[0] = (isLast ? 0x80 : 0) | opcode;
  head[1] = 0x80 | (text.length < 126 ? text.length : 127);
  if (text.length >= 126) head.writeUInt32BE(text.length, 6);
  return Buffer.concat([head.subarray(0, text.length < 126 ? 6 : 14), Buffer.from(text)]);
}

/**
 * Opens a WebSocket of a new session.
 * @returns its connection, from which nothing reads any more
 */
export async function upgrade(target: Target): Promise<net.Socket> {
  const socket = target.connect();
  socket.write([
    `GET ${resource}/1/websocket/${await shake(target)} HTTP/1.1`, 'Host: localhost',
    'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', '', '',
  ].join('\r\n'));
  await once(socket, 'data');
  return socket.pause();
}

/** Opens a WebSocket from which nothing reads. @returns a function that sends a text over it */
export async function openWebSocket(target: Target): Promise<(text: string) => void> {
  const socket = await upgrade(target);
  return text => socket.write(frame(1, text, true));
}

/** @returns a packet that asks the application for messages */
export function fill(times: number, letters: number, id = ''): string {
  return `5:${id}::{"name":"fill","args":[${times},${letters}]}`;
}
