/* A process is paused, its client goes to another one, and it wakes up: what it does then arrives, once, and nothing else does. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { arrives, scene } from './scene';
import { open } from './two';
import { until } from '../support/wait';

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
