/*
 * Runs the applications in test/from-0.9/applications. app.js is a program as people wrote it for
 * stock 0.9.19, app.ts is the same application moved in, and page.js is the script of its page.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { AddressInfo, connect as connectTo } from 'node:net';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { freePort } from '../../tools/free-port';
import { Client, connect } from './client';
import { root } from './template';
import { until } from './wait';

export const applications = path.join(root, 'test', 'from-0.9', 'applications');

/**
 * The code that leaves only polling to stock 0.9.19, because IIS 7.5 has no WebSockets. The options
 * of 0.9's client can only add a transport.
 */
const ONLY_POLLING =
  `require('socket.io').Manager.defaultTransports.splice(0, Infinity, 'xhr-polling');`;

/** A server to which pages connect. */
export interface Site {
  port: number;
  /** The path at the start of Socket.IO's requests, without a slash before it. */
  resource: string;
}

/**
 * Starts an application with stock 0.9.19, as a program of its own. The program is gone when the
 * test ends.
 * @param name the application's folder
 */
export async function startOld(t: TestContext, name: string): Promise<Site> {
  const port = await freePort();
  const program = JSON.stringify(path.join(applications, name, 'app.js'));
  const child = spawn(process.execPath, ['-e', `${ONLY_POLLING} require(${program});`], {
    cwd: root, env: { ...process.env, PORT: String(port) }, stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  let errors = '';
  child.stderr.on('data', data => errors += String(data));
  await until(() => {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${name} ended: ${errors}`);
    return canConnect(port);
  }, `${name} to listen`);
  return { port, resource: 'socket.io' };
}

function canConnect(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connectTo(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

/** An open page. */
export class Page {
  private readonly lines: string[] = [];
  private read = 0;
  private readonly deeds = new Map<string, (...args: unknown[]) => void>();

  /** @param name the name of the visitor, for the messages of a failed test */
  constructor(private readonly name: string) {}

  /** Calls the function of the page's script for a deed of the visitor. */
  does(what: string, ...args: unknown[]): void {
    const deed = this.deeds.get(what);
    assert(deed, `the page has nothing for "${what}"`);
    deed(...args);
  }

  /** Expects these lines as the next lines on the page. */
  async sees(...lines: string[]): Promise<void> {
    const end = this.read + lines.length;
    try {
      await until(() => this.lines.length >= end, 'lines', 20);
    } catch {
      // The comparison below shows the lines that are missing.
    }
    assert.deepEqual(this.lines.slice(this.read, end), lines, `the page of ${this.name}`);
    this.read = end;
  }

  /** Runs a page's script with 0.9's own client. */
  run(script: string, open: (path: string, options?: object) => Client): this {
    const io = { connect: (path = '/', options?: object) => open(path, options) };
    const show = (line: string) => this.lines.push(line);
    const on = (what: string, deed: () => void) => this.deeds.set(what, deed);
    // eslint-disable-next-line @typescript-eslint/no-implied-eval
    new Function('io', 'show', 'on', script)(io, show, on);
    return this;
  }
}

/**
 * Opens a page of an application. The page's script runs with 0.9's own client, over xhr-polling.
 * @param visitor the name of the visitor
 * @param cookie the cookie of the page's requests
 */
export async function openPage(
  t: TestContext, application: string, site: Site, visitor: string, cookie?: string,
): Promise<Page> {
  const script = readFileSync(path.join(applications, application, 'page.js'), 'utf8');
  const port = cookie === undefined ? site.port : await withCookie(t, site.port, cookie);
  const options = { resource: site.resource };
  let first: Client | undefined;
  return new Page(visitor).run(script, (where, more) => {
    if (first) return (first.socket as unknown as Client).of(where);
    first = connect(t, `http://127.0.0.1:${port}${where}`, { ...options, ...more });
    return first;
  });
}

/**
 * Starts a proxy that adds a cookie to each request: node's clients have no cookies.
 * @returns the port of the proxy
 */
async function withCookie(t: TestContext, port: number, cookie: string): Promise<number> {
  const to = { port, host: '127.0.0.1', agent: false };
  const proxy = createServer((req, res) => {
    const headers = { ...req.headers, cookie, connection: 'close' };
    const { method, url } = req;
    const onward = request({ ...to, method, path: url, headers }, answer => {
      res.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(res);
    });
    onward.on('error', () => res.destroy());
    res.on('close', () => onward.destroy());
    req.pipe(onward);
  });
  await new Promise<void>(listening => proxy.listen(0, '127.0.0.1', listening));
  t.after(() => {
    proxy.close();
    proxy.closeAllConnections();
  });
  return (proxy.address() as AddressInfo).port;
}
