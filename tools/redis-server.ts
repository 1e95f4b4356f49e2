import { ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port';

type Done = (error: Error | null, reply: unknown) => void;
interface Client {
  send_command: (name: string, args: string[], done: Done) => void;
  quit: () => void;
}
const { createClient } = createRequire(__filename)('redis') as {
  createClient: (port: number, host: string) => Client;
};

/** A connection to a Redis. */
export interface Connection {
  call: (name: string, ...args: (string | number)[]) => Promise<unknown>;
  close: () => void;
}

/** A Redis that runs. */
export interface RedisServer {
  url: string;
  port: number;
  stop: () => Promise<void>;
  /** Deletes the data that Redis has saved, so that Redis is empty after the next start(). */
  forget: () => void;
  /** Starts Redis again: empty, or with the data that it has saved in its folder. */
  start: () => Promise<void>;
  /** Pauses Redis. Redis keeps its connections, and does not answer until thaw(). */
  freeze: () => void;
  thaw: () => void;
  /**
   * Sends Redis a command.
   * @returns the reply of Redis
   */
  call: (name: string, ...args: string[]) => Promise<unknown>;
  /** Opens a connection for many commands. */
  connect: () => Connection;
  /** @returns the number of commands that Redis has run, by the names of the commands */
  commands: () => Promise<Record<string, number>>;
  /**
   * @returns cpu: the processor time that Redis has taken so far, user and system together, µs;
   * bytes: the number of bytes that were sent to Redis; commands: the number of commands that Redis
   * has run, by the names of the commands
   */
  readings: () => Promise<{ cpu: number; bytes: number; commands: Record<string, number> }>;
  /** Ends Redis, and does not wait until it has ended. */
  kill: () => void;
}

/**
 * Starts a Redis on a free port of this computer. Redis saves nothing to the disk by itself. The
 * caller has to end Redis with stop().
 * @param password the password that clients have to send; undefined if Redis needs no password
 * @param folder the folder into which the command SAVE writes the data of Redis
 * @returns the Redis that runs; null on Windows, or if redis-server is not installed
 * @throws Error if Redis does not answer within 20 s
 */
export async function launchRedis(password?: string, folder?: string): Promise<RedisServer | null> {
  // The makers of Redis have no version for Windows. The versions of other makers could not be
  // frozen: Windows has no SIGSTOP.
  if (process.platform === 'win32') return null;
  if (spawnSync('redis-server', ['--version']).status !== 0) return null;
  const port = await freePort();
  let child: ChildProcess;
  const kill = () => { child.kill('SIGKILL'); };
  const start = async () => {
    process.once('exit', kill);
    child = spawn('redis-server', [
      '--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no',
      ...folder ? ['--dir', folder] : [],
      ...password ? ['--requirepass', password] : [],
    ], { stdio: 'ignore' });
    for (const end = Date.now() + 20000; !/^[+-]/.test(await ask(port, 'PING'));) {
      if (Date.now() > end) throw new Error('waited 20 s for redis-server to listen');
      await sleep(20);
    }
  };
  const stop = async () => {
    process.off('exit', kill);
    const gone = once(child, 'exit');
    if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL')) await gone;
  };
  await start();
  return {
    port, start, stop, kill,
    forget: () => { if (folder) rmSync(path.join(folder, 'dump.rdb'), { force: true }); },
    url: `redis://${password ? `:${password}@` : ''}127.0.0.1:${port}`,
    freeze: () => { child.kill('SIGSTOP'); },
    thaw: () => { child.kill('SIGCONT'); },
    call: (name, ...args) => new Promise((resolve, reject) => {
      const client = createClient(port, '127.0.0.1');
      client.send_command(name, args, (error, reply) => {
        client.quit();
        if (error) reject(error); else resolve(reply);
      });
    }),
    connect: () => {
      const client = createClient(port, '127.0.0.1');
      return {
        close: () => client.quit(),
        call: (name, ...args) => new Promise((resolve, reject) => {
          client.send_command(name, args.map(String), (error, reply) => {
            if (error) reject(error); else resolve(reply);
          });
        }),
      };
    },
    commands: async () => readCommands(await ask(port, 'INFO commandstats')),
    readings: async () => {
      const text = await ask(port, 'INFO all');
      const seconds = (name: string) => {
        return Number(new RegExp(`^used_cpu_${name}:([\\d.]+)`, 'm').exec(text)![1]);
      };
      const bytes = Number(/^total_net_input_bytes:(\d+)/m.exec(text)![1]);
      const cpu = Math.round((seconds('user') + seconds('sys')) * 1e6);
      return { bytes, cpu, commands: readCommands(text) };
    },
  };
}

function readCommands(text: string): Record<string, number> {
  const lines = Array.from(text.matchAll(/cmdstat_([\w|]+):calls=(\d+)/g));
  return Object.fromEntries(lines.map(([, name, calls]) => [name, Number(calls)]));
}

/**
 * Sends one command over a connection of its own. The command must have one line or one text as its
 * reply.
 * @returns the reply, as Redis sends it; '' if nothing listens
 */
function ask(port: number, command: string): Promise<string> {
  return new Promise(resolve => {
    let reply = '';
    const socket: net.Socket = net.connect(port, '127.0.0.1', () => socket.write(`${command}\r\n`));
    socket.setEncoding('latin1').on('data', data => {
      reply += String(data);
      if (isWhole(reply)) socket.destroy();
    });
    socket.on('error', () => undefined).on('close', () => resolve(reply));
  });
}

/**
 * @returns whether a reply has come to its end: "+PONG\r\n", or "$4\r\ntext\r\n" with the length of
 * the text in bytes
 */
function isWhole(reply: string): boolean {
  const [head, length] = /^\$(\d+)\r\n/.exec(reply) ?? [];
  if (head === undefined) return !reply.startsWith('$') && reply.endsWith('\r\n');
  return reply.length >= head.length + Number(length) + 2;
}
