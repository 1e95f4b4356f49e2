import { ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import http from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestContext } from 'node:test';
import { readConfig } from '../src/config';
import { Iis, IisOptions, startIis } from './iis/index';

/** The project's folder. This file runs as build/test/helper.js. */
export const root = path.join(__dirname, '..', '..');
export const fromRoot = createRequire(path.join(root, 'package.json'));

/** Where the application lives by default: these tests hold under any name that it is given. */
export const { appPath, resource } = readConfig({});

export interface Running {
  /** 'http://localhost:4711'; nothing of use where it listens on a Unix socket. */
  origin: string;
  /** Where the demo page is. */
  page: string;
  port: number;
  process: ChildProcess;
  /** All it wrote so far. */
  output: () => string;
  /** Sends the signal, and gives the exit code: null if the signal ended it. */
  stop: (signal?: NodeJS.Signals) => Promise<number | null>;
}

export interface StartOptions {
  /** Settings. */
  env?: Record<string, string>;
  /** Another node to run it with. */
  node?: string;
  /** Another copy of the template. */
  folder?: string;
}

/** Starts the server that is built, as its users do, on a free port. It is gone when the test ends. */
export async function startServer(t: TestContext, options: StartOptions = {}): Promise<Running> {
  const child = runServer(options);
  t.after(() => child.process.kill('SIGKILL'));
  const line = await until(() => {
    if (child.process.exitCode !== null) throw new Error(`the server ended: ${child.output()}`);
    return /listening on (\S+?)(?:, path )?(\/\S*) \(/.exec(child.output().replace('http://', ''));
  }, 'the server to listen');
  const port = Number(/:(\d+)/.exec(line[1]!)?.[1]);
  const origin = `http://${line[1]}`;
  return { ...child, origin, page: origin + line[2], port };
}

/** Starts the server, and does not wait until it listens. */
export function runServer({ env = {}, node = process.execPath, folder = root }: StartOptions) {
  // Windows' sockets need to know where Windows is.
  const system = process.env.SystemRoot ? { SystemRoot: process.env.SystemRoot } : {};
  const child = spawn(node, [path.join(folder, 'dist', 'server.js')], { env: { ...system, PORT: '0', ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.on('data', data => text += String(data));
  child.stderr.on('data', data => text += String(data));
  const ended = once(child, 'close');
  const tooLong = setTimeout(() => child.kill('SIGKILL'), 120000);
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

/** A text of a file that is replaced by another. It must be there. */
export type Edit = [file: string, from: string | RegExp, to: string];

/** A copy of the template as it lies on a server, built, with edits. It is gone when the test ends. */
export function deploy(t: TestContext, edits: Edit[] = []): string {
  const folder = cloneTemplate(t);
  cpSync(path.join(root, 'dist'), path.join(folder, 'dist'), { recursive: true });
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'), 'junction');
  for (const [name, from, to] of edits) edit(folder, [name, from, to]);
  return folder;
}

/** @throws if the text is not there */
export function edit(folder: string, [name, from, to]: Edit): void {
  const file = path.join(folder, name);
  const before = readFileSync(file, 'utf8');
  const after = before.replace(from, () => to);
  if (after === before) throw new Error(`${name} does not have ${from}`);
  writeFileSync(file, after);
}

/** A copy of the template on the stand-in for IIS. */
export interface Deployed extends Iis {
  folder: string;
  /** What the stand-in says of the requests so far. */
  trace: string[];
}

/** Makes a copy of the template, with edits, until the test ends. */
type Make = (t: TestContext, edits: Edit[]) => string | Promise<string>;

/** Serves a copy of the template as IIS would, until the test ends. `make` gives the folder. */
export async function serveAsIis(
  t: TestContext, edits: Edit[] = [], options: Partial<IisOptions> = {}, make: Make = deploy,
): Promise<Deployed> {
  // What runs in the folder ends before the folder goes: clean-up runs in the order that it is given.
  let stop = () => Promise.resolve();
  t.after(() => stop());
  const folder = await make(t, edits);
  const trace: string[] = [];
  const server = await startIis({ folder, trace: line => { trace.push(line); }, ...options });
  stop = server.close;
  return { ...server, folder, trace };
}

/** One request, with no header but those given. */
export function request(to: http.RequestOptions, body = ''): Promise<{ status: number; headers: http.IncomingHttpHeaders; text: string }> {
  return new Promise((resolve, reject) => {
    http.request({ agent: false, ...to }, res => {
      let text = '';
      res.on('data', data => text += String(data));
      res.on('end', () => resolve({ status: res.statusCode!, headers: res.headers, text }));
    }).on('upgrade', (res, socket) => {
      socket.destroy();
      resolve({ status: res.statusCode!, headers: res.headers, text: '' });
    }).on('error', reject).end(body);
  });
}

/** Waits until `look` gives something, and gives it. Fails after `seconds`. */
export async function until<T>(look: () => T | Promise<T>, what: string, seconds = 20): Promise<NonNullable<T>> {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(20)) {
    const seen = await look();
    if (seen) return seen;
  }
  throw new Error(`waited ${seconds} s for ${what}`);
}

/** Makes a folder that is gone when the test ends. */
export function emptyFolder(t: TestContext, prefix: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), prefix));
  // Windows keeps a folder for a moment after the end of a process that ran in it: rm tries again then, rmSync does not.
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }));
  return folder;
}

/** Copies what a clone would have into a folder of its own. It is gone when the test ends. */
export function cloneTemplate(t: TestContext): string {
  const folder = emptyFolder(t, 'template-');
  const made = ['node_modules', 'dist', 'build', 'iisnode', '.git', path.join('test', 'bench', 'node_modules')];
  // On Windows the filter is given its long form of a path: \\?\C:\…
  const long = (name: string) => path.toNamespacedPath(name);
  cpSync(root, folder, { recursive: true, filter: from => !made.includes(path.relative(long(root), long(from))) });
  return folder;
}

/** A client of socket.io-client 0.9, as node loads it. */
export interface Client {
  socket: { connected: boolean; sessionid: string; transport: { name: string }; disconnect: () => void };
  on: (event: string, handler: (...args: any[]) => void) => void;
  emit: (event: string, ...args: unknown[]) => void;
  of: (name: string) => Client;
}

export const clientLibrary = fromRoot('socket.io-client') as { connect: (url: string, options: object) => Client };

/** Opens a session with 0.9's own client, unchanged. It is closed when the test ends. */
export function connect(t: TestContext, origin: string, options: object = {}): Client {
  const client = clientLibrary.connect(origin, { resource: resource.slice(1), 'force new connection': true, reconnect: false, ...options });
  t.after(() => { if (client.socket.transport) client.socket.disconnect(); });
  return client;
}

/** The arguments of the next `event`. Fails after 30 s. */
export function next(client: Client, event: string): Promise<any[]> {
  return new Promise((resolve, reject) => {
    const tooLong = setTimeout(() => reject(new Error(`waited 30 s for ${event}`)), 30000);
    client.on(event, (...args) => {
      clearTimeout(tooLong);
      resolve(args);
    });
  });
}

/** Sends an event, and gives what its acknowledgement brings. Fails after 30 s. */
export function ask(client: Client, event: string, ...args: unknown[]): Promise<any[]> {
  return new Promise((resolve, reject) => {
    const tooLong = setTimeout(() => reject(new Error(`waited 30 s for the acknowledgement of ${event}`)), 30000);
    client.emit(event, ...args, (...answer: unknown[]) => {
      clearTimeout(tooLong);
      resolve(answer);
    });
  });
}

const windows = process.platform === 'win32';

/** Options of a test that needs what Windows does not have: there it is skipped, and says why. */
export const notOnWindows = (what: string) => ({ skip: windows && `skipped: ${what} does not exist on Windows` });

/** Signals that a process can handle: on Windows each ends it at once. */
export const needsSignals = notOnWindows('a signal that a process can handle');

/**
 * Whether the test can run: in CI nothing may be missing, elsewhere it is skipped, and says why.
 * @param there what is looked for, something falsy where it is missing
 * @param forWindows whether it exists for Windows at all
 * @throws in CI, if it cannot
 */
export function available(t: TestContext, what: string, there: unknown, forWindows = true): boolean {
  if (there) return true;
  if (windows && !forWindows) {
    t.skip(`skipped: ${what} does not exist on Windows`);
    return false;
  }
  if (process.env.CI) throw new Error(`${what} is missing`);
  t.skip(`skipped: ${what} is missing`);
  return false;
}
