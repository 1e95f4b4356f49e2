/*
 * Requests for an upgrade. A request for anything but a WebSocket is treated as a plain request. If
 * an upgrade is refused, its connection does not stay open.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { Server as HttpServer } from 'node:http';
import { connect, Socket } from 'node:net';
import { describe, test, TestContext } from 'node:test';
import { oldNode } from '../support/fetched';
import { handshake, serve } from '../support/raw';
import { resource, root } from '../support/template';
import { until } from '../support/wait';
import { freePort } from '../../tools/free-port';

const BOTH = { TRANSPORTS: 'websocket,xhr-polling' };
const H2C = 'Host: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n';
const WEBSOCKET = 'Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

/** A connection that keeps the text it got. It stays open when the server closes its side. */
class Line {
  text = '';
  ended = false;
  closed = false;
  readonly socket: Socket;

  constructor(t: TestContext, port: number) {
    this.socket = connect({ port, allowHalfOpen: true });
    this.socket.setEncoding('latin1');
    this.socket.on('data', data => { this.text += String(data); });
    this.socket.on('end', () => { this.ended = true; });
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => { this.closed = true; });
    t.after(() => this.socket.destroy());
  }

  async ask(request: string, pattern: RegExp): Promise<string> {
    this.text = '';
    this.socket.write(request, 'latin1');
    await until(() => pattern.test(this.text), `${String(pattern)} in ${JSON.stringify(this.text)}`);
    return this.text;
  }
}

/** @returns how many connections a server has */
const connections = (server: HttpServer): Promise<number> =>
  new Promise((resolve, reject) => { server.getConnections((error, count) => error ? reject(error) : resolve(count)); });

describe('an upgrade to anything but a WebSocket is a plain request', () => {
  for (const to of ['h2c', 'TLS/1.0', 'foo', 'websocket, h2c', 'h2c,websocket']) {
    test(to, async t => {
      const { port } = serve(t, io => io.sockets.on('connection', socket => {
        socket.on('ask', (text: string, answer: (text: string) => void) => answer(text));
      }), BOTH);
      const headers = H2C.replace('h2c', to);
      const line = new Line(t, port);
      const answer = await line.ask(`GET ${resource}/1/ HTTP/1.1\r\n${headers}\r\n`, /xhr-polling/);
      assert.match(answer, /^HTTP\/1\.1 200 /);
      const id = /[\w-]{20}(?=:60:)/.exec(answer)![0];
      // A poll and messages on the same connection. Each request asks for the upgrade again.
      const path = `${resource}/1/xhr-polling/${id}`;
      await line.ask(`GET ${path} HTTP/1.1\r\n${headers}\r\n`, /1::$/);
      const body = '5:1+::{"name":"ask","args":["h\xe9"]}';
      const length = `Content-Length: ${Buffer.byteLength(body)}`;
      const sent = Buffer.from(body).toString('latin1');
      await line.ask(`POST ${path} HTTP/1.1\r\n${headers}${length}\r\n\r\n${sent}`, /\r\n\r\n1$/);
      assert.match(await line.ask(`GET ${path} HTTP/1.1\r\n${headers}\r\n`, /6::/), /6:::1\+\["h\xc3\xa9"\]/);
      const chunked = `POST ${path} HTTP/1.1\r\n${headers}Transfer-Encoding: chunked\r\n\r\n3\r\n2::\r\n`;
      line.socket.write(chunked);
      await line.ask('0\r\n\r\n', /\r\n\r\n1$/);
      // Two requests at once, one behind the other.
      const two = `GET ${resource} HTTP/1.1\r\n${headers}\r\n`.repeat(2);
      assert.match(await line.ask(two, /io\.[^]*io\.$/), /Welcome[^]*Welcome/);
      assert.match(await line.ask(`GET ${resource}/1/websocket/${id} HTTP/1.1\r\n${headers}\r\n`, /meant here/), / 400 /);
    });
  }

  test('a connection on which it is asked again and again collects no listeners', async t => {
    let server!: HttpServer;
    const sockets: Socket[] = [];
    const { port } = serve(t, () => undefined, BOTH, made => {
      server = made;
      server.on('connection', socket => { if (!sockets.includes(socket)) sockets.push(socket); });
    });
    const line = new Line(t, port);
    const count = () => sockets[0]!.eventNames().reduce((sum, name) => sum + sockets[0]!.listenerCount(name), 0);
    const ask = () => line.ask(`GET ${resource} HTTP/1.1\r\n${H2C}\r\n`, /io\.$/);
    await ask();
    await ask();
    const before = count();
    for (let i = 0; i < 20; i++) await ask();
    assert.equal(count(), before);
    assert.equal(sockets.length, 1);
  });
});

test('node 10, 12 and 20, as built: h2c to a page and to the resource, with a body, on one connection', async t => {
  for (const version of ['10.24.1', '12.22.12', null]) {
    const node = version === null ? process.execPath : oldNode(t, version);
    if (node === null) continue;
    const port = await freePort();
    const child = spawn(node, ['dist/server.js'], { cwd: root, env: { ...process.env, PORT: String(port), ...BOTH, LOG_LEVEL: 'info' } });
    t.after(() => child.kill());
    let out = '';
    child.stdout.on('data', data => { out += String(data); });
    await until(() => out.includes('listening'), 'the server');
    const line = new Line(t, port);
    const home = resource.replace('/socket', '/health');
    assert.match(await line.ask(`GET ${home} HTTP/1.1\r\n${H2C}\r\n`, /"uptime"/), /^HTTP\/1\.1 200 /);
    const answer = await line.ask(`POST ${resource}/1/ HTTP/1.1\r\n${H2C}Content-Length: 3\r\n\r\nabc`, /xhr-polling/);
    assert.match(answer, /^HTTP\/1\.1 200 /);
    const refused = await line.ask(`GET ${home} HTTP/1.1\r\n${WEBSOCKET}\r\n`, /not found/);
    assert.match(refused, /^HTTP\/1\.1 404 /);
    await until(() => line.ended, 'the end of the refused one');
    child.kill();
  }
});

describe('an upgrade that is refused', () => {
  test('is answered, ended, and cut after a while if the client does not close its side', async t => {
    let server!: HttpServer;
    const { port } = serve(t, () => undefined, BOTH, made => { server = made; });
    const refused: Record<string, RegExp> = {
      '/elsewhere': / 404 /, [`${resource}/1/`]: / 400 /, [`${resource}/1/websocket/${'x'.repeat(20)}`]: / 404 /,
      [`${resource}/1/nonsense/${'x'.repeat(20)}`]: / 400 /, [`${resource}/2/`]: / 400 /,
    };
    const lines: Line[] = [];
    for (const [path, status] of Object.entries(refused)) {
      for (let i = 0; i < 20; i++) {
        const line = new Line(t, port);
        lines.push(line);
        const answer = await line.ask(`GET ${path} HTTP/1.1\r\n${WEBSOCKET}\r\n`, /\r\n\r\n\w/);
        assert.match(answer, status);
        assert.match(answer, /Cache-Control: no-store/);
      }
    }
    await until(() => lines.every(({ ended }) => ended), 'all to be ended');
    // Some clients go on sending, which must not keep their connections open.
    lines.slice(0, 50).forEach(({ socket }) => socket.write('x'.repeat(100000)));
    await until(async () => await connections(server) === 0, 'no connection to be left', 30);
  });

  test('by ws itself, for a wrong key or version, is cut as well', async t => {
    let server!: HttpServer;
    const { port } = serve(t, () => undefined, BOTH, made => { server = made; });
    const { id } = await handshake(port);
    for (const headers of [WEBSOCKET.replace(/Key: \S+/, 'Key: x'), WEBSOCKET.replace('13', '3')]) {
      const line = new Line(t, port);
      const answer = await line.ask(`GET ${resource}/1/websocket/${id} HTTP/1.1\r\n${headers}\r\n`, /HTTP/);
      assert.match(answer, /^HTTP\/1\.1 4\d\d /);
    }
    await until(async () => await connections(server) === 0, 'no connection to be left', 30);
  });

  for (const [version, status] of [['8', 403], ['7', 426], ['14', 426], ['', 426]] as [string, number][]) {
    test(`version ${version || 'not said'}, for a page of a stranger by its Sec-WebSocket-Origin: ${status}`, async t => {
      const seen: string[] = [];
      const { port } = serve(t, io => io.sockets.on('connection', () => seen.push('connection')), BOTH);
      const { id } = await handshake(port);
      const said = version && `Sec-WebSocket-Version: ${version}\r\n`;
      const headers = WEBSOCKET.replace(/Sec-WebSocket-Version.*\r\n/, said) + 'Sec-WebSocket-Origin: http://stranger.example\r\n';
      const line = new Line(t, port);
      const answer = await line.ask(`GET ${resource}/1/websocket/${id} HTTP/1.1\r\n${headers}\r\n`, /HTTP/);
      assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
      if (status === 426) assert.match(answer, /\r\nSec-WebSocket-Version: 13\r\n/);
      assert.deepEqual(seen, []);
    });
  }

  test('and a WebSocket that the client does not close when we do keeps no connection either', async t => {
    let server!: HttpServer;
    const { port } = serve(t, io => io.sockets.on('connection', socket => { socket.disconnect(); }), BOTH, made => { server = made; });
    for (let i = 0; i < 20; i++) {
      const { id } = await handshake(port);
      const line = new Line(t, port);
      assert.match(await line.ask(`GET ${resource}/1/websocket/${id} HTTP/1.1\r\n${WEBSOCKET}\r\n`, /\r\n\r\n/), / 101 /);
    }
    await until(async () => await connections(server) === 0, 'no connection to be left', 25);
  });
});
