/* The page may close its connection at any time, even inside each of its own callbacks. */
import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { test, TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { clientLibrary } from '../support/client';
import { serve } from '../support/raw';
import { fromRoot, resource, root } from '../support/template';
import { until } from '../support/wait';

const realtime = fromRoot(path.join(root, 'public', 'realtime.js')) as {
  connect: (options: object) => Connection;
};
interface Status { state: string; reason?: string }
interface Connection {
  emit: (event: string, ...args: unknown[]) => void;
  on: (event: string, handler: (...args: any[]) => void) => void;
  close: () => void;
}

/** Connects a page to a server that runs in this process. */
function start(t: TestContext) {
  const ends: string[] = [];
  const served = serve(t, io => io.sockets.on('connection', socket => {
    socket.on('ask', (ack: (answer: string) => void) => { ack('answer'); });
    socket.on('tell', () => {
      socket.emit('told', 1);
      socket.emit('told', 2);
    });
    socket.on('disconnect', (reason: string) => { ends.push(reason); });
  }));
  const connection = realtime.connect({
    url: served.origin, resource: resource.slice(1), io: clientLibrary,
  });
  t.after(() => connection.close());
  const states: string[] = [];
  connection.on('status', ({ state }: Status) => { states.push(state); });
  return { ...served, connection, states, ends };
}

/** Checks that the server knows that the page has closed, and that nothing follows. */
async function isOver({ clients, states, ends }: ReturnType<typeof start>): Promise<void> {
  await until(() => clients() === 0, 'the end of the session');
  await sleep(300);
  assert.equal(states.filter(state => state === 'disconnected').length, 1, states.join(' '));
  assert.equal(states.at(-1), 'disconnected');
  assert.deepEqual(ends, ['booted']);
}

test('in its handler of status, when it is connected', async t => {
  const page = start(t);
  page.connection.emit('tell');
  page.connection.on('status', ({ state }: Status) => {
    if (state === 'connected') page.connection.close();
  });
  await until(() => page.states.includes('disconnected'), 'its end');
  await isOver(page);
});

test('in its handler of status, when it is disconnected, and again later: it is told once', async t => {
  const page = start(t);
  await until(() => page.states.includes('connected'), 'the connection');
  page.connection.on('status', ({ state }: Status) => {
    if (state === 'disconnected') page.connection.close();
  });
  page.connection.close();
  page.connection.close();
  await isOver(page);
});

test('in its handler of an event, of which another comes with the same answer', async t => {
  const page = start(t);
  const told: number[] = [];
  page.connection.on('told', (n: number) => {
    told.push(n);
    page.connection.close();
  });
  page.connection.emit('tell');
  await until(() => told.length > 0, 'the event');
  await isOver(page);
  assert.deepEqual(told, [1]);
});

test('in the function that takes an acknowledgement', async t => {
  const page = start(t);
  let answer: unknown;
  page.connection.emit('ask', (said: unknown) => {
    answer = said;
    page.connection.close();
  });
  await until(() => answer, 'the acknowledgement');
  assert.equal(answer, 'answer');
  await isOver(page);
});

test('in the function that learns that the server was restarted: the new session is ended', async t => {
  // This server is written by hand. It takes the message, and then knows only another session.
  let handshakes = 0;
  let polls = 0;
  const posts: string[] = [];
  const server = http.createServer((req, res) => {
    const url = req.url!;
    let body = '';
    req.on('data', data => { body += String(data); }).on('end', () => {
      if (url.startsWith(`${resource}/1/?`)) {
        handshakes += 1;
        res.end(`session${handshakes}:60:60:xhr-polling`);
      } else if (req.method === 'POST') {
        posts.push(`${url.split(/[/?]/).find(part => part.startsWith('session'))} ${body}`);
        res.end('1');
      } else {
        polls += 1;
        if (polls === 1) res.end('1::');
        else if (polls === 2) setTimeout(() => res.end('6:::1'), 200);
        else if (url.includes('session1')) req.socket.destroy();
        else res.end('1::');
      }
    });
  }).listen(0);
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const connection = realtime.connect({
    url: `http://127.0.0.1:${port}`, resource: resource.slice(1), io: clientLibrary,
  });
  t.after(() => connection.close());
  let answer: { error?: string } | undefined;
  connection.emit('ask', (said: { error: string }) => {
    answer = said;
    connection.close();
  });
  await until(() => answer, 'the error');
  assert.equal(answer!.error, 'the server was restarted before it answered');
  await until(() => posts.includes('session2 0::'), 'the goodbye to the new session');
  assert.equal(handshakes, 2);
});
