import assert from 'node:assert/strict';
import { createConnection } from 'node:net';
import { test, TestContext } from 'node:test';
import { needsSignals } from '../support/available';
import { ask, connect, next } from '../support/client';
import { request } from '../support/request';
import { startServer } from '../support/server';
import { appPath, resource } from '../support/template';
import { takesLess, until } from '../support/wait';
import { newPipeName, removePipe } from '../../tools/iis/system';
import { freePort } from '../../tools/free-port';

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} ends the waiting polls, then the process, with exit code 0 in 5 s`, needsSignals, async t => {
    await takesLess(5000, () => stop(t, signal));
  });
}

/** @returns the time from the signal to the end of the process, ms */
async function stop(t: TestContext, signal: 'SIGTERM' | 'SIGINT'): Promise<number> {
  const server = await startServer(t, { env: { LOG_LEVEL: 'debug' } });
  const session = (await (await fetch(`${server.origin}${resource}/1/`)).text()).split(':')[0]!;
  const poll = `${server.origin}${resource}/1/xhr-polling/${session}`;
  assert.match(await (await fetch(poll)).text(), /1::.*clients/);
  const waiting = fetch(poll);
  await fetch(`${server.origin}${appPath}/health`); // by now the poll has arrived
  const start = Date.now();
  const ended = server.stop(signal);
  assert.equal(await (await waiting).text(), 'client not handshaken');
  assert.equal(await ended, 0);
  const took = Date.now() - start;
  assert(server.output().includes(`info ${signal}: stopping\n`));
  return took;
}

test('a request that never ends does not keep a stopped server', needsSignals, async t => {
  const server = await startServer(t);
  const session = (await (await fetch(`${server.origin}${resource}/1/`)).text()).split(':')[0]!;
  const upload = createConnection(server.port, 'localhost');
  t.after(() => upload.destroy());
  upload.on('error', () => undefined);
  upload.write(`POST ${resource}/1/xhr-polling/${session} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf`);
  await fetch(`${server.origin}${appPath}/health`); // by now the half request has arrived
  const ended = server.stop('SIGTERM');
  await until(() => server.output().includes('SIGTERM: stopping'), 'the signal');
  // The system may accept a connection that the server has not taken when it closes its port.
  await assert.rejects(request({ port: server.port, path: `${appPath}/health` }), { code: /^ECONN(REFUSED|RESET)$/ });
  assert.equal(await ended, 0);
});

test('a client of 0.9 comes back at once when the server was stopped and started', needsSignals, async t => {
  const env = { PORT: String(await freePort()) };
  const first = await startServer(t, { env });
  const client = connect(t, first.origin, { reconnect: true });
  await next(client, 'connect');
  const reconnected = next(client, 'reconnect');
  assert.equal(await first.stop(), 0);
  await startServer(t, { env });
  await reconnected;
  assert.deepEqual(await ask(client, 'message', 'again'), ['again']);
});

test('PORT may be a named pipe or a socket path; a proxy that opens it says where its client is', async t => {
  const socketPath = newPipeName();
  t.after(() => removePipe(socketPath));
  const server = await startServer(t, { env: { PORT: socketPath, LOG_LEVEL: 'debug', TRUSTED_PROXIES: 'pipe' } });
  assert(server.output().includes(`listening on ${socketPath}, path ${appPath}/ `));
  assert.match((await request({ socketPath, path: `${appPath}/health` })).text, /"status":"ok"/);
  const headers = { origin: 'http://elsewhere.example', 'x-forwarded-for': '6.6.6.6, 10.1.2.3' };
  await request({ socketPath, path: `${resource}/1/`, headers });
  await until(() => /may not connect: 10\.1\.2\.3 /.test(server.output()), 'the refusal in the log');
});

test('on a TCP port nobody is known to stand in front: X-Forwarded-For is not believed', async t => {
  const server = await startServer(t, { env: { LOG_LEVEL: 'debug' } });
  await fetch(`${server.origin}${resource}/1/`, { headers: { origin: 'http://elsewhere.example', 'x-forwarded-for': '6.6.6.6' } });
  await until(() => /may not connect: \S*(127\.0\.0\.1|::1) /.test(server.output()), 'the refusal in the log');
});
