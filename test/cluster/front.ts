import http from 'node:http';
import type { AddressInfo } from 'node:net';

let turn = 0;

/**
 * What stands between a client and the servers: it keeps the client's cookies, as a browser does, and lets it stay with one server for
 * as long as that answers, as a balancer with affinity does.
 * @param ports the servers
 * @param sticky whether cookies are kept
 * @returns the port that it listens on
 */
export async function startFront(ports: number[], sticky = true): Promise<number> {
  const agent = new http.Agent({ keepAlive: true });
  let at = turn++ % ports.length;
  let cookie = '';
  const server = http.createServer((req, res) => {
    const headers = { ...req.headers, ...sticky && cookie !== '' ? { cookie } : {} };
    const to = http.request({ port: ports[at], path: req.url, method: req.method, headers, agent }, from => {
      const set = from.headers['set-cookie'];
      if (set) cookie = set.map(one => one.split(';')[0]).join('; ');
      res.writeHead(from.statusCode!, from.headers);
      from.pipe(res);
      from.on('error', () => res.destroy());
    });
    const before = at;
    to.on('error', () => {
      if (res.destroyed) return;
      if (at === before && ports.length > 1) {
        at = (at + 1) % ports.length;
        cookie = '';
      }
      res.destroy();
    });
    req.pipe(to);
    res.on('close', () => to.destroy());
  });
  await new Promise<void>(resolve => server.listen(0, resolve));
  server.unref(); // it is there for as long as its client is
  return (server.address() as AddressInfo).port;
}
