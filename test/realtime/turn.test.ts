/* The answers and packets of one turn of the event loop go out together, at its end. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, Socket } from 'node:net';
import { test, TestContext } from 'node:test';
import { event, nextPoll, serve, session } from '../support/raw';
import { resource } from '../support/template';
import { until } from '../support/wait';

/**
 * Lets some clients send a message each, so that the server reads all of these messages in one turn.
 * Meanwhile the clock of the server stands still, so that a busy machine changes nothing.
 * @param count the number of these clients
 * @param takes the time by that clock that the handler of each message takes, ms
 * @returns the order of the work: 'h' for a message that is handled, 'w' for an answer that is written
 */
async function sendTogether(t: TestContext, count: number, takes = 0): Promise<string> {
  let order = '';
  let time = performance.now();
  const { port } = serve(t, io => io.sockets.on('connection', socket => socket.on('ask', (number: number) => {
    order += 'h';
    time += takes;
    socket.emit('answer', number);
  })), {}, server => server.on('connection', (connection: Socket) => {
    // eslint-disable-next-line @typescript-eslint/unbound-method -- it is called with its own `this`
    const { write } = connection;
    connection.write = function record(this: Socket, ...args: Parameters<typeof write>) {
      order += 'w';
      return write.apply(this, args);
    } as typeof write;
  }));
  const clients = await Promise.all(Array.from({ length: count }, () => session(port)));
  const lines = await Promise.all(clients.map(async () => {
    const line = connect(port).setEncoding('utf8');
    t.after(() => line.destroy());
    await once(line, 'connect');
    return line;
  }));
  const arrived = clients.map(({ id }) => nextPoll(id));
  const polls = Promise.all(clients.map(({ poll }) => poll()));
  await Promise.all(arrived);

  const clock = t.mock.method(performance, 'now', () => time);
  order = '';
  let answers = '';
  for (const [i, line] of lines.entries()) {
    const body = event('ask', [i]);
    line.on('data', text => { answers += text as unknown as string; });
    line.write(`POST ${resource}/1/xhr-polling/${clients[i]!.id} HTTP/1.1\r\nHost: localhost\r\n`
      + `Content-Length: ${body.length}\r\n\r\n${body}`);
  }
  assert.deepEqual(await polls, clients.map((_, i) => [event('answer', [i])]));
  clock.mock.restore();
  await until(() => answers.split('HTTP/1.1 200 OK').length > count, 'the answers to all POSTs');
  return order;
}

test('the messages of a turn are handled before the first answer is written', async t => {
  const order = await sendTogether(t, 7);
  assert.equal(order, 'h'.repeat(7) + 'w'.repeat(14));
});

test('many messages in one turn: after each eight, what they bring is written', async t => {
  const order = await sendTogether(t, 20);
  assert.match(order, /^(h{8,9}w{16,18}){2}h{2,4}w{4,8}$/);
  assert.equal(order.length, 60);
});

test('a turn that takes long: what is ready is written after 5 ms', async t => {
  const order = await sendTogether(t, 12, 3);
  assert.equal(order, `${'h'.repeat(3)}${'w'.repeat(6)}`.repeat(4));
});
