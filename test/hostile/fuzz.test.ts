/*
 * Noise at the server while honest clients talk: it lives, they lose nothing, and it holds no more memory than before.
 * FUZZ_SEED=n sends the same as an earlier run of that seed, FUZZ_CASES=n another number of cases.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test, TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Honest, Kind } from './fuzz/honest';
import { Sender } from './fuzz/sender';
import { startMeasured } from './fuzz/server';
import { appPath } from '../support/template';

const seed = Number(process.env.FUZZ_SEED || randomInt(2 ** 31));
const cases = Number(process.env.FUZZ_CASES || 30000);
assert(Number.isInteger(seed) && Number.isInteger(cases), 'FUZZ_SEED and FUZZ_CASES are whole numbers');
const fewer = Math.ceil(cases / 5);
const replay = `FUZZ_SEED=${seed} ${process.env.FUZZ_CASES ? `FUZZ_CASES=${cases} ` : ''}npm test -- fuzz`;

/** Cases before memory is read for the first time: code compiled, buffers and tables grown to their size. */
const WARM_UP = 2000;

/** How much more the server may hold after than before. */
const GROWTH = 20e6;

/** When all of it has to be over, whatever the machine. */
const end = Date.now() + 240000;

/** Sends the cases to a server with these transports, with an honest client on each of `clients`. */
async function fuzz(t: TestContext, transports: string, clients: Kind[], count: number): Promise<void> {
  const start = Date.now();
  const server = await startMeasured(t, { TRANSPORTS: transports });
  const origin = `http://localhost:${server.port}`;
  const honest = await Honest.open(t, origin, clients);
  const sender = new Sender(server.port, seed, transports.includes('websocket'));

  let wrong: string | undefined;
  let progress = 0;
  let since = Date.now();
  const look = () => {
    if (progress !== (progress = honest.total + sender.answers)) since = Date.now();
    if (server.ended() !== undefined) wrong = `the server ended (${server.ended()})\n${server.output()}\n${sender.suspects()}`;
    else if (Date.now() - since > 30000) wrong = `the server answers nothing any more\n${server.output()}\n${sender.suspects()}`;
    else if (honest.problems.length) wrong = `${honest.problems.join('\n')}\n${sender.suspects()}`;
    else if (sender.failed > 20) wrong = `${sender.failed} requests went wrong; the first of them:\n${sender.failures.join('\n')}`;
    else if (Date.now() > end) wrong = `the time is up after ${sender.sent} of ${WARM_UP + count} cases`;
    if (wrong !== undefined) sender.stop();
  };
  const watch = setInterval(look, 200);
  t.after(() => clearInterval(watch));
  const check = (right: boolean, what: string) => assert(right, `${what}\nThe same again: ${replay}`);
  const goOn = () => check(wrong === undefined, wrong ?? '');

  /** What the server holds when nothing is left of the cases. */
  const held = async () => {
    await sender.finish();
    goOn();
    return server.memory();
  };
  await sender.run(0, WARM_UP);
  const before = await held();
  await sender.run(WARM_UP, WARM_UP + count);
  let after = await held();
  const grown = () => after.heapUsed + after.external - before.heapUsed - before.external;
  // Handshakes that nobody used are given up after half a minute: what goes by itself does not count.
  for (let seconds = 0; grown() > GROWTH && seconds < 45 && wrong === undefined; seconds += 1) {
    await sleep(1000);
    after = await server.memory();
  }
  await honest.finish();
  clearInterval(watch);
  look();
  goOn();

  const mb = (bytes: number) => (bytes / 1e6).toFixed(1);
  const statuses = [...sender.statuses].sort(([a], [b]) => a - b).map(([status, times]) => `${status}: ${times}`).join(', ');
  t.diagnostic(`seed ${seed}: ${sender.sent} cases, ${sender.taken} taken, in ${Math.round((Date.now() - start) / 1000)} s; answers ${statuses}`);
  t.diagnostic(`${honest.total} messages of ${clients.length} honest clients, the slowest ${honest.slowest} ms; the server wrote ${server.lines()} lines`);
  t.diagnostic(`heap and external ${mb(before.heapUsed + before.external)} MB before, ${mb(after.heapUsed + after.external)} after; rss ${mb(before.rss)}, ${mb(after.rss)}`);

  const health = await (await fetch(`${origin}${appPath}/health`)).text();
  check(health.includes(`"status":"ok"`), health);
  check(health.includes(`"clients":${clients.length},`), `sessions are left that have ended: ${health}`);
  check(sender.sent === WARM_UP + count, `${sender.sent} cases were sent`);
  check(sender.failed === 0, `${sender.failed} requests went wrong; the first of them:\n${sender.failures.join('\n')}`);
  check(sender.taken > count / 10, `only ${sender.taken} packets were taken: the sessions are none`);
  check(grown() < GROWTH, `the server holds ${mb(grown())} MB more than before`);
}

test(`${cases} requests and packets of seed ${seed}, while ten clients talk`, t => {
  return fuzz(t, 'xhr-polling', Array.from({ length: 10 }, (_, number) => number < 6 ? 'xhr-polling' : 'realtime.js'), cases);
});

test(`${fewer} more of them, where WebSockets are offered`, t => {
  const clients = Array.from({ length: 10 }, (_, number) => (['xhr-polling', 'websocket', 'realtime.js'] as const)[number % 3]!);
  return fuzz(t, 'websocket,xhr-polling', clients, fewer);
});
