/* The tests attack these servers: Socket.IO 0.9 without changes, and this server. */
import { ChildProcess, spawn } from 'node:child_process';
import http from 'node:http';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { startApplication } from '../../support/application';
import { Client, connect, next } from '../../support/client';
import { until } from '../../support/wait';
import type { Case } from './case';

export interface Target { process: ChildProcess; port: number; output: () => string }
/** This server, and a client that was connected before the attack. */
export interface Ours extends Target { client: Client }

function environment(one: Case) {
  return {
    TRANSPORTS: one.websocket ? 'websocket,xhr-polling' : 'xhr-polling',
    SETTINGS: JSON.stringify(one.settings ?? {}),
    OPTIONS: JSON.stringify(one.options ?? {}),
  };
}

export async function startStock(t: TestContext, one: Case): Promise<Target> {
  const child = spawn(process.execPath, ['--max-old-space-size=128', path.join(__dirname, 'stock.js')], {
    env: { ...process.env, ...environment(one) }, stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', data => text += String(data));
  const line = await until(() => /listening on (\d+)/.exec(text), 'stock to listen', 60);
  return { process: child, port: Number(line[1]), output: () => text };
}

/** Starts the built server, with the application that is attacked. */
export async function startOurs(t: TestContext, one: Case): Promise<Ours> {
  const app = JSON.stringify(path.join(__dirname, 'app.js'));
  const server = await startApplication(t, { env: environment(one) }, [
    ['dist/app.js', /[^]*/, `exports.app = require(${app}).app;`],
  ]);
  const client = connect(t, server.origin, { transports: ['xhr-polling'] });
  await next(client, 'connect');
  return { ...server, client };
}

/**
 * Lends a server to a case. Cases with the same settings share a server, one after the other. If a
 * case fails, its server is ended, and serves no other case.
 */
export function shared<T extends Target>(t: TestContext, start: (t: TestContext, one: Case) => Promise<T>) {
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

/** @returns whether the server answers a page with status 200 within so many ms */
export function answers(port: number, page: string, within: number): Promise<boolean> {
  return new Promise(resolve => {
    const req = http.get({ port, path: page, agent: false }, res => resolve(res.resume().statusCode === 200));
    req.on('error', () => resolve(false)).setTimeout(within, () => {
      resolve(false);
      req.destroy();
    });
  });
}

/** @returns whether the process of the server has ended */
export const ended = (target: Target) => target.process.exitCode !== null || target.process.signalCode !== null;
