/*
 * The requests of published clients of 0.9 in other languages. The tests send them by hand, in the
 * order in which the clients send them. socketIO-client 0.5.6 (Python) and socket.io-java-client
 * ran once against this server, without a fault. The requests of socket.io-clientpp (C++),
 * socket.io-poco (C++) and socket.IO-objc come from their sources.
 */
import assert from 'node:assert/strict';
import { AddressInfo, connect } from 'node:net';
import { describe, test, TestContext } from 'node:test';
import { join, serve, split } from '../support/raw';
import { resource } from '../support/template';
import { until } from '../support/wait';

const BOTH = { TRANSPORTS: 'websocket,xhr-polling' };
const PYTHON = 'User-Agent: python-requests/2.28.1\r\nAccept-Encoding: gzip, deflate\r\nAccept: */*\r\nConnection: keep-alive\r\n';
const JAVA = 'User-Agent: Java/17.0.15\r\nAccept: text/html, image/gif, image/jpeg, */*; q=0.2\r\nConnection: keep-alive\r\n';

function start(t: TestContext) {
  const seen: string[] = [];
  const { port } = serve(t, io => {
    io.sockets.on('connection', socket => {
      seen.push('connection');
      socket.on('ask', (text: string, answer: (text: string) => void) => answer(text));
      socket.on('say', (text: string) => { socket.emit('told', text); });
      socket.on('message', (data: unknown, answer: unknown) => {
        seen.push(`message ${JSON.stringify(data)}`);
        if (typeof answer === 'function') answer('got');
      });
      socket.emit('question', 'why', (answer: string) => seen.push(`answered ${answer}`));
      socket.on('disconnect', reason => { seen.push(`disconnect ${String(reason)}`); });
    });
    io.of('/chat').on('connection', socket => {
      seen.push('/chat');
      socket.on('ask', (text: string, answer: (text: string) => void) => answer(text));
    });
  }, BOTH);
  return { port, seen };
}

/**
 * Sends one request exactly as it is given, on a connection of its own.
 * @returns the status and the body of the answer
 */
function send(port: number, head: string, body = ''): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const socket = connect(port);
    let text = '';
    const length = body === '' ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
    socket.write(`${head}${length}\r\n${body}`);
    socket.on('error', reject);
    socket.on('data', data => {
      text += data.toString();
      const [, size] = /content-length: (\d+)/i.exec(text) || [];
      const [, rest] = text.split(/\r\n\r\n([^]*)/);
      if (rest === undefined || Buffer.byteLength(rest) < Number(size)) return;
      socket.destroy();
      resolve({ status: Number(text.slice(9, 12)), text: rest });
    });
  });
}

/**
 * Opens a WebSocket without a library. Each frame that it sends is a text of less than 126 bytes,
 * with a mask of zeros.
 */
async function webSocket(t: TestContext, port: number, head: string) {
  const socket = connect(port);
  t.after(() => socket.destroy());
  let data = Buffer.alloc(0);
  socket.on('data', part => { data = Buffer.concat([data, part]); });
  socket.on('error', () => undefined);
  socket.write(`${head}\r\n`);
  await until(() => data.includes('\r\n\r\n'), 'the answer');
  const answer = data.toString().slice(0, data.indexOf('\r\n\r\n'));
  assert.match(answer, /^HTTP\/1\.1 101 /);
  return {
    port: (socket.address() as AddressInfo).port,
    send: (...texts: string[]) => socket.write(Buffer.concat(texts.map(text => {
      const body = Buffer.from(text);
      return Buffer.concat([Buffer.from([0x81, 0x80 | body.length, 0, 0, 0, 0]), body]);
    }))),
    has: (text: string) => until(() => data.includes(text), text),
    close: () => socket.write(Buffer.from([0x88, 0x80, 0, 0, 0, 0])),
    end: () => socket.end(),
  };
}

const idOf = (text: string) => text.split(':')[0]!;

describe('Python, socketIO-client 0.5.6', () => {
  const host = (port: number) => `Host: localhost:${port}\r\n`;

  test('over polling: one packet a POST, empty data written out, goodbye by a GET', async t => {
    const { port, seen } = start(t);
    const get = (path: string) => send(port, `GET ${resource}${path} HTTP/1.1\r\n${host(port)}${PYTHON}`);
    const id = idOf((await get('/1/')).text);
    const path = `/1/xhr-polling/${id}?t=1795690504`;
    assert.deepEqual(split((await get(path)).text), ['1::', '5:1+::{"name":"question","args":["why"]}']);
    const packets = [
      '5:1+::{"name": "ask", "args": ["h\u00e9llo"]}', '5:::{"name": "say", "args": ["one"]}', '3:::text', '4:2+::{"a": 1}',
      '1::/chat:', '5:3+:/chat:{"name": "ask", "args": ["in chat"]}', '6:::1+["yes"]', '2:::',
    ];
    for (const packet of packets) {
      const { status, text } = await send(port, `POST ${resource}${path} HTTP/1.1\r\n${host(port)}${PYTHON}`, packet);
      assert.deepEqual([status, text], [200, '1']);
    }
    assert.deepEqual(split((await get(path)).text), [
      '6:::1+["h\u00e9llo"]', '5:::{"name":"told","args":["one"]}', '6:::2+["got"]', '1::/chat', '6::/chat:3+["in chat"]',
    ]);
    assert.equal((await get(`${path}&disconnect=True`)).status, 200);
    assert.deepEqual(seen, ['connection', 'message "text"', 'message {"a":1}', '/chat', 'answered yes', 'disconnect booted']);
  });

  test('over a WebSocket: two Connection headers, and an end without a goodbye', async t => {
    const { port, seen } = start(t);
    const id = idOf((await send(port, `GET ${resource}/1/ HTTP/1.1\r\n${host(port)}${PYTHON}`)).text);
    const head = `GET ${resource}/1/websocket/${id} HTTP/1.1\r\nUpgrade: websocket\r\n${host(port)}Origin: http://localhost:${port}\r\n` +
      `Sec-WebSocket-Key: 9JQFGbNb26cfR/FZdkvb7Q==\r\nSec-WebSocket-Version: 13\r\nConnection: Upgrade\r\n${PYTHON}`;
    const client = await webSocket(t, port, head);
    client.send('5:1+::{"name": "ask", "args": ["x"]}', '3:::text', '1::/chat:', '5:2+:/chat:{"name": "ask", "args": ["in chat"]}');
    await client.has('6:::1+["x"]');
    await client.has('6::/chat:2+["in chat"]');
    client.end();
    await until(() => seen.includes('disconnect socket end'), 'its end');
  });
});

describe('Java, socket.io-java-client', () => {
  test('over polling: the keys of an event in its own order, several packets in a body that says it is a form', async t => {
    const { port, seen } = start(t);
    const get = (path: string) => send(port, `GET ${resource}${path} HTTP/1.1\r\nHost: localhost:${port}\r\n${JAVA}`);
    const id = idOf((await get('/1/')).text);
    const path = `/1/xhr-polling/${id}?t=1795690286785`;
    assert.equal(split((await get(path)).text).length, 2);
    const body = join(['5:1+::{"args":["h\u00e9llo"],"name":"ask"}', '5:::{"args":["one"],"name":"say"}', '3:::text', '6:::1+["yes"]']);
    const form = 'Content-type: application/x-www-form-urlencoded\r\n';
    const posted = await send(port, `POST ${resource}${path} HTTP/1.1\r\nHost: localhost:${port}\r\n${JAVA}${form}`, body);
    assert.deepEqual([posted.status, posted.text], [200, '1']);
    assert.deepEqual(split((await get(path)).text), ['6:::1+["h\u00e9llo"]', '5:::{"name":"told","args":["one"]}']);
    assert.deepEqual(seen, ['connection', 'message "text"', 'answered yes']);
  });

  test('over a WebSocket of draft 8, without an origin', async t => {
    const { port, seen } = start(t);
    const id = idOf((await send(port, `GET ${resource}/1/ HTTP/1.1\r\nHost: localhost:${port}\r\n${JAVA}`)).text);
    const head = `GET ${resource}/1/websocket/${id} HTTP/1.1\r\nhost: localhost:${port}\r\nupgrade: websocket\r\nconnection: Upgrade\r\n` +
      'sec-websocket-version: 8\r\nsec-websocket-key: 0IVBTS+OhFCvq8ImuGUmhg==\r\n';
    const client = await webSocket(t, port, head);
    client.send('5:1+::{"args":["x"],"name":"ask"}', '3:::text', '6:::1+["yes"]');
    await client.has('6:::1+["x"]');
    client.send('0::');
    client.close();
    await until(() => seen.includes('disconnect booted'), 'its end');
    assert.deepEqual(seen, ['connection', 'message "text"', 'answered yes', 'disconnect booted']);
  });
});

describe('handshakes of C++ and Objective-C', () => {
  const asked = {
    'socket.io-clientpp: a POST of HTTP/1.0 without a body': `POST ${resource}/1/ HTTP/1.0\r\nHost: localhost\r\nAccept: */*\r\nConnection: close\r\n`,
    'socket.io-poco: a query of the protocol after this one': `GET ${resource}/1/?EIO=2&transport=polling HTTP/1.1\r\nHost: localhost\r\n`,
    'socket.IO-objc: a time stamp, and the application\'s own query': `GET ${resource}/1/?t=1385000000000&token=a%20b HTTP/1.1\r\nHost: localhost\r\nConnection: Keep-Alive\r\n`,
  };
  for (const [name, head] of Object.entries(asked)) {
    test(name, async t => {
      const { port } = start(t);
      const { status, text } = await send(port, head);
      assert.equal(status, 200);
      assert.match(text, /^[\w-]{20}:60:60:websocket,xhr-polling$/);
    });
  }

  test('socket.IO-objc: a forced end by ?disconnect alone', async t => {
    const { port, seen } = start(t);
    const id = idOf((await send(port, `GET ${resource}/1/ HTTP/1.1\r\nHost: localhost\r\n`)).text);
    await send(port, `GET ${resource}/1/xhr-polling/${id}?t=1 HTTP/1.1\r\nHost: localhost\r\n`);
    assert.equal((await send(port, `GET ${resource}/1/xhr-polling/${id}?disconnect HTTP/1.1\r\nHost: localhost\r\n`)).status, 200);
    assert.deepEqual(seen, ['connection', 'disconnect booted']);
  });
});
