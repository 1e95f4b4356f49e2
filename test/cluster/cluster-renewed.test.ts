/*
 * A client comes back with a handshake to another process than that which has its session: the session
 * goes along, and handlers there see the new handshake. Another user does not get it. With a real
 * Redis, request by request.
 */
import assert from 'node:assert/strict';
import { test, TestContext } from 'node:test';
import { request } from '../support/request';
import { split } from '../support/raw';
import { resource } from '../support/template';
import { startTwo } from './two';

/** A client of public/realtime.js, as its requests are. Each names the process that it goes to. */
function requests(attempt: number, headers: Record<string, string>) {
  const way = (port: number, id: string, got: number) => ({
    port, path: `${resource}/1/xhr-polling/${id}?got=${got}&try=${attempt}`, headers,
  });
  return {
    async handshake(port: number, query: string): Promise<string> {
      const path = `${resource}/1/?try=${attempt}&${query}`;
      const { status, text } = await request({ port, path, headers });
      assert.equal(status, 200, text);
      return text.split(':')[0]!;
    },
    poll: async (port: number, id: string, got: number) => {
      return split((await request(way(port, id, got))).text);
    },
    post: async (port: number, id: string, got: number, packet: string) => {
      return (await request({ ...way(port, id, got), method: 'POST' }, packet)).status;
    },
  };
}

type Client = ReturnType<typeof requests>;

/** What the application says who a client is: number is that of the client's message. */
async function who(
  client: Client, port: number, id: string, got: number, number: number,
): Promise<unknown> {
  assert.equal(await client.post(port, id, got, `5:${number}+::{"name":"who","args":[]}`), 200);
  for (let polls = 0; polls < 5; polls++) {
    const packets = await client.poll(port, id, got);
    const ack = /^6:[^+]*\+(.*)$/m.exec(packets.join('\n'));
    if (ack) return (JSON.parse(ack[1]!) as unknown[])[0];
  }
  return assert.fail('no answer');
}

async function start(t: TestContext) {
  const two = await startTwo(t);
  return two && two.processes.map(({ server }) => server);
}

/** Alice, with the first process: her session, and what it keeps. */
async function begin(port: number): Promise<string> {
  const alice = requests(1, { 'x-name': 'alice', 'x-tab': 'first' });
  const id = await alice.handshake(port, 'got=0&page=one');
  await alice.poll(port, id, 0);
  assert.equal(await alice.post(port, id, 0, '5:1::{"name":"set","args":["hers"]}'), 200);
  return id;
}

test('a session that goes to another process with a new handshake has that there, and then in the first one', async t => {
  const servers = await start(t);
  if (!servers) return;
  const [here, there] = servers as [typeof servers[0], typeof servers[0]];
  const id = await begin(here.port);
  const second = requests(2, { 'x-name': 'alice', 'x-tab': 'second' });
  assert.equal(await second.handshake(there.port, `got=0&page=two&session=${id}`), id);
  const seen = { user: 'alice', tab: 'second', page: 'two', value: 'hers' };
  assert.deepEqual(await who(second, there.port, id, 0, 2), { pid: there.process.pid, ...seen });
  // It is written with the session: a poll takes it back without another handshake.
  assert.deepEqual(await who(second, here.port, id, 1, 3), { pid: here.process.pid, ...seen });
});

test('a client whose next poll comes to another process than its new handshake is told that it is connected, once', async t => {
  const servers = await start(t);
  if (!servers) return;
  const [here, there] = servers as [typeof servers[0], typeof servers[0]];
  const id = await begin(here.port);
  const second = requests(2, { 'x-name': 'alice' });
  assert.equal(await second.handshake(here.port, `got=0&page=two&session=${id}`), id);
  const first = await second.poll(there.port, id, 0);
  assert.deepEqual(first.filter(packet => packet === '1::'), ['1::'], first.join(' '));
  // Back in the first process, with something to answer the poll.
  assert.equal(await second.post(here.port, id, 0, '5:2+::{"name":"who","args":[]}'), 200);
  const next = await second.poll(here.port, id, 0);
  assert(!next.includes('1::'), next.join(' '));
});

test('another user who comes with the session to another process does not get it', async t => {
  const servers = await start(t);
  if (!servers) return;
  const [here, there] = servers as [typeof servers[0], typeof servers[0]];
  const id = await begin(here.port);
  const bob = requests(2, { 'x-name': 'bob', 'x-tab': 'second' });
  const other = await bob.handshake(there.port, `got=0&page=two&session=${id}`);
  assert.notEqual(other, id);
  await bob.poll(there.port, other, 0);
  const seen = { pid: there.process.pid, user: 'bob', tab: 'second', page: 'two', value: null };
  assert.deepEqual(await who(bob, there.port, other, 0, 1), seen);
  // And hers is over, everywhere.
  const alice = requests(1, { 'x-name': 'alice' });
  assert.equal(await alice.post(here.port, id, 0, '5:2::{"name":"set","args":["x"]}'), 404);
});
