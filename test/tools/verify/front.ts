/* Stands in front of a site, as a proxy, a login, or http.sys with its own answers does. */
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import net, { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { cert, key } from '../../support/certificate';
import type { Iis } from '../../../tools/iis';

/** An answer on its way to the client. A front can change it. */
export interface Passing {
  status: number;
  headers: http.OutgoingHttpHeaders;
  body: Buffer;
}

export interface Front {
  tls?: boolean;
  /** Can change a request or answer it. @returns true if it has answered the request */
  request?: (req: http.IncomingMessage, res: http.ServerResponse) => boolean | void;
  /** Can change an answer after all of it has arrived. */
  answer?: (answer: Passing, req: http.IncomingMessage) => void | Promise<void>;
  /**
   * 'pass' passes each request for a WebSocket on. 'hang' never answers one with keep-alive in
   * Connection.
   */
  upgrade?: 'pass' | 'hang';
}

/** Answers a request with a page. */
export function answerWith(
  res: http.ServerResponse, status: number, text = '', headers: http.OutgoingHttpHeaders = {},
): true {
  res.writeHead(status, { 'Content-Type': 'text/html', ...headers }).end(text);
  return true;
}

/** Puts a front before a site until the test ends. @returns the address of the application there */
export async function standInFront(t: TestContext, site: Iis, front: Front): Promise<string> {
  const agent = new http.Agent({ keepAlive: true });
  const sockets = new Set<net.Socket>();
  const handle = (req: http.IncomingMessage, res: http.ServerResponse) => {
    // A front that answers a request itself does not read its body.
    if (front.request?.(req, res)) return;
    const { method, url, headers } = req;
    const onward = http.request({ port: site.port, method, path: url, headers, agent }, answer => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part)).on('end', () => {
        const passing: Passing =
          { status: answer.statusCode!, headers: answer.headers, body: Buffer.concat(parts) };
        delete passing.headers['transfer-encoding'];
        void Promise.resolve(front.answer?.(passing, req)).then(() => {
          if (passing.status !== 204) passing.headers['content-length'] = passing.body.length;
          if (!res.destroyed) res.writeHead(passing.status, passing.headers).end(passing.body);
        });
      }).on('error', () => res.destroy());
    }).on('error', () => res.destroy());
    res.on('close', () => onward.destroy());
    // The site may answer before the body arrives, so the headers go on at once.
    onward.flushHeaders();
    req.pipe(onward);
  };
  const server = front.tls ? https.createServer({ key, cert }, handle) : http.createServer(handle);
  if (front.upgrade) {
    server.on('upgrade', (req: http.IncomingMessage, socket: net.Socket, head: Buffer) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      if (front.upgrade === 'hang' && /keep-alive/.test(req.headers.connection ?? '')) return;
      const onward = net.connect(site.port, 'localhost', () => {
        const lines = [`${req.method} ${req.url} HTTP/1.1`];
        for (let i = 0; i < req.rawHeaders.length; i += 2) {
          lines.push(`${req.rawHeaders[i]}: ${req.rawHeaders[i + 1]}`);
        }
        onward.write(`${lines.join('\r\n')}\r\n\r\n`);
        onward.write(head);
        socket.pipe(onward).pipe(socket);
      }).on('error', () => socket.destroy());
    });
  }
  t.after(() => {
    agent.destroy();
    server.closeAllConnections();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await once(server.listen(0), 'listening');
  const { port } = server.address() as AddressInfo;
  return `http${front.tls ? 's' : ''}://localhost:${port}${new URL(site.url).pathname}`;
}
