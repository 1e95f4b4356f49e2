/*
 * Tests each row of the table in src/realtime/cluster/README.md, "Killed, paused or cut between two
 * steps", with two servers and a real Redis. A test holds back the data between a process and
 * Redis, so that the process stops between the two steps. Then the test kills the process, pauses
 * the process, or cuts its connections. The client is with the process `here`, and goes to the
 * process `there` next.
 */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Keys } from '../../src/realtime/cluster/commit';
import type { RedisServer } from '../../tools/redis-server';
import { appPath } from '../support/template';
import { until } from '../support/wait';
import { arrives, isSame, Scene, scene } from './scene';
import { open, Process, says, User } from './two';

const names = new Keys(appPath);
/** How long a test waits at most for something that has to happen, s. */
const LONG = 60;

const kill = ({ server }: Process) => { server.process.kill('SIGKILL'); };
const pause = ({ server }: Process) => { server.process.kill('SIGSTOP'); };
const wake = ({ server, redis }: Process) => {
  redis.release();
  server.process.kill('SIGCONT');
};
const cut = ({ redis }: Process) => {
  redis.cut();
  redis.release();
};
const pid = ({ server }: Process) => server.process.pid;

/** @returns how often Redis has carried out a command */
const calls = async (redis: RedisServer, name: string) => (await redis.commands())[name] ?? 0;

/**
 * Checks that the client has heard these texts and no others, each once and in order, in one
 * session. The client sends the text 'end' itself, and has to hear it after all other texts.
 */
async function hasHeard(client: User, ...texts: string[]): Promise<void> {
  client.emit('all', 'end');
  await until(() => client.heard.includes('end'), 'the text "end"', LONG);
  assert.deepEqual(client.heard, [...texts, 'end']);
  isSame(client);
}

/**
 * Waits until a process runs again, and Redis has answered a commit that the process made then.
 * @param other a client of the process
 */
async function isAwake(other: User): Promise<void> {
  await other.ask('get');
  await other.ask('get');
}

/**
 * Stops the process between two steps. The process has handled a message of the client, and cannot
 * send the commit of the message, because a commit for another client is under way.
 * @returns the answer that the client gets to the message later
 */
async function handle(
  { client, here }: Scene, t: Parameters<typeof open>[0],
): Promise<{ answer: Promise<any[]> }> {
  const other = await open(t, here.server.port);
  const [id] = await other.ask('join', 'a room') as [string];
  here.redis.hold('answers', id);
  other.emit('never');
  await says(here, 'never');
  const answer = client.ask('add', 'x');
  await says(here, 'added x');
  return { answer };
}

/**
 * Stops the process between two steps. The process has handled a message of the client, has sent
 * the commit of the message, and gets no answer from Redis.
 * @param isWritten whether the commit reaches Redis
 * @returns the answer that the client gets to the message later
 */
async function commit(
  { client, here, redis }: Scene, isWritten: boolean,
): Promise<{ answer: Promise<any[]> }> {
  if (isWritten) here.redis.hold('answers', 'heard');
  else here.redis.hold('commands');
  const before = await calls(redis, 'xadd');
  const answer = client.ask('add', 'x');
  if (isWritten) await until(async () => await calls(redis, 'xadd') > before, 'a commit', LONG);
  else await says(here, 'added x');
  return { answer };
}

describe('a message is handled → its commit is sent', () => {
  scene('killed: the next owner handles it again', async (all, t) => {
    const { client, here, there } = all;
    const { answer } = await handle(all, t);
    kill(here);
    assert.deepEqual(await answer, [1, pid(there)]);
    await hasHeard(client, 'x');
  });

  scene('paused: the next owner handles it again, and nothing of the first time counts', async (all, t) => {
    const { client, front, here, there } = all;
    const other = await open(t, here.server.port);
    const { answer } = await handle(all, t);
    pause(here);
    front.turn();
    assert.deepEqual(await answer, [1, pid(there)]);
    wake(here);
    await isAwake(other);
    await hasHeard(client, 'x');
  });

  scene('cut off: the client waits for 3 beats, then it is told', async (all, t) => {
    const { client, here } = all;
    const { answer } = await handle(all, t);
    // The answer to the commit under way arrives. The next commit, with the message, is held back.
    here.redis.hold('commands');
    assert.deepEqual(await answer, [1, pid(here)]);
    assert.match(here.server.output(), /Redis does not answer/);
    here.redis.release();
    await hasHeard(client, 'x');
  });
});

describe('a commit is sent → it is answered', () => {
  for (const isWritten of [true, false]) {
    const what = isWritten ? 'written' : 'not written';
    const owner = ({ here, there }: Scene) => pid(isWritten ? here : there);

    scene(`killed, ${what}`, async all => {
      const { answer } = await commit(all, isWritten);
      kill(all.here);
      assert.deepEqual(await answer, [1, owner(all)]);
      await hasHeard(all.client, 'x');
      assert.deepEqual((await all.client.ask('add', 'y'))[0], 2);
    });

    scene(`paused, ${what}`, async (all, t) => {
      const { client, front, here } = all;
      const other = await open(t, here.server.port);
      const { answer } = await commit(all, isWritten);
      pause(here);
      front.turn();
      assert.deepEqual(await answer, [1, owner(all)]);
      wake(here);
      await isAwake(other);
      await hasHeard(client, 'x');
      assert.deepEqual((await client.ask('add', 'y'))[0], 2);
    });

    scene(`cut off, ${what}: the same bytes go again`, async all => {
      const { client, here } = all;
      const { answer } = await commit(all, isWritten);
      cut(here);
      assert.deepEqual(await answer, [1, pid(here)]);
      await hasHeard(client, 'x');
      assert.deepEqual(await client.ask('add', 'y'), [2, pid(here)]);
    });
  }
});

describe('a commit is answered → the client is told', () => {
  /**
   * Makes a timer send a text to the client, and waits until Redis has the text. The client does
   * not hear the text, because the front cuts the client's requests.
   */
  async function write({ client, front, redis }: Scene): Promise<void> {
    const [id] = await client.ask('join', 'a room') as [string];
    client.emit('later', 'x', 1500);
    await client.ask('get');
    front.cut();
    const row = async () => JSON.stringify(await redis.call('hgetall', names.session(id)));
    await until(async () => /heard/.test(await row()), 'the text of the timer', LONG);
  }

  scene('killed: the next owner tells it', async all => {
    const { client, front, here, there } = all;
    await write(all);
    kill(here);
    front.turn();
    await arrives(client, there);
    await hasHeard(client, 'x');
  });

  scene('paused: the next owner tells it, and not what the client has', async all => {
    const { client, front, here, there } = all;
    client.emit('later', 'told', 0);
    await until(() => client.heard.length === 1, 'the text of the timer', LONG);
    await write(all);
    pause(here);
    front.turn();
    await arrives(client, there);
    await hasHeard(client, 'told', 'x');
  });

  scene('cut off: nothing is to be written', async all => {
    const { client, front, here } = all;
    await write(all);
    here.redis.cut();
    here.redis.hold('commands');
    front.turn();
    front.turn(); // back to the same process
    await until(() => client.heard.length === 1, 'the text of the timer', LONG);
    here.redis.release();
    await hasHeard(client, 'x');
  });
});

describe('an entry is queued → it is on the bus', () => {
  /** Makes a timer send a text to all clients. The text does not reach Redis. */
  async function queue({ client, here }: Scene): Promise<void> {
    client.emit('all later', 'x', 500);
    await client.ask('get');
    here.redis.hold('commands');
    await says(here, 'sent x');
    assert.deepEqual(client.heard, []);
  }

  scene('killed: what a timer tells all is gone, as what it tells its client', async all => {
    const { client, here, there } = all;
    await queue(all);
    kill(here);
    await arrives(client, there);
    await hasHeard(client);
  });

  for (const what of ['paused', 'cut off']) {
    scene(`${what}: it comes later, for all at the same place`, async (all, t) => {
      const { client, here, there } = all;
      const other = await open(t, there.server.port);
      await queue(all);
      if (what === 'paused') pause(here);
      other.emit('all', 'second');
      await until(() => other.heard.length === 1, 'the second text', LONG);
      if (what === 'paused') wake(here);
      else cut(here);
      await until(() => client.heard.length === 2 && other.heard.length === 2, 'both texts', LONG);
      assert.deepEqual([client.heard, other.heard], [['second', 'x'], ['second', 'x']]);
    });
  }
});

describe('an entry is on the bus → it is read', () => {
  /** Makes another client, at the process `there`, send a text to all clients. */
  async function tell({ there }: Scene, t: Parameters<typeof open>[0]): Promise<void> {
    const other = await open(t, there.server.port);
    other.emit('all', 'x');
    await until(() => other.heard.length === 1, 'the text for all', LONG);
  }

  scene('killed: the clients hear it from their next owner', async (all, t) => {
    const { client, here, there } = all;
    here.redis.hold('bus');
    await tell(all, t);
    kill(here);
    await arrives(client, there);
    await hasHeard(client, 'x');
  });

  scene('paused: from the next owner, and not again when the first one is back', async (all, t) => {
    const { client, front, here, there } = all;
    const last = await open(t, here.server.port);
    pause(here);
    await tell(all, t);
    front.turn();
    await arrives(client, there);
    wake(here);
    await isAwake(last);
    await hasHeard(client, 'x');
  });

  scene('cut off: they hear it later', async (all, t) => {
    const { client, here } = all;
    here.redis.hold('bus');
    await tell(all, t);
    cut(here);
    await hasHeard(client, 'x');
  });
});

describe('a takeover is sent → it is answered', () => {
  /**
   * Makes the client go to the next process. Redis has carried out the takeover, and the next
   * process does not know this yet.
   * @returns the answer that the client gets to a message there, later
   */
  async function takeOver({ client, front, there, redis }: Scene): Promise<{ sum: Promise<any[]> }> {
    const [id] = await client.ask('join', 'a room') as [string];
    await client.ask('add', 'x');
    await until(() => client.heard.length === 1, 'the text for all', LONG);
    there.redis.hold('answers', id);
    front.turn();
    const sum = client.ask('add', 'y');
    const term = () => redis.call('hget', names.session(id), 'term');
    await until(async () => await term() === '2', 'a takeover in Redis', LONG);
    return { sum };
  }

  scene('killed: the next one takes it over again', async all => {
    const { sum } = await takeOver(all);
    kill(all.there);
    assert.deepEqual(await sum, [2, pid(all.here)]);
    await hasHeard(all.client, 'x', 'y');
  });

  scene('paused: the next one takes it over again', async (all, t) => {
    const { client, front, here, there } = all;
    const other = await open(t, there.server.port);
    const { sum } = await takeOver(all);
    pause(there);
    front.turn();
    assert.deepEqual(await sum, [2, pid(here)]);
    wake(there);
    await isAwake(other);
    await hasHeard(client, 'x', 'y');
  });

  scene('cut off: the same bytes go again', async all => {
    const { sum } = await takeOver(all);
    cut(all.there);
    assert.deepEqual(await sum, [2, pid(all.there)]);
    await hasHeard(all.client, 'x', 'y');
  });
});

describe('a takeover is on the bus → the old owner reads it', () => {
  /** Makes the client move to the next process. The first process does not know this yet. */
  async function move({ client, front, here, there }: Scene): Promise<void> {
    await client.ask('add', 'x');
    await until(() => client.heard.length === 1, 'the text for all', LONG);
    here.redis.hold('bus');
    front.turn();
    await arrives(client, there);
    assert.deepEqual(await client.ask('add', 'y'), [2, pid(there)]);
  }

  scene('killed: the new owner has all', async all => {
    await move(all);
    kill(all.here);
    await hasHeard(all.client, 'x', 'y');
  });

  scene('paused: it tells nothing that is behind it, and what it writes does not count', async (all, t) => {
    const { client, here, there } = all;
    const other = await open(t, here.server.port);
    // On a busy machine the client needs some seconds to move. The timer runs out after that.
    const due = sleep(6000);
    client.emit('later', 'z', 6000);
    await client.ask('get');
    await move(all);
    pause(here);
    await due;
    await sleep(300);
    wake(here);
    await isAwake(other);
    await until(() => client.heard.includes('z'), 'the text of the timer', LONG);
    assert.deepEqual(await client.ask('add', 'w'), [3, pid(there)]);
    await hasHeard(client, 'x', 'y', 'z', 'w');
  });

  scene('cut off: after 3 beats it tells its client what is not written, and the session is given up if the client has gone on elsewhere', async all => {
    const { client, front, here, there } = all;
    here.redis.hold('commands');
    client.emit('never');
    const silent = () => /Redis does not answer/.test(here.server.output());
    await until(silent, 'the process to notice', LONG);
    client.emit('never');
    assert.deepEqual(await client.ask('pid'), [pid(here)]); // both messages have arrived
    front.turn();
    assert.deepEqual(await client.ask('pid'), [pid(there)]);
    assert.deepEqual(client.states.slice(-1), ['connected']);
  });
});

describe('Redis is restarted', () => {
  for (const what of ['with its data', 'empty', 'with older data', 'empty, while a process is paused']) {
    scene(`${what}: all goes on`, async all => {
      const { client, front, here, there, redis } = all;
      await redis.call('save');
      if (what === 'with older data') {
        // Redis loses the commits of these messages. The next commit of the process has a number
        // that is too high for the older data. By this number, the script notices the loss.
        await client.ask('add', 'w');
        await client.ask('add', 'w');
      }
      assert.deepEqual((await client.ask('add', 'x'))[0], what === 'with older data' ? 3 : 1);
      const before = client.heard.length;
      if (what === 'with its data') await redis.call('save');
      if (/paused/.test(what)) pause(here);
      await redis.stop();
      if (/empty/.test(what)) redis.forget();
      await redis.start();
      if (/paused/.test(what)) wake(here);
      client.emit('all', 'y');
      await until(() => client.heard.length > before && client.heard.at(-1) === 'y', 'y', LONG);
      front.turn();
      await arrives(client, there);
      const sum = what === 'with older data' ? 4 : 2;
      assert.deepEqual(await client.ask('add', 'z'), [sum, pid(there)]);
      const first = what === 'with older data' ? ['w', 'w', 'x'] : ['x'];
      await hasHeard(client, ...first, 'y', 'z');
    });
  }

  scene('with older data, and the client goes to another process before a commit has shown the loss', async all => {
    const { client, front, here, there, redis } = all;
    await redis.call('save');
    await client.ask('add', 'w');
    assert.deepEqual(await client.ask('add', 'x'), [2, pid(here)]);
    here.redis.hold('all');
    await redis.stop();
    await redis.start();
    front.turn();
    const answer = client.ask('add', 'y');
    await sleep(1000); // the takeover does not come before the first process has written all again
    here.redis.release();
    assert.deepEqual(await answer, [3, pid(there)]);
    await hasHeard(client, 'w', 'x', 'y');
  });
});
