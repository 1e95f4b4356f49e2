/*
 * Messages that wait for a client. The application decides how much it sends at once. So a client
 * that takes its messages keeps its session, however many wait. The session of a client that takes
 * nothing ends. Even then this client hears which of its own messages were handled.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test, TestContext } from 'node:test';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '../../src/config';
import { Limits } from '../../src/realtime/session/limits';
import type { Session } from '../../src/realtime/session/session';
import { Turn } from '../../src/realtime/turn';
import { clientLibrary } from '../support/client';
import { event, handshake, join, serve, session, split } from '../support/raw';
import { request } from '../support/request';
import { fromRoot, resource, root } from '../support/template';
import { until } from '../support/wait';

const { connect } = fromRoot(path.join(root, 'public', 'realtime.js')) as { connect: (options: object) => any };

/** Serves an application that answers one message with much data. */
function generous(t: TestContext, env: Record<string, string> = {}) {
  const ends: string[] = [];
  const heard: unknown[] = [];
  const served = serve(t, io => io.sockets.on('connection', socket => {
    socket.on('fill', (times: number, letters: number, done?: (text: string) => void) => {
      heard.push([times, letters]);
      for (let i = 0; i < times; i++) socket.emit('much', 'x'.repeat(letters));
      if (done) done('filled');
    });
    socket.on('disconnect', (reason: string) => ends.push(reason));
  }), env);
  return { ...served, ends, heard };
}

function open(t: TestContext, port: number) {
  const connection = connect({ url: `http://127.0.0.1:${port}`, resource: resource.slice(1), io: clientLibrary });
  t.after(() => connection.close());
  return connection;
}

const LOADS = [[1, 1100000], [4, 300000], [1, 10000000], [20000, 100]] as const;

/** @returns whether a packet is the acknowledgement of the message that asked for the data */
const isAck = (packet: string) => packet.endsWith('1+["filled"]');

test('a packet that a poll can take at once ends no session, even if it is larger than all packets may be that wait', async t => {
  const ends: string[] = [];
  const { port } = serve(t, io => io.sockets.on('connection', socket => {
    socket.on('disconnect', (reason: string) => ends.push(reason));
    socket.on('ask', () => setTimeout(() => socket.emit('much', 'x'.repeat(3000000)), 100));
  }), { MAX_WAITING_BYTES: '10000' });
  const { poll, post } = await session(port);
  const answer = poll();
  await post(event('ask'));
  assert.deepEqual((await answer).map(packet => packet.length), [event('much', ['x'.repeat(3000000)]).length]);
  assert.deepEqual(ends, []);
});

describe('what waits for a client', { concurrency: true }, () => {
  for (const [times, letters] of LOADS) {
    test(`${times} times ${letters} letters from one handler: a client that polls gets all, once, and its session goes on`, async t => {
      const { port, ends, heard } = generous(t);
      const connection = open(t, port);
      let come = 0;
      let answers = 0;
      connection.on('much', (text: string) => { if (text.length === letters) come += 1; });
      connection.emit('fill', times, letters, () => answers += 1);
      await until(() => come === times && answers === 1, 'all of it', 60);

      // This is a client of 0.9, which does not number its messages.
      const { id, post } = await handshake(port);
      const poll = async () => split((await request({ port, path: `${resource}/1/xhr-polling/${id}` })).text);
      await poll();
      await post(event('fill', [times, letters], '1+'));
      const packets: string[] = [];
      while (!packets.some(isAck)) packets.push(...await poll());
      assert.equal(packets.filter(packet => packet.startsWith('5:::')).length, times);
      assert.equal(packets.at(-1), '6:::1+["filled"]');
      await post(event('fill', [0, 0]));
      await until(() => heard.length === 3, 'its next message');
      assert.equal(come, times);
      assert.deepEqual(ends, []);
    });
  }

  for (const numbered of [true, false]) {
    test(`60 times 100,000 letters come in answers of a megabyte at most: ${numbered ? 'numbered' : 'plain'}`, async t => {
      const { port, ends } = generous(t);
      const { id } = await handshake(port, numbered ? '?got=0&try=1' : '');
      let got = 0;
      const at = () => `${resource}/1/xhr-polling/${id}${numbered ? `?got=${got}&try=1` : ''}`;
      const ask = async () => (await request({ port, path: at() })).text;
      await ask();
      // The server emits 60 events for this message, and then acknowledges it.
      await request({ port, path: at(), method: 'POST' }, event('fill', [60, 100000], '1+'));
      const packets: string[] = [];
      let answers = 0;
      while (!packets.some(isAck)) {
        const text = await ask();
        answers += 1;
        assert(text.length <= 1000000 + 1000, String(text.length));
        for (const packet of split(text)) {
          const number = /^[56]:([0-9]+):/.exec(packet);
          if (numbered && number) assert.equal(Number(number[1]), got += 1, 'in order, and once');
          packets.push(packet);
        }
        // This answer is lost on its way, so its packets come again.
        if (answers === 3 && numbered) await ask();
      }
      assert.equal(packets.filter(packet => packet.startsWith('5:')).length, 60);
      assert.equal(packets.findIndex(isAck), packets.length - 1);
      assert.deepEqual(ends, []);
    });
  }

  test('over a WebSocket: 40 answers of 40,000 letters, each asked for when the last has come', async t => {
    const env = { TRANSPORTS: 'websocket,xhr-polling', MAX_WAITING_BYTES: '100000' };
    const { port, ends } = generous(t, env);
    const connection = open(t, port);
    let come = 0;
    const ask = () => connection.emit('fill', 1, 40000);
    connection.on('much', () => { if ((come += 1) < 40) ask(); });
    ask();
    await until(() => come === 40, 'all answers', 60);
    assert.deepEqual(ends, []);
  });

  test('a client that takes nothing: its session ends, and its next poll still says what was handled and answered', async t => {
    const { port, ends, heard } = generous(t, { MAX_WAITING_BYTES: '10000' });
    const plain = await handshake(port);
    await plain.poll();
    const { id, post } = await handshake(port, '?got=0&try=1');
    const query = (got: number) => `${resource}/1/xhr-polling/${id}?got=${got}&try=1`;
    const poll = async (got: number) => split((await request({ port, path: query(got) })).text);
    assert.deepEqual(await poll(0), ['1::']);
    const numbered = (body: string) => request({ port, path: query(0), method: 'POST' }, body);
    await numbered(event('fill', [2, 10000], '1+'));
    await numbered(event('fill', [0, 0], '2+'));
    await plain.post(event('fill', [2, 10000], '1+'));
    await until(() => ends.length === 2, 'the end of both', 40);
    assert.deepEqual(ends, ['too much waits', 'too much waits']);
    // The acknowledgements get the numbers that the client expects next. The events between are
    // gone.
    assert.deepEqual(await poll(0), ['6:::2', '6:1::1+["filled"]', '6:2::2+["filled"]']);
    assert.deepEqual(await poll(2), ['client not handshaken']);
    assert.deepEqual(await plain.poll(), ['6:::1+["filled"]']);
    assert.deepEqual(await plain.poll(), ['client not handshaken']);
    assert.deepEqual(await post(event('fill', [0, 0], '3')).then(({ status }) => status), 404);
    assert.equal(heard.length, 3);
  });

  test('a client that makes much wait for itself, and takes a little of it: it ends, and no other', async t => {
    const ends: string[] = [];
    const { port } = serve(t, io => io.sockets.on('connection', socket => {
      socket.on('echo', (text: string) => { socket.emit('echo', text); });
      socket.on('disconnect', (reason: string) => ends.push(`${socket.id} ${reason}`));
    }), { MAX_WAITING_BYTES: '10000' });
    const say = async (id: string, from: number, count: number, letters: number, got: number) => {
      const packets = Array.from({ length: count }, (_, i) => event('echo', ['x'.repeat(letters)], String(from + i)));
      const path = `${resource}/1/xhr-polling/${id}?got=${got}&try=1`;
      return (await request({ port, path, method: 'POST' }, join(packets))).status;
    };
    const away: string[] = [];
    for (let i = 0; i < 5; i++) {
      const { id } = await handshake(port, '?got=0&try=1');
      away.push(id);
      assert.equal(await say(id, 1, 1, 10, 0), 200);
    }
    await sleep(1500);
    const { id: greedy } = await handshake(port, '?got=0&try=1');
    // All clients together may have 256 times the limit of one. This client makes more wait than
    // that. It reads each answer, but each of its polls says that only one more message has
    // arrived.
    for (let n = 0; n < 16 && ends.length === 0; n++) {
      await say(greedy, n * 100 + 1, 100, 2000, n);
      const path = `${resource}/1/xhr-polling/${greedy}?got=${n}&try=1`;
      await request({ port, path });
      await sleep(300);
    }
    await until(() => ends.length > 0, 'an end');
    assert.deepEqual(ends, [`${greedy} too much waits for all clients together`]);
    for (const id of away) {
      const { text } = await request({ port, path: `${resource}/1/xhr-polling/${id}?got=0&try=1` });
      assert(text.includes('5:1::'), text);
    }
  });

  test('a message to many that is over what may wait for all looks at each client a few times, however many there are', async () => {
    async function looks(clients: number): Promise<number> {
      let count = 0;
      const sessions = new Map<string, Session>();
      const atEnd = new Turn();
      const limits = new Limits(readConfig({ MAX_WAITING_BYTES: '10000' }), sessions, () => undefined, atEnd);
      let ended = 0;
      for (let i = 0; i < clients; i++) {
        const each = Math.ceil(2 * 256 * 10000 / clients);
        const outbox = { get size() { count += 1; return each; } };
        const id = String(i);
        const end = () => {
          ended += 1;
          sessions.delete(id);
          limits.onWait(-each);
        };
        sessions.set(id, { outbox, takenIn: i % 7, address: '', ended: false, end } as unknown as Session);
        limits.onWait(each);
      }
      let endedBefore = NaN;
      atEnd.flush({ flush: () => { endedBefore = ended; } });
      await turn();
      assert.equal(endedBefore, 0, 'the packets of the turn go out first');
      assert(ended > clients * 0.45 && ended < clients * 0.6, `${ended} of ${clients} ended`);
      return count;
    }
    const few = await looks(1000);
    const many = await looks(2000);
    assert(many < few * 3, `${few} for 1,000, ${many} for 2,000`);
    assert(many < 2000 * 40, `${many} for 2,000`);
  });
});
