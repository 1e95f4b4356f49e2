/*
 * Sends noise to the server while honest clients talk. The server must live, the clients must lose
 * nothing, and the memory of the server must grow by no more than GROWTH.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { appPath } from '../../support/template';
import { Honest, Kind } from './honest';
import { Sender } from './sender';
import { startMeasured } from './server';

/** FUZZ_SEED=n sends the cases of an earlier run with that seed again. */
export const seed = Number(process.env.FUZZ_SEED || randomInt(2 ** 31));

/**
 * @returns how many cases there are
 * @param usual the number if FUZZ_CASES does not set another one
 */
export function numberOfCases(usual: number): number {
  const cases = Number(process.env.FUZZ_CASES || usual);
  assert(Number.isInteger(seed) && Number.isInteger(cases), 'FUZZ_SEED and FUZZ_CASES are whole numbers');
  return cases;
}

/** How many bytes more the server may hold after the cases than before them. */
const GROWTH = 20e6;

/** A server from which nothing comes for this time, in ms, counts as one that hangs. */
const SILENCE = 60000;

export interface Noise {
  /** TRANSPORTS of the server. */
  transports: string;
  /** The honest clients. */
  clients: Kind[];
  /** How long each client waits between an acknowledgement and its next message, in ms. */
  pause: number;
  /**
   * How many cases come before the first look at the memory. After them, the server has compiled
   * its code, and its buffers and tables have grown to their size.
   */
  warmUp: number;
  /** How many cases come after that. */
  cases: number;
  /** The command that runs the same cases again, without the seed. */
  again: string;
}

/** Sends cases to a server. @throws if the server does not stand them */
export async function fuzz(t: TestContext, { transports, clients, pause, warmUp, cases, again }: Noise): Promise<void> {
  const start = Date.now();
  const server = await startMeasured(t, { TRANSPORTS: transports });
  const origin = `http://127.0.0.1:${server.port}`;
  const honest = await Honest.open(t, origin, clients, pause);
  const sender = new Sender(server.port, seed, transports.includes('websocket'));

  let wrong: string | undefined;
  let progress = 0;
  let since = Date.now();
  const look = () => {
    if (progress !== (progress = honest.total + sender.answers)) since = Date.now();
    if (server.ended() !== undefined) wrong = `the server ended (${server.ended()})\n${server.output()}\n${sender.suspects()}`;
    else if (Date.now() - since > SILENCE) wrong = `the server answers nothing any more\n${server.output()}\n${sender.suspects()}`;
    else if (honest.problems.length) wrong = `${honest.problems.join('\n')}\n${sender.suspects()}`;
    else if (sender.failed > 20) wrong = `${sender.failed} requests went wrong; the first of them:\n${sender.failures.join('\n')}`;
    if (wrong !== undefined) sender.stop();
  };
  const watch = setInterval(look, 200);
  t.after(() => clearInterval(watch));
  const check = (right: boolean, what: string) => assert(right, `${what}\nThe same again: FUZZ_SEED=${seed} ${again}`);
  const goOn = () => check(wrong === undefined, wrong ?? '');

  /** @returns the memory that the server holds when nothing is left of the cases */
  const held = async () => {
    await sender.finish();
    goOn();
    return server.memory();
  };
  await sender.run(0, warmUp);
  const before = await held();
  await sender.run(warmUp, warmUp + cases);
  let after = await held();
  const grown = () => after.heapUsed + after.external - before.heapUsed - before.external;
  // The server gives up unused handshakes after a time. Memory that it frees by itself does not
  // count.
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
  check(sender.sent === warmUp + cases, `${sender.sent} cases were sent`);
  check(sender.failed === 0, `${sender.failed} requests went wrong; the first of them:\n${sender.failures.join('\n')}`);
  check(sender.taken > cases / 10, `only ${sender.taken} packets were taken: the sessions are none`);
  check(grown() < GROWTH, `the server holds ${mb(grown())} MB more than before`);
}
