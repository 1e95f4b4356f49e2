/*
 * The benchmark counts the requests and the bytes of a message, and the answers to polls for an
 * emit. This test counts the same on the server and its sockets.
 */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test, TestContext } from 'node:test';
import { Crowd, MakeClient, polling } from '../../../tools/bench/client';
import { measure } from '../../../tools/bench/load';
import { ask, burst, echo, exchangeAll, tell } from '../../../tools/bench/messages';
import { legacy, numbered } from '../../../tools/bench/protocols';
import type { Running } from '../../../tools/bench/running';
import { app } from '../../../tools/bench/servers/app';
import { serve } from '../../support/raw';
import { appPath } from '../../support/template';
import { until } from '../../support/wait';

const CLIENTS = 10;

/**
 * Starts a server in this process, which counts its requests and bytes, and connects the clients.
 */
async function start(t: TestContext, make: MakeClient) {
  const sockets: Socket[] = [];
  let [requests, waiting] = [0, 0];
  const { port } = serve(t, app, { APP_PATH: appPath }, server => {
    server.on('connection', (socket: Socket) => sockets.push(socket));
    server.prependListener('request', (_req, res) => {
      [requests, waiting] = [requests + 1, waiting + 1];
      res.on('finish', () => { waiting -= 1; });
    });
  });
  const server = {
    ask: () => {
      const { user, system } = process.cpuUsage();
      return Promise.resolve({ cpu: user + system });
    },
  } as unknown as Running;
  const crowd = new Crowd([port], make);
  t.after(() => crowd.close());
  await crowd.add(CLIENTS);
  const counted = () => ({
    requests, bytes: sockets.reduce((sum, one) => sum + one.bytesRead + one.bytesWritten, 0),
  });
  const rest = () => until(() => waiting === CLIENTS, 'the polls of all clients to wait');
  return { server, crowd, counted, rest };
}

for (const [name, protocol] of Object.entries({ 0.9: legacy, 'realtime.js': numbered })) {
  test(`${name}: requests, bytes and answers are those that the server has seen`, async t => {
    const { server, crowd, counted, rest } = await start(t, polling(protocol));
    const loads = [
      { act: () => exchangeAll(crowd, echo, 200), count: 200, requests: 2, answers: 1 },
      { act: () => exchangeAll(crowd, ask, 200), count: 200, requests: 2, answers: 1 / 2 },
      { act: () => exchangeAll(crowd, burst, 200), count: 200, requests: 2, answers: 1 / 10 },
      // A broadcast takes one POST, and one poll of each client.
      { act: () => tell(crowd), count: CLIENTS, requests: 1 + 1 / CLIENTS, answers: 1 },
    ];
    for (const { act, count, requests, answers } of loads) {
      let before = counted();
      const figures = await measure(server, crowd, async measured => {
        await rest();
        if (measured) before = counted();
        const times = await act();
        await rest();
        return times;
      }, { scale: 1 });
      const after = counted();
      assert.equal(figures.requests, (after.requests - before.requests) / count);
      assert.equal(figures.bytes, (after.bytes - before.bytes) / count);
      assert.equal(figures.requests, requests);
      assert.equal(figures.answers, answers);
    }
  });
}
