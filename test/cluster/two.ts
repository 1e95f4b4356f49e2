/* Two servers with one Redis, an application that says where its clients are and what they sent, and clients of public/realtime.js. */
import path from 'node:path';
import type { TestContext } from 'node:test';
import { clientLibrary } from '../support/client';
import { Running, startServer } from '../support/server';
import { deploy, Edit, fromRoot, resource, root } from '../support/template';
import { until } from '../support/wait';
import { startRedis } from '../support/redis';
import type { RedisServer } from '../support/redis-server';

const APP: Edit = ['dist/app.js', /^[^]*$/, `exports.app = io => {
  io.sockets.on('connection', socket => {
    socket.on('join', (room, done) => { socket.join(room); done(socket.id); });
    socket.on('all', text => io.sockets.emit('heard', text));
    socket.on('room', (room, text) => io.sockets.to(room).emit('heard', text));
    socket.on('others', text => socket.broadcast.emit('heard', text));
    socket.on('local', text => io.sockets.local.emit('heard', text));
    socket.on('one', (id, text) => io.sockets.socket(id).emit('heard', text));
    socket.on('later', (text, ms) => setTimeout(() => socket.emit('heard', text), ms));
    socket.on('kick', id => { const other = io.sockets.socket(id); other.emit('heard', 'bye'); other.disconnect(); });
    socket.on('many', (id, count) => { for (let i = 1; i <= count; i++) io.sockets.socket(id).emit('heard', String(i)); });
    socket.on('end', id => io.sockets.socket(id).disconnect());
    socket.on('set', (value, done) => socket.set('value', value, done));
    socket.on('get', done => socket.get('value', (_error, value) => done(value, socket.recovered)));
    socket.on('never', () => {});
    socket.on('turn', (ms, done) => setTimeout(() => { socket.set('late', 1); socket.join('late'); socket.emit('heard', 'late'); done('late'); }, ms));
    socket.on('late', done => socket.get('late', (_error, value) => done(value)));
    socket.on('of', (id, done) => {
      const other = io.sockets.socket(id);
      other.get('value', (error, value) => other.set('value', 1, failed => done(String(error), value, String(failed))));
      other.join('red');
    });
    socket.on('pid', done => done(process.pid));
  });
};`];

interface Connection {
  emit: (event: string, ...args: unknown[]) => void;
  on: (event: string, handler: (...args: any[]) => void) => void;
  close: () => void;
}
const realtime = fromRoot(path.join(root, 'public', 'realtime.js')) as { connect: (options: object) => Connection };

/** A client of realtime.js that is connected, and what it has heard. */
export interface User {
  heard: string[];
  /** Those of its connection, 'recovered' where its session went on. */
  states: string[];
  ask: (event: string, ...args: unknown[]) => Promise<any[]>;
  emit: Connection['emit'];
}

export async function open(t: TestContext, port: number): Promise<User> {
  const connection = realtime.connect({ url: `http://localhost:${port}`, resource: resource.slice(1), io: clientLibrary });
  t.after(() => connection.close());
  const heard: string[] = [];
  const states: string[] = [];
  connection.on('heard', (text: string) => heard.push(text));
  connection.on('status', ({ state, recovered }: { state: string; recovered?: boolean }) => states.push(recovered ? 'recovered' : state));
  await until(() => states.includes('connected'), 'a connection');
  const ask = (event: string, ...args: unknown[]) => new Promise<any[]>(resolve => {
    connection.emit(event, ...args, (...answer: unknown[]) => resolve(answer));
  });
  return { heard, states, ask, emit: connection.emit };
}

/**
 * Two servers with one Redis; null without redis-server.
 * @param urls where each finds it, if not where it is
 */
export async function startTwo(
  t: TestContext, urls = (redis: RedisServer) => Promise.resolve([redis.url, redis.url]),
): Promise<{ redis: RedisServer; servers: [Running, Running] } | null> {
  const redis = await startRedis(t);
  if (!redis) return null;
  const folder = deploy(t, [APP]);
  const start = async (url: string) => startServer(t, { folder, env: { REDIS_URL: url } });
  const [one, other] = await urls(redis);
  return { redis, servers: await Promise.all([start(one!), start(other!)]) };
}
