/* Starts the built server, as its users do. */
import { ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, type TestContext } from 'node:test';
import { makeEchoSite } from './echo';
import { root } from './template';
import { until } from './wait';

export interface Running {
  /** 'http://localhost:4711'; of no use if the server listens on a Unix socket. */
  origin: string;
  /** The address of the page. */
  page: string;
  port: number;
  process: ChildProcess;
  /** Returns the output of the server so far. */
  output: () => string;
  /** Sends a signal, and waits for the end. @returns the exit code; null if the signal ended the server */
  stop: (signal?: NodeJS.Signals) => Promise<number | null>;
}

export interface StartOptions {
  /** The settings of the server. */
  env?: Record<string, string>;
  /** The node that runs the server. Default: the node of the tests. */
  node?: string;
  /** The folder of the server. Default: a copy with the application of the tests. */
  folder?: string;
}

/** The folder of the server with the application of the tests, made at the first call. */
let own: string | undefined;
after(async () => {
  if (own) await rm(own, { recursive: true, force: true, maxRetries: 10 });
});

function ownFolder(): string {
  if (own) return own;
  own = mkdtempSync(path.join(tmpdir(), 'echo-'));
  makeEchoSite(own);
  return own;
}

/** Starts the server with the project's own application, src/app.ts. The server is gone when the test ends. */
export function startApp(t: TestContext, env: Record<string, string> = {}): Promise<Running> {
  return startServer(t, { folder: root, env });
}

/** Starts the built server on a free port, and waits until it listens. The server is gone when the test ends. */
export async function startServer(t: TestContext, options: StartOptions = {}): Promise<Running> {
  const child = runServer(options);
  t.after(() => child.process.kill('SIGKILL'));
  const line = await until(() => {
    const { exitCode, signalCode } = child.process;
    if (exitCode !== null || signalCode !== null) throw new Error(`the server ended: ${child.output()}`);
    return /listening on (\S+?)(?:, path )?(\/\S*) \(/.exec(child.output().replace('http://', ''));
  }, 'the server to listen');
  const port = Number(/:(\d+)/.exec(line[1]!)?.[1]);
  const origin = `http://${line[1]}`;
  return { ...child, origin, page: origin + line[2], port };
}

/** Starts the built server, and does not wait until it listens. */
export function runServer({ env = {}, node = process.execPath, folder = ownFolder() }: StartOptions) {
  // Windows' sockets need the variable SystemRoot.
  const system = process.env.SystemRoot ? { SystemRoot: process.env.SystemRoot } : {};
  const child = spawn(node, [path.join(folder, 'dist', 'server.js')], { env: { ...system, PORT: '0', ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.on('data', data => text += String(data));
  child.stderr.on('data', data => text += String(data));
  const ended = once(child, 'close');
  const tooLong = setTimeout(() => child.kill('SIGKILL'), 600000);
  child.once('close', () => clearTimeout(tooLong));
  return {
    process: child,
    output: () => text,
    ended: async () => (await ended)[0] as number | null,
    stop: async (signal: NodeJS.Signals = 'SIGTERM') => {
      child.kill(signal);
      return (await ended)[0] as number | null;
    },
  };
}
