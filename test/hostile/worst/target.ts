/* A server in a process of its own, and what it holds: memory and connections. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { TestContext } from 'node:test';
import { emptyFolder, resource, root } from '../../support/template';

export interface Answer { status: number; text: string }

export interface Target {
  /** Resident memory, bytes. */
  memory: () => number;
  /** Open files and connections. */
  descriptors: () => number;
  /**
   * A request over a connection that is kept, and its answer.
   * @param body where there is one it is a POST
   * @param headers a name, its value, the next name
   */
  request: (path: string, body?: string, headers?: string[]) => Promise<Answer>;
  /** A connection, closed by nobody but the server and end(). */
  connect: () => net.Socket;
  /** Ends all connections. */
  end: () => void;
}

/**
 * Starts the server. It is gone when the test ends. It listens at a Unix socket, where the system keeps
 * little for a connection.
 * @param node the program
 */
export async function start(
  t: TestContext, node: string, settings: Record<string, string>,
): Promise<Target> {
  const at = path.join(emptyFolder(t, 'worst-'), 'server');
  const options = [
    '--max-http-header-size=32768', // as web.config and npm start have it
    '--expose-gc',
    // V8's young generation grows to some 30 MB in every process that does some work. Here it stays small:
    // memory that grows is memory that is held.
    '--max-semi-space-size=1',
  ];
  const script = path.join(__dirname, 'server.js');
  const child = spawn(node, [...options, script, path.join(root, 'dist'), at], {
    env: settings, stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  const agent = new http.Agent({ keepAlive: true, maxSockets: 20 });
  const sockets = new Set<net.Socket>();
  const end = () => {
    for (const socket of sockets) socket.destroy();
    agent.destroy();
  };
  t.after(end);
  const proc = (name: string) => path.join('/proc', String(child.pid), name);
  return {
    memory: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(proc('status'), 'utf8'))![1]) * 1024,
    descriptors: () => readdirSync(proc('fd')).length,
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

/** Does something many times, some at once. */
export async function many(
  times: number, atOnce: number, act: (i: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: atOnce }, async () => {
    while (next < times) await act(next++);
  }));
}

/** A handshake. @returns the id of its session */
export async function shake({ request }: Target, query = '', headers?: string[]): Promise<string> {
  const { status, text } = await request(`${resource}/1/${query}`, undefined, headers);
  if (status !== 200) throw new Error(`handshake: ${status} ${text}`);
  return text.split(':')[0]!;
}

/** A handshake and its first poll. @returns the path of the session's polls */
export async function open(target: Target, query = ''): Promise<string> {
  const at = `${resource}/1/xhr-polling/${await shake(target, query)}${query}`;
  await target.request(at);
  return at;
}

/** A frame of a client, with a mask that changes nothing. @param isLast whether it ends its message */
export function frame(opcode: number, text: string, isLast: boolean): Buffer {
  const head = Buffer.alloc(14);
  head[0] = (isLast ? 0x80 : 0) | opcode;
  head[1] = 0x80 | (text.length < 126 ? text.length : 127);
  if (text.length >= 126) head.writeUInt32BE(text.length, 6);
  return Buffer.concat([head.subarray(0, text.length < 126 ? 6 : 14), Buffer.from(text)]);
}

/** A WebSocket of a new session. @returns what it goes over */
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

/** A WebSocket of a new session. @returns a function that sends a text over it; nothing is read */
export async function openWebSocket(target: Target): Promise<(text: string) => void> {
  const socket = await upgrade(target);
  return text => socket.write(frame(1, text, true));
}

/** A message that asks the application for messages. */
export function fill(times: number, letters: number, id = ''): string {
  return `5:${id}::{"name":"fill","args":[${times},${letters}]}`;
}
