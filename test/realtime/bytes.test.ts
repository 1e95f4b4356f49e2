/*
 * The bytes that a poll and its answer have on the wire, with their headers. Where little happens,
 * most of the traffic is polls. So each poll has to stay small.
 */
import assert from 'node:assert/strict';
import { describe, test, TestContext } from 'node:test';
import type { Server } from '../../src/realtime';
import { connect, connectRealtime, next } from '../support/client';
import { Loose, serve } from '../support/raw';
import { until } from '../support/wait';

/**
 * The bytes of version 1.0.0. This file measured them on node 20, with zeros in place of the
 * figures below. The Date header and the session id always have the same length, and a port counts
 * as five digits. The figures include the client's headers, which are the same in every version.
 */
const VERSION_1: Record<string, { news: number; nothing: number }> = {
  'a client of 0.9': { news: 379, nothing: 321 },
  'a client of realtime.js': { news: 392, nothing: 333 },
};
/** The most bytes that a poll and its answer may have more than in version 1.0.0. */
const MOST_MORE = 100;

interface Heard { on: (event: string, heard: () => void) => unknown }

const open: Record<string, (t: TestContext, port: number) => Promise<Heard>> = {
  async 'a client of 0.9'(t, port) {
    const client = connect(t, `http://localhost:${port}`);
    await next(client, 'connect');
    return client;
  },
  async 'a client of realtime.js'(t, port) {
    const connection = connectRealtime(port);
    t.after(() => connection.close());
    await new Promise<void>(resolve => connection.on('status', ({ state }: { state: string }) => {
      if (state === 'connected') resolve();
    }));
    return connection;
  },
};

/**
 * Starts a server that notes how many bytes each poll and its answer had, once the poll is over.
 */
function counting(t: TestContext) {
  const polls: number[] = [];
  let waiting = 0;
  let io!: Server<Loose, Loose>;
  const { port } = serve(t, made => io = made, {}, server => {
    server.prependListener('request', (req, res) => {
      if (req.method !== 'GET' || !req.url!.includes('xhr-polling')) return;
      const { socket } = req;
      waiting += 1;
      res.on('close', () => { waiting -= 1; });
      // 0.9's client for node opens a new connection for each request.
      socket.on('close', () => {
        polls.push(socket.bytesRead + socket.bytesWritten + 5 - String(port).length);
      });
    });
  });
  io.set('polling duration', 1);
  return { io, port, polls, waits: () => until(() => waiting === 1, 'a poll to wait') };
}

describe('a poll and its answer are hardly larger than in 1.0.0', { concurrency: true }, () => {
  for (const [kind, openOne] of Object.entries(open)) {
    test(`${kind}: the poll that brings an event, and the one that brings nothing`, async t => {
      const { io, port, polls, waits } = counting(t);
      const client = await openOne(t, port);
      const one = async () => {
        const seen = polls.length;
        await until(() => polls.length > seen, 'a poll to end');
        return polls[seen]!;
      };
      await waits();
      await one();
      const nothing = await one();
      await waits();
      const heard = new Promise<void>(resolve => { client.on('news', resolve); });
      const ended = one();
      io.sockets.emit('news', 'a line that someone has typed');
      const news = await ended;
      await heard;
      t.diagnostic(`${kind}: ${nothing} bytes with nothing, ${news} with an event`);
      const before = VERSION_1[kind]!;
      for (const [bytes, then] of [[nothing, before.nothing], [news, before.news]] as const) {
        assert(bytes > 200 && bytes < then + MOST_MORE, `${bytes} bytes, in 1.0.0 ${then}`);
      }
    });
  }
});
