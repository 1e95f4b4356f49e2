/*
 * A session moves from one process to the other at the worst moment. Each test makes this moment
 * longer: the test holds back the data between a process and Redis, or pauses the process. Each
 * message has to arrive once. steps.test.ts tests each row of the table in the cluster's README.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Keys } from '../../src/realtime/cluster/commit';
import type { RedisServer } from '../../tools/redis-server';
import { startFront } from './front';
import { arrives, isSame, scene, TOO_LATE } from './scene';
import { open, Process, says, startTwo } from './two';
import { event, split } from '../support/raw';
import { request } from '../support/request';
import { appPath, resource } from '../support/template';
import { until } from '../support/wait';

/** @returns a field of a session's row in Redis */
const field = (redis: RedisServer, id: string, name: string) => redis.call('hget', new Keys(appPath).session(id), name);

for (const goesOn of [false, true]) {
  const name = `a new owner that has read less of the bus does not send a text again${goesOn ? ', nor does the owner after it' : ''}`;
  scene(name, async ({ client, front, here, there }, t) => {
    const other = await open(t, here.server.port);
    there.redis.hold('bus');
    other.emit('all', 'first');
    await until(() => client.heard.length === 1, 'the first text');
    front.turn();
    await arrives(client, there);
    if (goesOn) {
      front.turn();
      await arrives(client, here);
    } else there.redis.release();
    other.emit('all', 'second');
    await until(() => client.heard.includes('second'), 'the second text');
    assert.deepEqual(client.heard, ['first', 'second']);
  });
}

scene('a client hears a text once, though its commit is sent twice', async ({ client, front, here, there }, t) => {
  const other = await open(t, here.server.port);
  here.redis.hold('answers', 'heard');
  client.emit('all', 'first');
  // The process has read the text, and does not know that Redis has done the text's commit.
  await until(() => other.heard.length === 1, 'the first text');
  here.redis.cut();
  here.redis.release();
  await until(() => client.heard.length === 1, 'the first text');
  front.turn();
  await arrives(client, there);
  client.emit('all', 'second');
  await until(() => client.heard.includes('second'), 'the second text');
  assert.deepEqual(client.heard, ['first', 'second']);
});

/**
 * The commands of a process may be held back for this time, ms. After three beats, which take 2 s at
 * least, the process answers without Redis.
 */
const BEATS = 1900;

// A signal takes the place of a timer: the test says when the text is sent.
scene('a timer sends a text, then a message is handled: the text follows the client, though unwritten', async ({ client, front, here, there }) => {
  client.emit('at SIGUSR2', 'hello');
  await client.ask('get'); // the message 'at SIGUSR2' is written
  const since = performance.now();
  here.redis.hold('commands');
  here.server.process.kill('SIGUSR2');
  await says(here, 'sent hello'); // Redis does not have the text
  assert.deepEqual(client.heard, []);
  client.emit('never');
  await says(here, 'never');
  front.turn();
  await arrives(client, there);
  here.redis.release();
  if (performance.now() - since > BEATS) return TOO_LATE;
  await until(() => client.heard.length > 0, 'the text of the timer');
  assert.deepEqual(client.heard, ['hello']);
});

scene('two texts of timers follow the client, in order', async ({ client, front, here, there }) => {
  client.emit('at SIGUSR2', 'first', 'second');
  await client.ask('get');
  const since = performance.now();
  here.redis.hold('commands');
  here.server.process.kill('SIGUSR2');
  await says(here, 'sent first');
  front.turn();
  await arrives(client, there);
  here.server.process.kill('SIGUSR2');
  // The old owner has sent the second text, and does not know yet whether the first is written.
  await says(here, 'sent second');
  here.redis.release();
  if (performance.now() - since > BEATS) return TOO_LATE;
  await until(() => client.heard.length === 2, 'both texts');
  assert.deepEqual(client.heard, ['first', 'second']);
});

scene('a client comes back to a process that has not noticed that the client left', async ({ client, front, here, there }) => {
  await client.ask('set', 'old');
  here.redis.hold('bus');
  front.turn();
  await arrives(client, there);
  await client.ask('set', 'new');
  client.emit('all', 'hello');
  front.turn();
  await arrives(client, here);
  assert.deepEqual(await client.ask('get'), ['new', true]);
  here.redis.release();
  await until(() => client.heard.length > 0, 'the text for all');
  client.emit('all', 'end');
  await until(() => client.heard.includes('end'), 'the text "end"');
  assert.deepEqual(client.heard, ['hello', 'end']);
});

scene('a client that the application has disconnected hears so from any process', async ({ client, front, here }, t) => {
  const [id] = await client.ask('join', 'a room') as [string];
  const other = await open(t, here.server.port);
  front.cut();
  other.emit('end', id);
  await other.ask('get'); // the session has ended
  front.turn();
  await until(() => client.states.at(-1) === 'disconnected', 'the end of the session');
  assert.equal(client.states.filter(state => state === 'connected').length, 1, 'no other session');
});

scene('a session that ends while another process takes it over ends there, too', async ({ client, front, here }, t) => {
  const [id] = await client.ask('join', 'a room') as [string];
  const other = await open(t, here.server.port);
  front.cut();
  here.redis.hold('commands');
  other.emit('end', id);
  await says(here, `ended ${id}`); // Redis does not know this
  front.turn();
  await until(() => client.states.includes('recovered'), 'the other process to have the session');
  here.redis.release();
  await until(() => client.states.at(-1) === 'disconnected', 'the end of the session');
  assert.equal(client.states.filter(state => state === 'connected').length, 1, 'no other session');
});

scene('a timer of a paused process: socket.set, a room, an emit and an acknowledgement follow the client', async ({ client, front, here, there }, t) => {
  const answer = client.ask('turn', 1500);
  const due = sleep(1700);
  await client.ask('get'); // the message is written
  here.server.process.kill('SIGSTOP');
  front.turn();
  await arrives(client, there);
  await due;
  here.server.process.kill('SIGCONT');
  assert.deepEqual(await answer, ['late']);
  await until(() => client.heard.length > 0, 'the text of the timer');
  assert.deepEqual(await client.ask('late'), [1]);
  const other = await open(t, there.server.port);
  other.emit('room', 'late', 'to the room');
  await until(() => client.heard.length > 1, 'the text for the room');
  assert.deepEqual(client.heard, ['late', 'to the room']);
});

scene('a timer of a process that the client has left: socket.set, rooms, an emit and an acknowledgement follow the client', async ({ client, front, here, there }, t) => {
  await client.ask('join', 'early');
  await client.ask('join', 'kept');
  const answer = client.ask('turn', 2000);
  await client.ask('get'); // the message is written
  front.turn();
  await arrives(client, there);
  assert.deepEqual(await answer, ['late']);
  await until(() => client.heard.length > 0, 'the text of the timer');
  assert.deepEqual(await client.ask('late'), [1]);
  const other = await open(t, here.server.port);
  other.emit('room', 'early', 'to the room that the timer has left');
  other.emit('room', 'late', 'to the room');
  // A handler of 'disconnect' leaves this room when the session leaves the process.
  other.emit('room', 'kept', 'to the room that stays');
  await until(() => client.heard.length > 2, 'the texts for the rooms');
  assert.deepEqual(client.heard, ['late', 'to the room', 'to the room that stays']);
});

scene('a timer of a paused process sets a value that the new owner has used: only its acknowledgement counts', async ({ client, front, here, there }) => {
  const answer = client.ask('turn', 1500);
  const due = sleep(1700);
  await client.ask('get');
  here.server.process.kill('SIGSTOP');
  front.turn();
  await arrives(client, there);
  assert.deepEqual(await client.ask('late'), [null]); // the new owner uses the value
  await due;
  here.server.process.kill('SIGCONT');
  assert.deepEqual(await answer, ['late']);
  await client.ask('get');
  assert.deepEqual([client.heard, await client.ask('late')], [[], [null]]);
});

scene('a timer of a paused process sets a value that the new owner has set: the new owner\'s value stays', async ({ client, front, here, there }) => {
  const answer = client.ask('turn', 1500);
  const due = sleep(1700);
  await client.ask('get');
  here.server.process.kill('SIGSTOP');
  front.turn();
  await arrives(client, there);
  await client.ask('set late', 2);
  await due;
  here.server.process.kill('SIGCONT');
  assert.deepEqual(await answer, ['late']);
  await client.ask('get');
  assert.deepEqual([client.heard, await client.ask('late')], [[], [2]]);
});

scene('a process without Redis acknowledges, and its client has moved: the acknowledgement follows', async ({ client, front, here, there }) => {
  const answers: unknown[] = [];
  client.emit('answer at SIGUSR2', (answer: unknown) => answers.push(answer));
  await client.ask('get'); // the message is written
  here.redis.hold('bus'); // the process does not notice that its client goes
  front.turn();
  await arrives(client, there);
  // The test holds back everything only now. After 5 s without a beat, the process would count as
  // dead, and the acknowledgement would be an error.
  here.redis.hold('all');
  await until(() => /Redis does not answer/.test(here.server.output()), 'three beats', 30);
  here.server.process.kill('SIGUSR2');
  await says(here, 'late');
  here.redis.release();
  await until(() => answers.length > 0, 'the acknowledgement', 30);
  assert.deepEqual(answers, ['late']);
  isSame(client);
});

// If Redis is gone for longer than three beats, the old owner tells its client everything.
for (const down of [0, 4500]) {
  const name = `Redis is down for ${down} ms, and loses data before the old owner has read that its session has moved`;
  scene(`${name}: what its timers do follows the client`, async ({ client, front, here, there, redis }) => {
    const answers: unknown[] = [];
    client.emit('answer at SIGUSR2', (answer: unknown) => answers.push(answer));
    const [id] = await client.ask('join', 'a room') as [string]; // both messages are written
    here.redis.hold('bus');
    front.turn();
    await arrives(client, there);
    const since = performance.now();
    await redis.stop();
    await sleep(down);
    here.server.process.kill('SIGUSR2');
    await says(here, 'late');
    // The old owner writes the session again first, and the new owner overwrites the row. The old
    // owner is paused in between, so that it does not settle the row, however busy the machine is.
    there.redis.hold('all');
    redis.forget();
    await redis.start();
    await until(async () => await field(redis, id, 'term') === '1', 'the row of the old owner');
    here.server.process.kill('SIGSTOP');
    const isLate = down === 0 && performance.now() - since > BEATS;
    const unsettled = await field(redis, id, 'unsettled');
    there.redis.release();
    await until(async () => await field(redis, id, 'term') === '2', 'the row of the new owner');
    here.server.process.kill('SIGCONT');
    if (isLate || unsettled !== '1') return TOO_LATE;
    await until(() => answers.length > 0, 'the acknowledgement', 30);
    await client.ask('get');
    assert.deepEqual([answers, client.heard], [['late'], down === 0 ? ['late'] : []]);
    assert.equal(await field(redis, id, 'unsettled'), '');
    isSame(client);
  });
}

scene('Redis loses data before the old owner has read that its session has moved: it tells the client nothing', async ({ here, there, redis }) => {
  const shaken = await request({ port: here.server.port, path: `${resource}/1/?got=0&try=1` });
  const id = shaken.text.split(':')[0]!;
  let got = 0;
  const way = ({ server: { port } }: Process) => ({ port, path: `${resource}/1/xhr-polling/${id}?got=${got}&try=1` });
  const poll = async (to: Process) => {
    const packets = split((await request(way(to))).text);
    got += packets.filter(packet => /^[56]:\d+:/.test(packet)).length;
    return packets.filter(packet => packet.includes('+'));
  };
  const ask = (to: Process, number: number) => {
    return request({ ...way(to), method: 'POST' }, event('pid', [], `${number}+`));
  };
  await poll(here);
  assert.equal((await ask(here, 1)).status, 200);
  assert.deepEqual(await poll(here), [`6:1::1+[${here.server.process.pid}]`]);
  here.redis.hold('bus');
  assert.equal((await ask(there, 2)).status, 200);
  assert.deepEqual(await poll(there), [`6:2::2+[${there.server.process.pid}]`]);
  const since = performance.now();
  await redis.stop();
  there.redis.hold('all');
  redis.forget();
  await redis.start();
  await until(async () => await field(redis, id, 'term') === '1', 'the row of the old owner');
  // The client has sent message 2 again, because its answer was lost. The old owner does not know
  // that the new owner has message 2.
  let answered = '';
  const asked = ask(here, 2).then(({ status }) => { answered = `status ${status}`; });
  await until(async () => await field(redis, id, 'received') === '2', 'the message in the row');
  here.server.process.kill('SIGSTOP');
  const isLate = performance.now() - since > BEATS || await field(redis, id, 'unsettled') !== '1';
  if (!isLate) assert.equal(answered, '');
  there.redis.release();
  await until(async () => await field(redis, id, 'term') === '2', 'the row of the new owner');
  here.server.process.kill('SIGCONT');
  await asked;
  if (isLate) return TOO_LATE;
  assert.equal(answered, 'status 200');
  assert.equal((await ask(here, 3)).status, 200);
  const acks: string[] = [];
  await until(async () => acks.push(...await poll(here)) > 0, 'the acknowledgement', 30);
  assert.deepEqual(acks, [`6:3::3+[${here.server.process.pid}]`]);
});

scene('a third owner knows which values the second one has used: an earlier timer does not set them', async ({ client, front, here, there }) => {
  const answer = client.ask('turn', 4000);
  await client.ask('get');
  front.turn();
  await arrives(client, there);
  assert.deepEqual(await client.ask('late'), [null]); // the second owner uses the value
  front.turn();
  await arrives(client, here); // the first process is now the third owner, too
  assert.deepEqual(await answer, ['late']);
  await client.ask('get');
  assert.deepEqual([client.heard, await client.ask('late')], [[], [null]]);
});

scene('a process that was paused for 6 s does not count Redis as slow', async ({ client, here }) => {
  await client.ask('get');
  here.server.process.kill('SIGSTOP');
  await sleep(6000);
  here.server.process.kill('SIGCONT');
  await client.ask('get');
  await sleep(1500);
  assert.doesNotMatch(here.server.output(), /Redis/);
});

scene('an acknowledgement that a paused process owes is an error after some seconds, and comes once', async ({ client, front, here, there }) => {
  const answers: unknown[] = [];
  client.emit('turn', 1500, (answer: unknown) => answers.push(answer));
  await client.ask('get');
  here.server.process.kill('SIGSTOP');
  front.turn();
  await arrives(client, there);
  await until(() => answers.length > 0, 'an acknowledgement');
  here.server.process.kill('SIGCONT');
  await until(() => client.heard.length > 0, 'the text of the timer');
  await client.ask('get');
  assert.deepEqual(client.heard, ['late']);
  assert.deepEqual(answers, [{ error: 'the server was restarted before it answered' }]);
});

scene('a process is stopped: its client goes on with the other process', async ({ client, here, there }) => {
  await client.ask('set', 'kept');
  await here.server.stop();
  assert.deepEqual(await client.ask('get'), ['kept', true]);
  await arrives(client, there);
});

test('clients go to another process with each request: the log says what to switch on', async t => {
  const two = await startTwo(t);
  if (!two) return;
  const ports = two.processes.map(({ server }) => server.port);
  // The log warns if clients leave a process too often in 10 s. Ten clients may leave at most 40
  // times without a warning: 20 times, and twice for each client. A client leaves a process once a
  // second at most. So ten clients can leave 100 times, and a busy machine may take twice as long.
  const fronts = await Promise.all(Array.from({ length: 10 }, () => startFront(ports, false, true)));
  const clients = await Promise.all(fronts.map(({ port }) => open(t, port)));
  let number = 0;
  const timer = setInterval(() => {
    number += 1;
    for (const client of clients) client.emit('later', String(number), 0);
  }, 200);
  t.after(() => clearInterval(timer));
  const advice = /let each client stay with one process \(nodeProcessStickySessions in iisnode\.yml/;
  await until(() => two.processes.some(({ server }) => advice.test(server.output())), 'advice', 120);
  clearInterval(timer);
  const all = Array.from({ length: number }, (_, i) => String(i + 1));
  await until(() => clients.every(({ heard }) => heard.length >= number), 'all texts', 60);
  for (const { heard } of clients) assert.deepEqual([...heard].sort(), [...all].sort());
});

test('a handshake that comes later than the next handshake of its client is refused', async t => {
  const two = await startTwo(t);
  if (!two) return;
  const { port } = two.processes[0].server;
  const get = (path: string) => request({ port, path: resource + path });
  const id = (await get('/1/?got=0&try=1')).text.split(':')[0]!;
  await get(`/1/xhr-polling/${id}?got=0&try=1`);
  assert.equal((await get(`/1/?got=0&try=3&session=${id}`)).text.split(':')[0], id);
  assert.equal((await get(`/1/?got=0&try=2&session=${id}`)).status, 404);
  assert.equal((await get(`/1/xhr-polling/${id}?got=0&try=3`)).status, 200);
});

// If Redis did not have the script, a process would send the script's text with the commit again.
// Commands that were sent meanwhile would come before this commit.
test('Redis has the script before the first commit', async t => {
  const two = await startTwo(t);
  if (!two) return;
  const client = await open(t, two.processes[0].server.port);
  await client.ask('set', 1);
  const { evalsha, eval: withText } = await two.redis.commands();
  assert(evalsha! > 0);
  assert.equal(withText, undefined);
});
