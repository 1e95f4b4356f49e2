/*
 * What a client with bad intent can make the server hold, with small settings: the memory of the process
 * grows by twice what the settings allow and 30 MB at most, and when the client goes, so do its connections.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { describe, test, TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { available, notOnWindows } from '../support/available';
import { oldNode } from '../support/fetched';
import { emptyFolder, resource, root } from '../support/template';
import { until } from '../support/wait';

const MB = 1000000;

interface Target {
  /** Resident memory, bytes. */
  memory: () => number;
  descriptors: () => number;
  request: (path: string, body?: string, headers?: string[]) => Promise<{ status: number; text: string }>;
  connect: () => net.Socket;
  /** Those that it made. */
  sockets: net.Socket[];
}

/** A server in a process of its own, at a Unix socket, where the system keeps little for a connection. */
async function start(t: TestContext, node: string, settings: Record<string, string>): Promise<Target> {
  const at = path.join(emptyFolder(t, 'worst-'), 'server');
  const script = path.join(__dirname, 'worst', 'server.js');
  const child = spawn(node, ['--expose-gc', script, path.join(root, 'dist'), at], {
    env: settings, stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  const agent = new http.Agent({ keepAlive: true, maxSockets: 20 });
  t.after(() => agent.destroy());
  const sockets: net.Socket[] = [];
  t.after(() => sockets.forEach(socket => socket.destroy()));
  const proc = (name: string) => path.join('/proc', String(child.pid), name);
  return {
    sockets,
    memory: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(proc('status'), 'utf8'))![1]) * 1024,
    descriptors: () => readdirSync(proc('fd')).length,
    request: (where, body, headers = []) => new Promise((resolve, reject) => {
      const method = body === undefined ? 'GET' : 'POST';
      const all = ['Host', 'localhost', 'Content-Length', String(Buffer.byteLength(body ?? '')), ...headers];
      http.request({ socketPath: at, agent, path: where, method, headers: all as never }, res => {
        let text = '';
        res.setEncoding('utf8').on('data', data => text += String(data));
        res.on('end', () => resolve({ status: res.statusCode!, text }));
      }).on('error', reject).end(body);
    }),
    connect: () => {
      const socket = net.connect(at).on('error', () => undefined);
      sockets.push(socket);
      return socket;
    },
  };
}

/** Does something many times, some at once. */
async function many(times: number, act: (i: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: 20 }, async () => {
    while (next < times) await act(next++);
  }));
}

async function open({ request }: Target, query = ''): Promise<string> {
  const { text } = await request(`${resource}/1/${query}`);
  const at = `${resource}/1/xhr-polling/${text.split(':')[0]}`;
  await request(at + query);
  return at;
}

const fill = (times: number, letters: number, id = '') => `5:${id}::{"name":"fill","args":[${times},${letters}]}`;

interface Case {
  settings: Record<string, string>;
  /** What they allow, bytes. */
  allowed: number;
  attack: (target: Target) => Promise<void>;
}

const CASES: Record<string, Case> = {
  'bodies of one-byte chunks that do not end': {
    settings: { MAX_MESSAGE_BYTES: '100000' },
    allowed: 64 * 100000,
    attack: async target => {
      const at = await open(target);
      const chunks = '1\r\nx\r\n'.repeat(20000);
      const head = `POST ${at} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`;
      const sockets = Array.from({ length: 100 }, () => target.connect());
      for (const socket of sockets) socket.write(head);
      // In turns, so that what is read together is not all of one body.
      for (let i = 0; i < 2; i++) {
        await Promise.all(sockets.map(socket => new Promise<unknown>(resolve => {
          if (socket.destroyed) resolve(null);
          else socket.once('close', resolve).write(chunks, resolve);
        })));
      }
    },
  },
  'handshakes of many short headers, and of long ones': {
    settings: { MAX_HANDSHAKES: '2000', MAX_CLIENTS: '100000' },
    allowed: 2000 * 16384,
    attack: async target => {
      const short = Array.from({ length: 990 }, (_, i) => [`a${i}`, 'b']).flat();
      // Of more than 8 KB node 12 takes none.
      const long = (n: number) => Array.from({ length: 100 }, (_, i) => [`h${i}`, `${n} ${'v'.repeat(55)}`]).flat();
      await many(2200, () => target.request(`${resource}/1/`, undefined, short));
      await many(2200, i => target.request(`${resource}/1/`, undefined, long(i)));
    },
  },
  'messages that wait, for clients that do not poll': {
    settings: { MAX_WAITING_BYTES: '100000', MAX_HANDSHAKES: '2000' },
    allowed: 256 * 100000,
    attack: target => many(330, async i => {
      const numbered = i % 2 === 1;
      const at = await open(target, numbered ? '?got=0&try=1' : '');
      for (let n = 1; n <= 2; n++) {
        await target.request(numbered ? `${at}?got=0&try=1` : at, fill(1, 95000, numbered ? String(n) : ''));
      }
      if (!numbered) await target.request(at, '\ufffd6\ufffd3:1::x'.repeat(1000));
    }),
  },
};

for (const version of ['12.22.12', process.version.slice(1)]) {
  describe(`what is held is what is counted, node ${version}`, notOnWindows('/proc'), () => {
    for (const [name, { settings, allowed, attack }] of Object.entries(CASES)) {
      test(name, async t => {
        if (!available(t, '/proc', process.platform === 'linux', false)) return;
        const own = version === process.version.slice(1);
        const node = own ? process.execPath : oldNode(t, version);
        if (!node) return;
        const target = await start(t, node, settings);
        await open(target);
        const before = target.memory();
        const descriptors = target.descriptors();
        let most = 0;
        const watch = setInterval(() => most = Math.max(most, target.memory()), 20);
        await attack(target).finally(() => clearInterval(watch));
        await sleep(100);
        const grown = Math.max(most, target.memory()) - before;
        t.diagnostic(`${Math.round(grown / MB)} MB more, of ${Math.round(allowed / MB)} MB allowed`);
        assert(grown <= 2 * allowed + 30 * MB, `${Math.round(grown / MB)} MB more`);
        assert.equal((await target.request(`${resource}/1/`)).status, 200);
        for (const socket of target.sockets) socket.destroy();
        // Beside those of the requests, which are kept.
        await until(() => target.descriptors() <= descriptors + 20, 'the end of its connections');
      });
    }
  });
}
