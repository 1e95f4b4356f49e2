/*
 * Starts two servers with one Redis, which all tests of a file share. The application of the
 * servers tells a client which process the client is with. After some messages, the application
 * writes a line to the output of its process. The clients use public/realtime.js. If a test ends a
 * server, the next test starts this server again.
 */
import assert from 'node:assert/strict';
import { after, TestContext } from 'node:test';
import { available } from '../support/available';
import { Connection, connectRealtime } from '../support/client';
import { launchRedis, RedisServer } from '../../tools/redis-server';
import type { Running } from '../support/server';
import { deploy, Edit, emptyFolder } from '../support/template';
import { until } from '../support/wait';
import { Between, standBetween } from './between';
import { startPatiently } from './patiently';

const APP: Edit = ['dist/app.js', /^[^]*$/, `exports.app = io => {
  // A session is a file: its name comes as a cookie would, the user is in it.
  io.use((req, res, next) => {
    const file = req.headers['x-session-file'];
    if (file === undefined) return next();
    require('fs').readFile(file, 'utf8', (error, name) => {
      if (error) return next(Object.assign(error, { status: 401 }));
      req.user = { name };
      req.session = { pid: process.pid };
      next();
    });
  });
  io.set('authorization', (handshake, accept) => {
    if (!handshake.user) handshake.user = handshake.headers['x-name'];
    accept(null, true);
  });
  io.on('clients', count => console.log('clients', count));
  io.sockets.on('connection', socket => {
    socket.on('disconnect', () => socket.leave('kept'));
    socket.on('join', (room, done) => { socket.join(room); done(socket.id); });
    socket.on('all', text => io.sockets.emit('heard', text));
    socket.on('all later', (text, ms) => setTimeout(() => {
      io.sockets.emit('heard', text);
      console.log('sent', text);
    }, ms));
    socket.on('value', text => io.sockets.volatile.emit('heard', text));
    socket.on('room', (room, text) => io.sockets.to(room).emit('heard', text));
    socket.on('others', text => socket.broadcast.emit('heard', text));
    socket.on('local', text => io.sockets.local.emit('heard', text));
    socket.on('one', (id, text) => io.sockets.socket(id).emit('heard', text));
    socket.on('later', (text, ms) => setTimeout(() => {
      socket.emit('heard', text);
      console.log('sent', text);
    }, ms));
    socket.on('kick', id => {
      const other = io.sockets.socket(id);
      other.emit('heard', 'bye');
      other.disconnect();
    });
    socket.on('many', (id, count) => {
      for (let i = 1; i <= count; i++) io.sockets.socket(id).emit('heard', String(i));
    });
    socket.on('end', id => {
      io.sockets.socket(id).disconnect();
      console.log('ended', id);
    });
    socket.on('set', (value, done) => socket.set('value', value, done));
    socket.on('get', done => {
      socket.get('value', (_error, value) => done(value, socket.recovered));
    });
    socket.on('add', (text, done) => socket.get('sum', (_error, sum) => {
      socket.set('sum', (sum || 0) + 1);
      io.sockets.emit('heard', text);
      done((sum || 0) + 1, process.pid);
      console.log('added', text);
    }));
    socket.on('never', () => console.log('never'));
    socket.on('turn', (ms, done) => setTimeout(() => {
      socket.set('late', 1);
      socket.join('late');
      socket.leave('early');
      socket.emit('heard', 'late');
      done('late');
      console.log('late');
    }, ms));
    socket.on('at SIGUSR2', (...texts) => {
      const send = () => {
        const text = texts.shift();
        socket.emit('heard', text);
        console.log('sent', text);
        if (texts.length > 0) process.once('SIGUSR2', send);
      };
      process.once('SIGUSR2', send);
    });
    socket.on('answer at SIGUSR2', done => process.once('SIGUSR2', () => {
      socket.emit('heard', 'late');
      done('late');
      console.log('late');
    }));
    socket.on('set late', (value, done) => socket.set('late', value, done));
    socket.on('late', done => socket.get('late', (_error, value) => done(value)));
    socket.on('of', (id, done) => {
      const other = io.sockets.socket(id);
      other.get('value', (error, value) => {
        other.set('value', 1, failed => done(String(error), value, String(failed)));
      });
      other.join('red');
    });
    socket.on('pid', done => done(process.pid));
    socket.on('who', done => socket.get('value', (_error, value) => {
      const { headers, user, query, session } = socket.handshake;
      done({ pid: process.pid, user, tab: headers['x-tab'], page: query.page, value, session });
    }));
  });
};`];

/** A client of public/realtime.js that is connected. */
export interface User {
  /** The texts of the event 'heard' so far. */
  heard: string[];
  /** The states of the connection so far. If the session went on, the state is 'recovered'. */
  states: string[];
  ask: (event: string, ...args: unknown[]) => Promise<any[]>;
  emit: Connection['emit'];
}

export async function open(t: TestContext, port: number): Promise<User> {
  const connection = connectRealtime(port);
  t.after(() => connection.close());
  const heard: string[] = [];
  const states: string[] = [];
  connection.on('heard', (text: string) => heard.push(text));
  connection.on('status', ({ state, recovered }: { state: string; recovered?: boolean }) => {
    states.push(recovered ? 'recovered' : state);
  });
  await until(() => states.includes('connected'), 'a connection', 60);
  const ask = (event: string, ...args: unknown[]) => new Promise<any[]>(resolve => {
    connection.emit(event, ...args, (...answer: unknown[]) => resolve(answer));
  });
  return { heard, states, ask, emit: connection.emit };
}

/** A server, and the proxy between this server and Redis. */
export interface Process { server: Running; redis: Between }

/** Waits until a process has written a line, which names the last action of the application. */
export function says({ server }: Process, line: string): Promise<unknown> {
  return until(() => server.output().split('\n').includes(line), `the line "${line}"`);
}

export interface Two { redis: RedisServer; processes: [Process, Process] }

/** Functions that run once, after all tests of the file. */
const ends: (() => unknown)[] = [];
const file = { after: (end: () => unknown) => ends.push(end) } as unknown as TestContext;
after(async () => {
  for (const end of ends) await end();
});

interface Shared {
  redis: RedisServer;
  folder: string;
  betweens: Between[];
  servers: Running[];
}
let shared: Promise<Shared | null> | undefined;

async function share(): Promise<Shared | null> {
  const redis = await launchRedis(undefined, emptyFolder(file, 'redis-'));
  if (!redis) return null;
  ends.push(redis.kill);
  const folder = deploy(file, [APP]);
  const betweens = [await standBetween(file, redis.port), await standBetween(file, redis.port)];
  return { redis, folder, betweens, servers: [] };
}

/**
 * Starts the two servers, or uses the servers of the earlier tests.
 * @returns Redis and the servers; `output` returns only the lines that are written in this test.
 * null without redis-server: then the test fails in CI, and is skipped elsewhere
 */
export async function startTwo(t: TestContext): Promise<Two | null> {
  const made = await (shared ??= share());
  if (!available(t, 'redis-server', made, false)) return null;
  const { redis, folder, betweens, servers } = made!;
  const processes: Process[] = [];
  for (const [i, between] of betweens.entries()) {
    const before = servers[i];
    // A test may have killed this server. The request shows whether the server still answers.
    const answers = before && await fetch(`${before.page}health`).then(() => true, () => false);
    const server = answers ? before : await startPatiently(file, folder, { REDIS_URL: between.url });
    servers[i] = server;
    // The test before may have stopped Redis. Until a process notices that Redis is back, it takes
    // over no session.
    const inHealth = async () => (await (await fetch(`${server.page}health`)).json()).redis as string;
    await until(async () => await inHealth() === 'ok', 'a process that reaches Redis');
    const { length } = server.output();
    const output = () => server.output().slice(length);
    processes.push({ server: { ...server, output }, redis: between });
  }
  t.after(() => {
    for (const { process } of servers) process.kill('SIGCONT');
    for (const between of betweens) {
      between.release();
      between.delay(0);
    }
    // Tests kill processes by a signal, or stop processes. No process may end with an error.
    for (const { process, output } of servers) assert(!process.exitCode, output());
  });
  return { redis, processes: processes as [Process, Process] };
}
