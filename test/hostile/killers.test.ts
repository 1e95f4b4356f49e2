import assert from 'node:assert/strict';
import { ChildProcess, spawn } from 'node:child_process';
import http from 'node:http';
import path from 'node:path';
import { describe, test, TestContext } from 'node:test';
import { ask, Client, connect, next } from '../support/client';
import { startServer } from '../support/server';
import { appPath, deploy } from '../support/template';
import { until } from '../support/wait';
import { Attacker, CUT, SILENCE } from './killers/attacker';
import type { Case } from './killers/case';
import { blocking, deadly } from './killers/deadly';
import { websocket } from './killers/websocket';
import { wrong } from './killers/wrong';

/*
 * Requests that harm Socket.IO 0.9 as it comes, and that do no harm to ours. The first half of each case keeps the second
 * one honest: an attack that harms nobody proves nothing.
 */
const folder = path.join(__dirname, 'killers');

interface Target { process: ChildProcess; port: number; output: () => string }
/** Ours, and a client that was there before. */
interface Ours extends Target { client: Client }

function environment(one: Case) {
  return {
    TRANSPORTS: one.websocket ? 'websocket,xhr-polling' : 'xhr-polling',
    SETTINGS: JSON.stringify(one.settings ?? {}),
    OPTIONS: JSON.stringify(one.options ?? {}),
  };
}

async function startStock(t: TestContext, one: Case): Promise<Target> {
  const child = spawn(process.execPath, ['--max-old-space-size=128', path.join(folder, 'stock.js')], {
    env: { ...process.env, ...environment(one) }, stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', data => text += String(data));
  const line = await until(() => /listening on (\d+)/.exec(text), 'stock to listen');
  return { process: child, port: Number(line[1]), output: () => text };
}

/** The server as it is built, with the application that is attacked. */
async function startOurs(t: TestContext, one: Case): Promise<Ours> {
  const app = JSON.stringify(path.join(folder, 'app.js'));
  const copy = deploy(t, [[path.join('dist', 'app.js'), /[^]*/, `exports.app = require(${app}).app;`]]);
  const server = await startServer(t, { folder: copy, env: environment(one) });
  const client = connect(t, server.origin, { transports: ['xhr-polling'] });
  await next(client, 'connect');
  return { ...server, client };
}

/** Lends servers out, one of each kind at a time. One that did not stand a case is ended, and serves no other. */
function shared<T extends Target>(t: TestContext, start: (t: TestContext, one: Case) => Promise<T>) {
  const idle = new Map<string, T>();
  return async (one: Case, use: (target: T) => Promise<void>) => {
    const kind = JSON.stringify(environment(one));
    const target = idle.get(kind) ?? await start(t, one);
    idle.delete(kind);
    try {
      await use(target);
      idle.set(kind, target);
    } catch (error) {
      target.process.kill('SIGKILL');
      throw error;
    }
  };
}

/** Whether a page is answered within 3 s. */
function answers(port: number, page: string): Promise<boolean> {
  return new Promise(resolve => {
    const req = http.get({ port, path: page, agent: false }, res => resolve(res.resume().statusCode === 200));
    req.on('error', () => resolve(false)).setTimeout(3000, () => {
      resolve(false);
      req.destroy();
    });
  });
}

const ended = (target: Target) => target.process.exitCode !== null || target.process.signalCode !== null;

/** Holds what an attack brought against what is expected, which may be a RegExp, or have some in it. */
function check(actual: unknown, expected: unknown): void {
  if (expected instanceof RegExp) assert.match(String(actual), expected);
  else if (Array.isArray(expected) && expected.some(one => one instanceof RegExp)) {
    assert.equal((actual as unknown[]).length, expected.length);
    expected.forEach((one, i) => check((actual as unknown[])[i], one));
  } else assert.deepEqual(actual, expected);
}

/** An attack fails where its target does: then it brings the error. */
const attack = (one: Case, target: Target) => one.attack(new Attacker(target.port)).catch((error: unknown) => error);

async function killsStock(stock: Target, one: Case): Promise<void> {
  void attack(one, stock);
  if (one.stock === 'hangs') {
    await until(async () => !await answers(stock.port, '/'), 'it to hang');
    assert(!ended(stock), stock.output());
  } else if ('dies' in one.stock) {
    await until(() => ended(stock), 'it to die');
    assert.match(stock.output(), one.stock.dies);
  }
}

async function sparesOurs(ours: Ours, one: Case): Promise<void> {
  const given = await attack(one, ours);
  assert(!ended(ours), ours.output());
  assert(await answers(ours.port, `${appPath}/health`), 'health answers');
  // Whoever was there before is still there, once, and is heard.
  assert.deepEqual(await ask(ours.client, 'message', one.name), [one.name]);
  const [seen] = await ask(ours.client, 'seen', ours.client.socket.sessionid) as [string[]];
  assert.deepEqual(seen.filter(what => what !== 'message'), ['connection']);
  if (given instanceof Error) throw given;
  if ('ours' in one) check(given, one.ours);
  else for (const answer of [given].flat()) assert(answer !== CUT && answer !== SILENCE, String(answer));
}

describe('what kills, blocks or deceives Socket.IO 0.9', { concurrency: 3 }, () => {
  for (const [group, cases] of Object.entries({ deadly, blocking, wrong, websocket })) {
    test(`does so: ${group}`, async t => {
      const stock = shared(t, startStock);
      for (const one of cases) {
        await t.test(one.name, async t => {
          if (one.stock === 'hangs' || 'dies' in one.stock) return killsStock(await startStock(t, one), one);
          const { gives } = one.stock;
          return stock(one, async target => check(await attack(one, target), gives));
        });
      }
    });

    test(`does nothing to ours: ${group}`, async t => {
      const ours = shared(t, startOurs);
      for (const one of cases) await t.test(one.name, () => ours(one, target => sparesOurs(target, one)));
    });
  }
});
