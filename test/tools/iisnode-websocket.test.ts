/*
 * iisnode passes an upgrade to a WebSocket on only in IIS 8 and later, if web.config turns IIS's
 * own WebSockets off.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { script, serve, webConfig } from './iis-application';

const upgrade = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' };
const off = '<webSocket enabled="false" />';

/**
 * A script that accepts upgrades, sends a greeting, and returns all bytes in capital letters. It
 * answers all other requests with "not a WebSocket".
 */
const shouting = script('res.end("not a WebSocket");').replace('.listen', `.on('upgrade', (req, socket) => {
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nx-greeting: yes\\r\\n\\r\\nwelcome ');
  socket.on('data', data => socket.write(String(data).toUpperCase())).on('end', () => socket.end());
}).listen`);

test('websocket: on IIS 10 with <webSocket enabled="false" /> the server takes the upgrade, and bytes pass both ways', async t => {
  const { iis } = await serve(t, { 'web.config': webConfig('', { server: off }), 'hello.js': shouting }, { iis: '10' });
  const req = http.get(`${iis.url}hello.js`, { agent: false, headers: upgrade });
  req.on('response', res => req.destroy(new Error(`answered ${res.statusCode} instead`)));
  const [res, socket, head] = await once(req, 'upgrade') as [http.IncomingMessage, Socket, Buffer];
  t.after(() => socket.destroy());
  assert.equal(res.statusCode, 101);
  assert.equal(res.headers.upgrade, 'websocket');
  assert.match(res.headers.connection!, /^upgrade$/i);
  assert.equal(res.headers['x-greeting'], 'yes');
  let text = String(head);
  socket.on('data', data => text += String(data));
  for (const word of ['one ', 'two ', 'three ']) {
    socket.write(word);
    while (!text.endsWith(word.toUpperCase())) await once(socket, 'data');
  }
  assert.equal(text, 'welcome ONE TWO THREE ');
  socket.end();
  await once(socket, 'close');
});

test('websocket: an upgrade as older Firefoxes ask for it does not get to node as one', async t => {
  const { get } = await serve(t, { 'web.config': webConfig('', { server: off }), 'hello.js': shouting }, { iis: '10' });
  const answer = await get('hello.js', { headers: { ...upgrade, Connection: 'keep-alive, Upgrade' } });
  assert.deepEqual([answer.status, answer.text], [200, 'not a WebSocket']);
});

test('websocket: on IIS 7.5, and on IIS 10 with IIS\'s own WebSockets on, an upgrade is answered 501', async t => {
  const files = { 'web.config': webConfig(), 'hello.js': shouting };
  for (const version of ['7.5', '10'] as const) {
    const { get } = await serve(t, files, { iis: version });
    assert.equal((await get('hello.js', { headers: upgrade })).status, 501, version);
    assert.equal((await get()).text, 'not a WebSocket');
  }
});

test('websocket: IIS 7.5 does not know the section', async t => {
  const { get, trace } = await serve(t, { 'web.config': webConfig('', { server: off }), 'hello.js': shouting });
  assert.equal((await get()).status, 500);
  assert.match(trace(), /500\.19/);
});
