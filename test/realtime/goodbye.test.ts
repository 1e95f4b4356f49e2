/*
 * A page with public/realtime.js says goodbye. For a short time its session still counts, and the
 * server still takes its messages.
 */
import assert from 'node:assert/strict';
import { test, TestContext } from 'node:test';
import { event, handshake, serve } from '../support/raw';
import { request } from '../support/request';
import { resource } from '../support/template';
import { takesLess, until } from '../support/wait';

test('a reloaded page counts twice for a second, and what overtakes its goodbye is heard', async t => {
  await takesLess(2000, () => reload(t));
});

/**
 * @returns the time from the goodbye of a page to the end of its session, ms. Infinity if the machine
 * is so busy that the message after the goodbye may have come too late
 */
async function reload(t: TestContext): Promise<number> {
  const heard: string[] = [];
  const served = serve(t, io => io.sockets.on('connection', socket => {
    socket.on('say', (text: string) => { heard.push(text); });
    socket.on('disconnect', () => { heard.push('left'); });
  }));
  const { port } = served;
  const { id } = await handshake(port, '?got=0&try=1');
  const path = `${resource}/1/xhr-polling/${id}?got=0&try=1`;
  const post = (body: string) => request({ port, path, method: 'POST' }, body);
  await request({ port, path });
  const clients: number[] = [];
  const before = Date.now();
  await post('0::');
  const said = Date.now();
  const { status } = await post(event('say', ['last'], '1'));
  // The server takes messages for a second after the goodbye.
  if (Date.now() - before >= 1000) return Infinity;
  // The reloaded page does not know the session before.
  const next = await handshake(port, '?got=0&try=1');
  await request({ port, path: `${resource}/1/xhr-polling/${next.id}?got=0&try=1` });
  clients.push(served.clients());
  await until(() => served.clients() === 1, 'the end of the first', 5);
  const took = Date.now() - said;
  assert.equal(status, 200);
  assert(Math.max(...clients) <= 2);
  assert.deepEqual(heard, ['last', 'left']);
  assert.equal((await post(event('say', ['too late'], '2'))).status, 404);
  return took;
}
