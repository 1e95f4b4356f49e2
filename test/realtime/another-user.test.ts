/*
 * A page loses its connection, and comes back as another user. The messages that the first user
 * emitted are not sent in the name of the second user. The tests use public/realtime.js and the
 * real server.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test, TestContext } from 'node:test';
import { clientLibrary } from '../support/client';
import { Middle, standBetween } from '../support/middle';
import { serve } from '../support/raw';
import { fromRoot, resource, root } from '../support/template';
import { until } from '../support/wait';

interface Status { state: string; recovered?: boolean; reason?: string }
const { connect } = fromRoot(path.join(root, 'public', 'realtime.js')) as {
  connect: (options: object) => any;
};

interface Scene {
  connection: any;
  middle: Middle;
  /** The messages that the application heard: the user and the text of each. */
  heard: string[];
  seen: Status[];
  connected: () => Promise<unknown>;
  /** Sets the user whom the next handshakes log in; '' lets nobody in. */
  login: (name: string) => void;
}

function start(t: TestContext, env: Record<string, string> = {}): Scene {
  let user = 'alice';
  const heard: string[] = [];
  const { port } = serve(t, io => {
    io.set('polling duration', 1);
    io.set('authorization', (handshake, accept) => {
      handshake.user = user;
      accept(null, user !== '', { reason: 'please log in', again: true });
    });
    io.sockets.on('connection', socket => socket.on('say', (text: string, done?: () => void) => {
      heard.push(`${String(socket.handshake.user)}: ${text}`);
      if (done) done();
    }));
  }, env);
  const middle = standBetween(t, port);
  const connection = connect({
    url: middle.origin, resource: resource.slice(1), io: clientLibrary,
  });
  t.after(() => connection.close());
  const seen: Status[] = [];
  connection.on('status', (status: Status) => seen.push(status));
  return {
    connection, middle, heard, seen,
    connected: () => until(() => seen.at(-1)!.state === 'connected', 'the connection', 30),
    login: name => { user = name; },
  };
}

/** Cuts all requests, so that no message of the page arrives. Waits until the page notices. */
function cut({ middle, seen }: Scene): Promise<unknown> {
  middle.set((_kind, res) => Boolean(res.destroy()));
  return until(() => seen.at(-1)!.state === 'reconnecting', 'the cut');
}

/**
 * Emits two messages as alice, while the connection is cut.
 * @returns the answers to the first message, which are added as they come
 */
function write({ connection }: Scene): unknown[][] {
  const answers: unknown[][] = [];
  connection.emit('say', 'for alice\'s eyes', (...args: unknown[]) => answers.push(args));
  connection.emit('say', 'and this');
  return answers;
}

async function asBob(scene: Scene, answers: unknown[][]): Promise<void> {
  await scene.connected();
  assert.deepEqual(answers, [[{ error: 'another user has signed in' }]]);
  const { recovered, reason } = scene.seen.at(-1)!;
  assert.deepEqual([recovered, reason], [false, 'another user has signed in']);
  const done = new Promise(resolve => { scene.connection.emit('say', 'hello', resolve); });
  await done;
  assert.deepEqual(scene.heard, ['alice: first', 'bob: hello']);
}

async function begin(t: TestContext, env: Record<string, string> = {}): Promise<Scene> {
  const scene = start(t, env);
  await scene.connected();
  await new Promise(resolve => { scene.connection.emit('say', 'first', resolve); });
  return scene;
}

describe('another user comes back', { concurrency: true }, () => {
  for (const transports of ['xhr-polling', 'websocket,xhr-polling']) {
    test(`${transports}: alice is cut off, and bob comes back: what she wrote meanwhile is not sent as his`, async t => {
      const scene = await begin(t, { TRANSPORTS: transports });
      await cut(scene);
      const answers = write(scene);
      scene.login('bob');
      scene.middle.set();
      await asBob(scene, answers);
    });
  }

  test('the same where the answer to bob\'s first handshake is lost', async t => {
    const scene = await begin(t);
    await cut(scene);
    const answers = write(scene);
    scene.login('bob');
    let lost = 0;
    scene.middle.set(() => false, (kind, text) => {
      if (kind !== 'handshake' || lost > 0) return text;
      lost += 1;
      assert.match(text, /:another-user$/);
      return '<html>an error page</html>';
    });
    await asBob(scene, answers);
    assert.equal(lost, 1);
  });

  test('the same where nobody was logged in between alice and bob', async t => {
    const scene = await begin(t);
    await cut(scene);
    const answers = write(scene);
    scene.login('');
    scene.middle.set();
    await until(() => scene.seen.at(-1)!.reason === 'please log in', 'the refusal', 30);
    assert.deepEqual(answers, [], 'alice may come back');
    scene.login('bob');
    await asBob(scene, answers);
  });

  test('where it is alice who comes back, all of it arrives', async t => {
    for (const between of ['alice', '']) {
      const scene = await begin(t);
      await cut(scene);
      const answers = write(scene);
      scene.login(between);
      scene.middle.set();
      if (between === '') {
        await until(() => scene.seen.at(-1)!.reason === 'please log in', 'the refusal', 30);
        scene.login('alice');
      }
      await scene.connected();
      await until(() => scene.heard.length === 3, 'her messages', 30);
      assert.deepEqual(scene.heard, ['alice: first', 'alice: for alice\'s eyes', 'alice: and this']);
      assert.deepEqual(answers, [[]]);
      assert.equal(scene.seen.at(-1)!.reason, undefined);
    }
  });
});
