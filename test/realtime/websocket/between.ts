/* A proxy between client and server that treats WebSockets in its own way. All else passes. */
import { once } from 'node:events';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

/** How the proxy treats a request for a WebSocket. */
export type Idea =
  /** The proxy answers it with this status. */
  | { status: 400 | 502 }
  | 'cuts'
  /** The proxy never answers it. */
  | 'swallows'
  /** The proxy answers it correctly, but then passes nothing on. */
  | 'opens, and passes nothing'
  /** The proxy passes it on, but with the header Connection that Firefox sent for years. */
  | 'asks as Firefox did'
  | 'passes';

export interface Between {
  origin: string;
  port: number;
  /** @returns how many WebSockets the clients have asked for */
  asked: () => number;
  /** Cuts all connections, and treats WebSockets in another way from now on. */
  change: (idea: Idea) => void;
}

/** Starts a proxy that passes connections on to a port. The proxy ends with the test. */
export async function putBetween(t: TestContext, to: number, idea: Idea): Promise<Between> {
  const open = new Set<net.Socket>();
  let asked = 0;

  function upgrade(client: net.Socket, server: net.Socket, request: Buffer): void {
    asked += 1;
    if (idea === 'passes' || idea === 'asks as Firefox did') {
      const text = request.toString('latin1');
      const asFirefox = text.replace(/^connection: upgrade\r$/im, 'Connection: keep-alive, Upgrade\r');
      server.write(idea === 'passes' ? request : Buffer.from(asFirefox, 'latin1'));
      client.pipe(server).pipe(client);
    } else if (idea === 'opens, and passes nothing') {
      server.write(request);
      server.once('data', answer => client.write(answer.subarray(0, answer.indexOf('\r\n\r\n') + 4)));
      client.resume();
    } else if (typeof idea === 'object') {
      client.end(`HTTP/1.1 ${idea.status} No\r\nContent-Type: text/html\r\nContent-Length: 3\r\nConnection: close\r\n\r\nNo.`);
    } else {
      client.resume();
      if (idea === 'cuts') client.destroy();
    }
  }

  const proxy = net.createServer(client => {
    const server = net.connect({ port: to, host: '127.0.0.1' });
    for (const socket of [client, server]) {
      open.add(socket);
      socket.on('error', () => undefined).on('close', () => open.delete(socket));
    }
    client.once('data', request => {
      // Browsers and node open a new connection for each WebSocket.
      if (/^upgrade: websocket\r$/im.test(String(request))) {
        upgrade(client, server, request);
        return;
      }
      server.write(request);
      client.pipe(server).pipe(client);
      client.on('close', () => server.destroy());
      server.on('close', () => client.destroy());
    });
  }).listen(0);
  await once(proxy, 'listening');
  t.after(() => {
    proxy.close();
    open.forEach(socket => socket.destroy());
  });
  const { port } = proxy.address() as AddressInfo;
  return {
    origin: `http://localhost:${port}`,
    port,
    asked: () => asked,
    change(next) {
      idea = next;
      open.forEach(socket => socket.destroy());
    },
  };
}
