/*
 * A client makes a new handshake with a process that does not have its session. That process takes
 * the session over, and handlers there see the new handshake. Another user does not get the
 * session. The tests use a real Redis, and send each request without the client script.
 */
import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test, TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Keys } from '../../src/realtime/cluster/commit';
import { request } from '../support/request';
import { split } from '../support/raw';
import { appPath, emptyFolder, resource } from '../support/template';
import { until } from '../support/wait';
import { open, startTwo } from './two';

const names = new Keys(appPath);

/**
 * @param attempt the number of the client's handshake
 * @returns functions that send the same requests as a client of public/realtime.js. Their `port` is
 * the port of the process that gets the request
 */
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

/**
 * Asks the application who a client is.
 * @param number the number of this message of the client
 * @returns the answer of the application
 */
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

/**
 * Begins a session of Alice, in which socket.set keeps a value.
 * @returns the id of the session
 */
async function begin(port: number): Promise<string> {
  const alice = requests(1, { 'x-name': 'alice', 'x-tab': 'first' });
  const id = await alice.handshake(port, 'got=0&page=one');
  await alice.poll(port, id, 0);
  assert.equal(await alice.post(port, id, 0, '5:1::{"name":"set","args":["hers"]}'), 200);
  return id;
}

test('handlers see the new handshake in the process that got it, and later in the first process', async t => {
  const servers = await start(t);
  if (!servers) return;
  const [here, there] = servers as [typeof servers[0], typeof servers[0]];
  const id = await begin(here.port);
  const second = requests(2, { 'x-name': 'alice', 'x-tab': 'second' });
  assert.equal(await second.handshake(there.port, `got=0&page=two&session=${id}`), id);
  const seen = { user: 'alice', tab: 'second', page: 'two', value: 'hers' };
  assert.deepEqual(await who(second, there.port, id, 0, 2), { pid: there.process.pid, ...seen });
  // The row of the session has the new handshake. So the client makes no handshake with `here`.
  assert.deepEqual(await who(second, here.port, id, 1, 3), { pid: here.process.pid, ...seen });
});

test('a client hears once that it is connected, though its handshake and its poll go to two processes', async t => {
  const servers = await start(t);
  if (!servers) return;
  const [here, there] = servers as [typeof servers[0], typeof servers[0]];
  const id = await begin(here.port);
  const second = requests(2, { 'x-name': 'alice' });
  assert.equal(await second.handshake(here.port, `got=0&page=two&session=${id}`), id);
  const first = await second.poll(there.port, id, 0);
  assert.deepEqual(first.filter(packet => packet === '1::'), ['1::'], first.join(' '));
  // The session goes back to the first process. The acknowledgement ends the poll there.
  assert.equal(await second.post(here.port, id, 0, '5:2+::{"name":"who","args":[]}'), 200);
  const next = await second.poll(here.port, id, 0);
  assert(!next.includes('1::'), next.join(' '));
});

test('another process does not give the session of Alice to another user', async t => {
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
  // The session of Alice has ended in the first process, too.
  const alice = requests(1, { 'x-name': 'alice' });
  assert.equal(await alice.post(here.port, id, 0, '5:2::{"name":"set","args":["x"]}'), 404);
});

test('a POST is answered, though its session moves and Redis is emptied before its commit is answered', async t => {
  const two = await startTwo(t);
  if (!two) return;
  const { redis, processes: [here, there] } = two;
  const other = await open(t, here.server.port);
  const id = await begin(here.server.port);
  const alice = requests(1, { 'x-name': 'alice' });
  here.redis.hold('answers', id);
  const post = alice.post(here.server.port, id, 0, '5:2::{"name":"set","args":["new"]}');
  const value = async () => String(await redis.call('hget', names.session(id), 'data'));
  await until(async () => (await value()).includes('new'), 'the commit of the POST', 60);
  void alice.poll(there.server.port, id, 0).catch(() => undefined);
  const term = () => redis.call('hget', names.session(id), 'term');
  await until(async () => await term() === '2', 'the takeover', 60);
  // This text is behind the takeover on the bus. So `here` reads the takeover before the text.
  const last = await open(t, there.server.port);
  last.emit('all', 'x');
  await until(() => other.heard.includes('x'), 'the text', 60);
  await redis.stop();
  redis.forget();
  await redis.start();
  here.redis.release();
  const status = await Promise.race([post, sleep(40000, 'no answer', { ref: false })]);
  assert.notEqual(status, 'no answer');
});

/**
 * Begins a session of Alice. Middleware reads the name of the user from a file.
 * @returns null without redis-server. `comeBack` makes the second handshake of the client, with the
 * process `there`. `again` sends the requests of the client after this handshake
 */
async function signIn(t: TestContext) {
  const servers = await start(t);
  if (!servers) return null;
  const [here, there] = servers as [typeof servers[0], typeof servers[0]];
  const file = path.join(emptyFolder(t, 'session-'), 'user');
  await writeFile(file, 'alice');
  const headers = { 'x-session-file': file };
  const alice = requests(1, headers);
  const id = await alice.handshake(here.port, 'got=0');
  await alice.poll(here.port, id, 0);
  const again = requests(2, headers);
  const comeBack = (query: string) => request({
    port: there.port, path: `${resource}/1/?try=2&got=0&${query}`, headers,
  });
  return { here, there, file, alice, again, id, comeBack };
}

test('middleware runs again where a session goes on: what it puts on the handshake is made there', async t => {
  const scene = await signIn(t);
  if (!scene) return;
  const { here, there, alice, again, id, comeBack } = scene;
  const of = ({ pid }: { pid?: number }) => ({ pid, user: { name: 'alice' }, value: null, session: { pid } });
  assert.deepEqual(await who(alice, here.port, id, 0, 1), of(here.process));
  assert.deepEqual(await who(alice, there.port, id, 1, 2), of(there.process));
  // Now the client makes a handshake with `there`. The middleware runs for this handshake.
  assert.equal((await comeBack(`session=${id}`)).text.split(':')[0], id);
  assert.deepEqual(await who(again, there.port, id, 2, 3), of(there.process));
  assert.deepEqual(await who(again, here.port, id, 3, 4), of(here.process));
});

test('a session whose user has logged out, or is another one, does not go on elsewhere', async t => {
  for (const user of [null, 'bob']) {
    const scene = await signIn(t);
    if (!scene) return;
    const { there, file, alice, again, id, comeBack } = scene;
    if (user === null) await rm(file);
    else await writeFile(file, user);
    // The process `there` refuses the poll. So the client makes a new handshake.
    assert.deepEqual(await alice.poll(there.port, id, 0), ['client not handshaken']);
    const { status, text } = await comeBack(`session=${id}`);
    if (user === null) {
      assert.equal(status, 403);
      assert.match(text, /^unauthorized:/);
    } else {
      assert.match(text, /:another-user$/);
      const other = text.split(':')[0]!;
      assert.notEqual(other, id);
      await again.poll(there.port, other, 0);
      const seen = await who(again, there.port, other, 0, 1) as { user: unknown };
      assert.deepEqual(seen.user, { name: 'bob' });
    }
    assert.equal(await alice.post(there.port, id, 0, '5:2::{"name":"set","args":["x"]}'), 404);
  }
});

test('of volatile emits a client between two polls gets the newest, in its own process only', async t => {
  const servers = await start(t);
  if (!servers) return;
  const [here, there] = servers as [typeof servers[0], typeof servers[0]];
  const id = await begin(here.port);
  const alice = requests(1, {});
  const bob = await open(t, there.port);
  const sendValues = async (name: string) => {
    for (let i = 1; i <= 3; i++) bob.emit('value', `${name}${i}`);
    bob.emit('all', `${name} end`);
    await until(() => bob.heard.includes(`${name} end`), 'the end');
  };
  let got = 0;
  /** @returns the texts that the polls of Alice bring, up to the text that says 'end' */
  const heard = async (port: number) => {
    const texts: string[] = [];
    while (!texts.some(text => text.endsWith('end'))) {
      for (const packet of await alice.poll(port, id, got)) {
        const [, number, text] = /^5:(\d*)::.*"args":\["(.*)"\]/.exec(packet) ?? [];
        // A message that Alice has may come again. public/realtime.js drops it, as this test does.
        if (text && !(number && Number(number) <= got)) texts.push(text);
        if (number) got = Math.max(got, Number(number));
      }
    }
    return texts;
  };
  await sendValues('a');
  assert.deepEqual(await heard(here.port), ['a3', 'a end']);
  await sendValues('b');
  assert.deepEqual(await heard(there.port), ['b end'], 'a value does not move with the session');
});
