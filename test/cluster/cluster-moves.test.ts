/*
 * A session goes from one process to the other at the worst moment: what a process sends to Redis, or what the bus says to it, is held
 * until then, or the process is paused. Each message arrives, once. steps.test.ts has the table of the cluster's README, row by row.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startFront } from './front';
import { arrives, scene } from './scene';
import { open, startTwo } from './two';
import { request } from '../support/request';
import { resource } from '../support/template';
import { until } from '../support/wait';

for (const goesOn of [false, true]) {
  const name = `what its last process had read of the bus is not sent again by one that is behind${goesOn ? ', nor by the next one' : ''}`;
  scene(name, async ({ client, front, here, there }, t) => {
    const other = await open(t, here.server.port);
    there.redis.hold('bus');
    other.emit('all', 'first');
    await until(() => client.heard.length === 1, 'the first');
    front.turn();
    await arrives(client, there);
    if (goesOn) {
      front.turn();
      await arrives(client, here);
    } else there.redis.release();
    other.emit('all', 'second');
    await until(() => client.heard.includes('second'), 'the second');
    assert.deepEqual(client.heard, ['first', 'second']);
  });
}

scene('nor what is written twice, as it was not known whether it was there', async ({ redis, client, front, here, there }) => {
  here.redis.hold('answers', 'heard');
  const { xadd: before = 0 } = await redis.commands();
  client.emit('all', 'first');
  await until(async () => (await redis.commands()).xadd! > before, 'the message on the bus');
  await sleep(200); // it is read, and its process does not know that it is written
  here.redis.cut();
  here.redis.release();
  await until(() => client.heard.length === 1, 'the first');
  front.turn();
  await arrives(client, there);
  client.emit('all', 'second');
  await until(() => client.heard.includes('second'), 'the second');
  assert.deepEqual(client.heard, ['first', 'second']);
});

scene('what was sent before a message was handled, neither of them written, is sent by the next process', async ({ client, front, here, there }) => {
  // Redis is held for less than three beats: then the process does not take it for gone.
  const [before, due] = [sleep(2500), sleep(3300)];
  client.emit('later', 'hello', 3000);
  await client.ask('get'); // that is written
  await before;
  here.redis.hold('commands');
  await due; // it is sent, and not written
  assert.deepEqual(client.heard, []);
  client.emit('never');
  await sleep(200); // it is handled
  front.turn();
  await arrives(client, there);
  here.redis.release();
  await until(() => client.heard.length > 0, 'what the first process had sent');
  assert.deepEqual(client.heard, ['hello']);
});

scene('what is sent after that comes after it', async ({ client, front, here, there }) => {
  const [before, firstDue, secondDue] = [sleep(2500), sleep(3300), sleep(4300)];
  client.emit('later', 'first', 3000);
  client.emit('later', 'second', 4000);
  await client.ask('get');
  await before;
  here.redis.hold('commands');
  await firstDue;
  front.turn();
  await arrives(client, there);
  await secondDue; // its old process has sent the second, and does not know yet whether the first is written
  here.redis.release();
  await until(() => client.heard.length === 2, 'both');
  assert.deepEqual(client.heard, ['first', 'second']);
});

scene('a client that comes back to a process that does not know yet that it had gone', async ({ client, front, here, there }) => {
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
  await until(() => client.heard.length > 0, 'what was told to all');
  client.emit('all', 'end');
  await until(() => client.heard.includes('end'), 'the end');
  assert.deepEqual(client.heard, ['hello', 'end']);
});

scene('a client that is told to stay away is told so by whichever process it comes to', async ({ client, front, here }, t) => {
  const [id] = await client.ask('join', 'a room') as [string];
  const other = await open(t, here.server.port);
  front.cut();
  other.emit('end', id);
  await other.ask('get'); // it is ended
  front.turn();
  await until(() => client.states.at(-1) === 'disconnected', 'its end');
  assert.equal(client.states.filter(state => state === 'connected').length, 1, 'it has no other session');
});

scene('a session that is ended while another process takes it over is ended there', async ({ client, front, here }, t) => {
  const [id] = await client.ask('join', 'a room') as [string];
  const other = await open(t, here.server.port);
  front.cut();
  here.redis.hold('commands');
  other.emit('end', id);
  await sleep(200); // it is ended, and that is not written
  front.turn();
  await until(() => client.states.includes('recovered'), 'the other process to have it');
  here.redis.release();
  await until(() => client.states.at(-1) === 'disconnected', 'its end');
  assert.equal(client.states.filter(state => state === 'connected').length, 1, 'it has no other session');
});

scene('a timer of a process that was paused: socket.set, a room, an emit and an acknowledgement follow the client', async ({ client, front, here, there }, t) => {
  const answer = client.ask('turn', 1500);
  await client.ask('get'); // the message is written
  here.server.process.kill('SIGSTOP');
  front.turn();
  await arrives(client, there);
  await sleep(2000);
  here.server.process.kill('SIGCONT');
  assert.deepEqual(await answer, ['late']);
  await until(() => client.heard.length > 0, 'what the timer has sent');
  assert.deepEqual(await client.ask('late'), [1]);
  const other = await open(t, there.server.port);
  other.emit('room', 'late', 'to the room');
  await until(() => client.heard.length > 1, 'what was told to the room');
  assert.deepEqual(client.heard, ['late', 'to the room']);
});

scene('a value that the next process has set meanwhile is not undone, nor is what was sent with it; the acknowledgement comes', async ({ client, front, here, there }) => {
  const answer = client.ask('turn', 1500);
  await client.ask('get');
  here.server.process.kill('SIGSTOP');
  front.turn();
  await arrives(client, there);
  assert.deepEqual(await client.ask('late'), [null]); // it is used
  await sleep(2000);
  here.server.process.kill('SIGCONT');
  assert.deepEqual(await answer, ['late']);
  await client.ask('get');
  assert.deepEqual([client.heard, await client.ask('late')], [[], [null]]);
});

scene('a process that was paused for long does not take Redis for slow', async ({ client, here }) => {
  await client.ask('get');
  here.server.process.kill('SIGSTOP');
  await sleep(6000);
  here.server.process.kill('SIGCONT');
  await client.ask('get');
  await sleep(1500);
  assert.doesNotMatch(here.server.output(), /Redis/);
});

scene('an acknowledgement that a paused process owes is an error after some seconds, and comes once', async ({ client, front, here, there }) => {
  const answer = client.ask('turn', 1500);
  await client.ask('get');
  here.server.process.kill('SIGSTOP');
  front.turn();
  await arrives(client, there);
  assert.deepEqual(await answer, [{ error: 'the server was restarted before it answered' }]);
  here.server.process.kill('SIGCONT');
  await until(() => client.heard.length > 0, 'what the timer has sent');
  assert.deepEqual(client.heard, ['late']);
});

scene('a process that is stopped: its client goes on with the other one', async ({ client, here, there }) => {
  await client.ask('set', 'kept');
  await here.server.stop();
  assert.deepEqual(await client.ask('get'), ['kept', true]);
  await arrives(client, there);
});

test('clients that nothing keeps with a process: the log says what to switch on', async t => {
  const two = await startTwo(t);
  if (!two) return;
  const ports = two.processes.map(({ server }) => server.port);
  const fronts = await Promise.all([1, 2, 3].map(() => startFront(ports, false, true)));
  const clients = await Promise.all(fronts.map(({ port }) => open(t, port)));
  let number = 0;
  const timer = setInterval(() => {
    number += 1;
    for (const client of clients) client.emit('later', String(number), 0);
  }, 200);
  t.after(() => clearInterval(timer));
  const advice = /let each stay with one \(nodeProcessStickySessions in iisnode\.yml/;
  await until(() => two.processes.some(({ server }) => advice.test(server.output())), 'the line', 120);
  clearInterval(timer);
  const all = Array.from({ length: number }, (_, i) => String(i + 1));
  await until(() => clients.every(({ heard }) => heard.length >= number), 'all', 60);
  for (const { heard } of clients) assert.deepEqual([...heard].sort(), [...all].sort());
});

test('a handshake that was given up, and comes later than the next one, is not heard', async t => {
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

test('scripts are there before the commands that use them: one that came with its text would come later than those behind it', async t => {
  const two = await startTwo(t);
  if (!two) return;
  const client = await open(t, two.processes[0].server.port);
  await client.ask('set', 1);
  const { evalsha, eval: withText } = await two.redis.commands();
  assert(evalsha! > 0);
  assert.equal(withText, undefined);
});
