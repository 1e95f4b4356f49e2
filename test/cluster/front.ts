import http from 'node:http';
import type { AddressInfo } from 'node:net';

let turn = 0;

/** A request that the proxy has sent to a server. */
export interface Trip {
  /** The index of the server in the list of ports. */
  server: number;
  /** When the request began and ended, by Date.now; `to` is Infinity while it is under way. */
  from: number;
  to: number;
  /** The body of the request. */
  body: string;
  /** Whether the server has answered 200. */
  isDone: boolean;
}

export interface Front {
  port: number;
  /** Cuts the requests under way. Later requests go to the next server. */
  turn: () => void;
  /** Does the same as `turn`, if requests go to the server at this port now. */
  leave: (port: number) => void;
  /** Cuts the requests under way, and each later request until `turn` is called. */
  cut: () => void;
}

/**
 * Starts a proxy between a client and the servers. The proxy keeps the client's cookies, as a
 * browser does. The proxy sends requests to the same server as long as that server answers, as a
 * balancer with affinity does.
 * @param ports the ports of the servers
 * @param sticky whether cookies are kept
 * @param wanders whether each request goes to the next server
 * @param note called with each request when it begins
 */
export async function startFront(
  ports: number[], sticky = true, wanders = false, note?: (trip: Trip) => void,
): Promise<Front> {
  const agent = new http.Agent({ keepAlive: true });
  let at = turn++ % ports.length;
  let cookie = '';
  let isCut = false;
  const underWay = new Set<http.ServerResponse>();
  const server = http.createServer((req, res) => {
    if (isCut) return void res.destroy();
    underWay.add(res);
    if (wanders) at = (at + 1) % ports.length;
    const headers = { ...req.headers, ...sticky && cookie !== '' ? { cookie } : {} };
    const to = http.request({ host: '127.0.0.1', port: ports[at], path: req.url, method: req.method, headers, agent }, from => {
      const set = from.headers['set-cookie'];
      if (set) cookie = set.map(one => one.split(';')[0]).join('; ');
      res.writeHead(from.statusCode!, from.headers);
      from.pipe(res);
      from.on('error', () => res.destroy());
    });
    const before = at;
    if (note) note(watch(req, to, before));
    to.on('error', () => {
      if (res.destroyed) return;
      if (at === before && ports.length > 1) {
        at = (at + 1) % ports.length;
        cookie = '';
      }
      res.destroy();
    });
    req.pipe(to);
    res.on('close', () => {
      underWay.delete(res);
      to.destroy();
    });
  });
  const cut = () => {
    isCut = true;
    underWay.forEach(res => res.destroy());
  };
  await new Promise<void>(resolve => server.listen(0, resolve));
  server.unref(); // the proxy does not keep this process alive
  const goOn = () => {
    cut();
    isCut = false;
    at = (at + 1) % ports.length;
    cookie = '';
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    turn: goOn,
    leave: left => { if (ports[at] === left) goOn(); },
  };
}

function watch(req: http.IncomingMessage, to: http.ClientRequest, server: number): Trip {
  const trip: Trip = { server, from: Date.now(), to: Infinity, body: '', isDone: false };
  req.on('data', data => { trip.body += String(data); });
  to.on('response', from => from.on('end', () => { trip.isDone = from.statusCode === 200; }));
  to.on('close', () => { trip.to = Date.now(); });
  return trip;
}
