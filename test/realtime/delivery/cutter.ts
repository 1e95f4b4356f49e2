/* A proxy that breaks connections: it cuts random open ones, at any point of their request. */
import { once } from 'node:events';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

interface Open {
  client: net.Socket;
  server: net.Socket;
  kind: Kind | undefined;
  /** Whether the proxy cuts the connection when the answer comes. */
  doomed: boolean;
  /** Data that the proxy passes on later, when the client is gone. */
  held: Buffer[] | undefined;
}

/**
 * The kind of request on a connection. 0.9's client for node opens a new connection for each
 * request and for each WebSocket.
 */
type Kind = 'poll' | 'post' | 'handshake' | 'websocket';

export interface Cutter {
  port: number;
  /** Cuts this many connections a second, until it is told 0. */
  cut: (perSecond: number) => void;
  /**
   * How many connections were cut, by kind; and how many POSTs arrived after their client had gone.
   */
  counts: Record<Kind | 'late', number>;
}

/** Starts a proxy that passes connections on to a port. The proxy ends with the test. */
export async function startCutter(t: TestContext, to: number): Promise<Cutter> {
  const open = new Set<Open>();
  const counts = { poll: 0, post: 0, handshake: 0, websocket: 0, late: 0 };
  let rate = 0;
  let cutsDue = 0;
  let lateDue = 0;
  const due: Partial<Record<Kind, boolean>> = {};

  const end = ({ client, server }: Open) => {
    client.destroy();
    server.destroy();
  };
  /** Cuts the client of a POST, so that it sends the POST again. Then the first POST arrives. */
  const hold = (one: Open) => {
    lateDue -= 1;
    counts.late += 1;
    one.held = [];
    setTimeout(() => one.client.destroy(), 100);
    setTimeout(() => one.server.write(Buffer.concat(one.held!)), 100 + Math.random() * 1500);
  };

  const proxy = net.createServer(client => {
    const server = net.connect({ port: to, host: '127.0.0.1' });
    const one: Open = { client, server, kind: undefined, doomed: false, held: undefined };
    open.add(one);
    client.on('data', data => {
      one.kind ??= kindOf(String(data));
      if (due[one.kind]) {
        due[one.kind] = false;
        one.doomed = true;
      }
      if (one.kind === 'post' && lateDue >= 1 && !one.doomed && server.bytesWritten === 0) hold(one);
      if (one.held) one.held.push(data);
      else server.write(data);
    });
    server.on('data', data => {
      if (!one.doomed) {
        client.write(data);
        return;
      }
      // The server has sent an answer or a message. The client gets a part of the data, or nothing.
      counts[one.kind!] += 1;
      server.removeAllListeners('data');
      client.write(data.subarray(0, Math.random() * data.length), () => end(one));
    });
    client.on('end', () => server.end()).on('close', () => { if (!one.held) server.destroy(); });
    server.on('end', () => client.end()).on('close', () => open.delete(one));
    for (const socket of [client, server]) socket.on('error', () => end(one));
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');

  const timer = setInterval(() => {
    for (cutsDue += rate / 100; cutsDue >= 1; cutsDue -= 1) {
      const all = Array.from(open).filter(({ kind, doomed, held }) => kind && !doomed && !held);
      const one = all[Math.floor(Math.random() * all.length)];
      const how = Math.random();
      // Some connections are cut now, some when the server answers, and some POSTs arrive late.
      if (!one) continue;
      if (how < 0.1) {
        lateDue += 1;
      } else if (how < 0.3) {
        // A handshake or a POST lasts only milliseconds, so a random choice among open connections
        // rarely hits one. The answer to the next one is cut instead.
        due[how < 0.2 ? 'handshake' : 'post'] = true;
      } else if (how < 0.55) {
        one.doomed = true;
      } else {
        counts[one.kind!] += 1;
        end(one);
      }
    }
  }, 10);
  t.after(() => {
    clearInterval(timer);
    proxy.close();
    open.forEach(end);
  });
  return { port: (proxy.address() as AddressInfo).port, cut: perSecond => { rate = perSecond; }, counts };
}

function kindOf(request: string): Kind {
  if (request.startsWith('POST')) return 'post';
  const transport = /^GET \S*\/(xhr-polling|websocket)\//.exec(request);
  return !transport ? 'handshake' : transport[1] === 'websocket' ? 'websocket' : 'poll';
}
