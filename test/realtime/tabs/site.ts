/* A page and an application for tabs.test.ts. Each side can ask the other. */
import { readFileSync } from 'node:fs';
import { createServer, IncomingMessage } from 'node:http';
import type { AddressInfo, Socket as Connection } from 'node:net';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { Socket } from '../../../src/realtime';
import { makeRealtime } from '../../support/realtime';
import type { Loose } from '../../support/raw';
import { fromRoot, resource, root } from '../../support/template';

export interface Site {
  /** @returns the address of a tab's page */
  url: (tab: number) => string;
  /** Asks a tab's page something. @returns how long its acknowledgement took, ms */
  ask: (tab: number) => Promise<number>;
  /** The messages from all tabs: the tab's number and the text. */
  heard: { tab: number; text: string }[];
  /**
   * Sends a tab's page the numbers from 1 on, one every 100 ms.
   * @returns a function that stops this, and returns how many numbers were sent
   */
  count: (tab: number) => () => number;
  /** @returns how many requests under the resource have come */
  requests: () => number;
  /** @returns the tabs whose polls wait now, without those that poll shortly */
  held: () => number[];
  /** @returns how many short polls have come */
  short: () => number;
  /** @returns the highest number of held polls at once since the last call of this function */
  mostHeld: () => number;
  /** @returns the highest number of connections at once */
  mostConnections: () => number;
  clients: () => number;
}

/** This function runs in each tab. */
function tab(): void {
  const page = window as unknown as { tab: object; Realtime: any; state: string };
  const connection = page.Realtime.connect({ url: `/${location.search}`, resource: RESOURCE });
  const counted: unknown[] = [];
  const statuses: unknown[] = [];
  const opened = Date.now();
  connection.on('status', (status: any) => {
    statuses.push({ ...status, after: Date.now() - opened });
    document.title = status.state;
  });
  connection.on('ask', (what: unknown, answer: (what: unknown) => void) => {
    answer(what);
  });
  connection.on('count', (number: unknown) => counted.push(number));
  page.tab = {
    counted, statuses,
    send: (text: string) => new Promise(resolve => {
      const sent = Date.now();
      connection.emit('say', text, () => resolve(Date.now() - sent));
    }),
    emit: (text: string) => connection.emit('say', text),
    close: () => connection.close(),
  };
}
declare const RESOURCE: string;

/** Starts a server in this process. The server ends with the test. */
export function startSite(t: TestContext, env: Record<string, string> = {}): Site {
  const realtime = makeRealtime(env);
  const sockets = new Map<number, Socket<Loose, Loose>>();
  const tabOf = new Map<string, number>();
  const heard: Site['heard'] = [];
  realtime.io.sockets.on('connection', (socket: Socket<Loose, Loose>) => {
    const number = Number(socket.handshake.query.tab);
    sockets.set(number, socket);
    tabOf.set(socket.id, number);
    socket.on('say', (text: string, done?: () => void) => {
      heard.push({ tab: number, text });
      if (done) done();
    });
  });

  const files: Record<string, string> = {
    '/': '<!DOCTYPE html><title>new</title><link rel="icon" href="data:,">'
      + '<script src="/socket.io.js"></script><script src="/realtime.js"></script>'
      + '<script src="/tab.js"></script>',
    '/socket.io.js': readFileSync(fromRoot.resolve('socket.io-client/dist/socket.io.js'), 'utf8'),
    '/realtime.js': readFileSync(path.join(root, 'public', 'realtime.js'), 'utf8'),
    '/tab.js': `var RESOURCE = '${resource.slice(1)}'; (${tab.toString()})();`,
  };
  let requests = 0;
  const held = new Map<IncomingMessage, string>();
  let mostHeld = 0;
  let short = 0;
  const server = createServer((req, res) => {
    if (!realtime.owns(req)) {
      const name = req.url!.split('?')[0]!;
      if (name === '/second') {
        setTimeout(() => res.end(), 1000);
        return;
      }
      res.setHeader('Content-Type', name === '/' ? 'text/html' : 'text/javascript');
      res.end(files[name]);
      return;
    }
    requests += 1;
    if (req.url!.includes('&wait=0')) short += 1;
    else if (req.method === 'GET') {
      held.set(req, /xhr-polling\/([^?]+)/.exec(req.url!)?.[1] ?? '');
      mostHeld = Math.max(mostHeld, held.size);
      res.on('close', () => held.delete(req));
    }
    realtime.handle(req, res);
  });
  server.keepAliveTimeout = 40000;
  const connections = new Set<Connection>();
  let most = 0;
  server.on('connection', connection => {
    connections.add(connection);
    most = Math.max(most, connections.size);
    connection.on('close', () => connections.delete(connection));
  });
  server.listen(0);
  t.after(() => {
    realtime.close();
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;

  return {
    url: number => `http://localhost:${port}/?tab=${number}`,
    ask: number => new Promise((resolve, reject) => {
      const sent = Date.now();
      const tooLong = setTimeout(() => reject(new Error(`tab ${number} does not answer`)), 60000);
      sockets.get(number)!.emit('ask', sent, () => {
        clearTimeout(tooLong);
        resolve(Date.now() - sent);
      });
    }),
    count(number) {
      let sent = 0;
      // Each number costs an answer and a poll. With five times as many numbers, eight tabs used up
      // two processors, and the browser needed seconds to bring a tab to the front.
      const timer = setInterval(() => sockets.get(number)!.emit('count', sent += 1), 100);
      t.after(() => clearInterval(timer));
      return () => {
        clearInterval(timer);
        return sent;
      };
    },
    heard,
    requests: () => requests,
    held: () => [...held.values()].map(id => tabOf.get(id)!),
    short: () => short,
    mostHeld() {
      const most = mostHeld;
      mostHeld = held.size;
      return most;
    },
    mostConnections: () => most,
    clients: realtime.clients,
  };
}
