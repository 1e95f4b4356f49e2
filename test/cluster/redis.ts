import { ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import type { TestContext } from 'node:test';
import { available, until } from '../helper';

/** A Redis that runs. */
export interface RedisServer {
  url: string;
  port: number;
  stop: () => Promise<void>;
  /** Starts it again, empty. */
  start: () => Promise<void>;
  /** It neither answers nor ends. */
  freeze: () => void;
  thaw: () => void;
  /** What it says of itself: how many commands it has been sent, by name. */
  commands: () => Promise<Record<string, number>>;
}

/** Starts a Redis that keeps nothing on the disk, until the test ends. Null, and the test is skipped, where there is none. */
export async function startRedis(t: TestContext, password?: string): Promise<RedisServer | null> {
  if (!available(t, 'redis-server', spawnSync('redis-server', ['--version']).status === 0)) return null;
  const port = await freePort();
  let child: ChildProcess;
  const start = async () => {
    child = spawn('redis-server', [
      '--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', ...password ? ['--requirepass', password] : [],
    ], { stdio: 'ignore' });
    await until(async () => (await ask(port, 'PING')) !== '', 'redis-server to listen');
  };
  const stop = async () => {
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  t.after(() => { child.kill('SIGKILL'); });
  await start();
  return {
    port, start, stop,
    url: `redis://${password ? `:${password}@` : ''}127.0.0.1:${port}`,
    freeze: () => { child.kill('SIGSTOP'); },
    thaw: () => { child.kill('SIGCONT'); },
    commands: async () => {
      const text = await ask(port, 'INFO commandstats');
      return Object.fromEntries(Array.from(text.matchAll(/cmdstat_([\w|]+):calls=(\d+)/g), ([, name, calls]) => [name, Number(calls)]));
    },
  };
}

/** Sends one command, and gives what comes within 100 ms; nothing, if nobody listens. */
function ask(port: number, command: string): Promise<string> {
  return new Promise(resolve => {
    let text = '';
    const socket: net.Socket = net.connect(port, '127.0.0.1', () => socket.write(`${command}\r\n`));
    socket.on('data', data => {
      text += String(data);
      setTimeout(() => socket.destroy(), 100);
    });
    socket.on('error', () => undefined).on('close', () => resolve(text));
  });
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  return port;
}
