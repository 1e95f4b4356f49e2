/*
 * A page of another origin can do nothing with the browser of a visitor, unless ALLOWED_ORIGINS has
 * the origin of that page. hostile-page.long.test.ts tries everything by every means, and in
 * Firefox, too.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { test } from 'node:test';
import type { Frame } from 'playwright-core';
import type { Iis } from '../../tools/iis';
import { startApplication } from '../support/application';
import { needsSignals } from '../support/available';
import { proxy } from '../support/proxy';
import { resource } from '../support/template';
import { until } from '../support/wait';
import { attemptOf, connect, crossSite, inBrowser, open, read, sameSite, sandbox, say, visitAll } from './page/visits';

inBrowser('chromium', false, async visit => {
  await visitAll(visit);

  await visit('a WebSocket is for the own page only', { transports: 'websocket,xhr-polling' }, async ({ page, server, hostile }) => {
    const opens = async (frame: Frame) => {
      const session = (await (await fetch(`${server.origin}${resource}/1/`)).text()).split(':')[0]!;
      return frame.evaluate(url => new Promise(resolve => {
        const socket = new WebSocket(url);
        socket.onmessage = event => resolve(event.data);
        socket.onclose = () => resolve('closed');
      }), `${server.origin.replace('http', 'ws')}${resource}/1/websocket/${session}`);
    };
    await page.goto(server.page('empty'));
    assert.equal(await opens(page.mainFrame()), '1::');
    for (const where of [sameSite, crossSite, sandbox]) assert.equal(await opens(await open(page, where(hostile))), 'closed');
  });

  await visit('the own page gets no answer as script either, whatever it asks for', {}, async ({ page, wire }) => {
    await connect(page, wire.origin);
    for (const means of ['script', 'fetch']) {
      for (const path of ['/1/?jsonp=0', '/1/jsonp-polling/unknown?i=0', '/2/?jsonp=0', '/?jsonp=0']) {
        const name = `${means} ${path}`;
        const seen = await read(page.mainFrame(), name, means, wire.origin + resource + path);
        if (means === 'script') assert.doesNotMatch(seen, /xhr-polling/, name);
        for (const { answer, text } of wire.seen.filter(exchange => attemptOf(exchange) === name)) {
          assert.doesNotMatch(answer['content-type'] ?? '', /script/, name);
          assert.doesNotMatch(text, /^io\b/, name);
        }
      }
    }
  });

  await visit('the own page connects through a proxy that ends TLS', {}, async ({ t, page, server }) => {
    const behind = { port: server.port, url: server.page('') } as Iis;
    const front = await proxy(t, behind, { tls: true, request: req => { req.headers['x-forwarded-proto'] = 'https'; } });
    await connect(page, new URL(front).origin);
    await say(page);
    await page.waitForSelector('#log li');
  });
});

test('a server that is stopping says so to no other page', needsSignals, async t => {
  const server = await startApplication(t);
  const socket = createConnection(server.port, '127.0.0.1').setEncoding('utf8');
  await once(socket, 'connect');
  let answer = '';
  socket.on('data', data => answer += String(data));
  socket.write(`GET ${resource}/1/ HTTP/1.1\r\nHost: localhost\r\nOrigin: http://stranger.example\r\n`);
  await fetch(`${server.page}health`); // by now the server has the lines above
  server.process.kill('SIGTERM');
  await until(() => server.output().includes('stopping'), 'the signal');
  socket.write('\r\n');
  await once(socket, 'close');
  assert.match(answer, /^HTTP\/1\.1 (403|503) /);
  assert.doesNotMatch(answer, /^access-control-/im);
});
