/* A proxy between a deployment and its visitors. */
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { Iis } from '../../tools/iis';
import { cert, key } from './certificate';

/** The changes that a proxy makes to requests and answers. */
export interface Change {
  /** Changes a request, or answers it. @returns true if it has answered */
  request?: (req: http.IncomingMessage, res: http.ServerResponse) => boolean | void;
  answer?: (headers: http.IncomingHttpHeaders) => void;
  tls?: boolean;
}

/** Starts a proxy in front of a server. @returns the application's address at the proxy */
export async function proxy(t: TestContext, to: Iis, change: Change): Promise<string> {
  const handle: http.RequestListener = (req, res) => {
    if (change.request?.(req, res)) return;
    const { method, url, headers } = req;
    const onward = http.request({ port: to.port, method, path: url, headers, agent }, answer => {
      change.answer?.(answer.headers);
      res.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(res);
    }).on('error', () => res.destroy());
    res.on('close', () => onward.destroy());
    // The server may answer before the body of the request comes.
    onward.flushHeaders();
    req.pipe(onward);
  };
  const agent = new http.Agent({ keepAlive: true });
  const server = change.tls ? https.createServer({ key, cert }, handle) : http.createServer(handle);
  t.after(() => {
    agent.destroy();
    server.closeAllConnections();
    server.close();
  });
  await once(server.listen(0), 'listening');
  const { port } = server.address() as AddressInfo;
  return `http${change.tls ? 's' : ''}://localhost:${port}${new URL(to.url).pathname}`;
}
