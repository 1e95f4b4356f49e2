/* Something in between a client and a server: it hands requests on, or answers them itself. */
import http, { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { resource } from './template';

export type Kind = 'handshake' | 'poll' | 'POST' | 'other';

/** Answers a request itself, and says so; or leaves it to the server. */
export type Meddle = (kind: Kind, res: ServerResponse, req: IncomingMessage) => boolean;
/** Changes the text of an answer of the server. */
export type Change = (kind: Kind, text: string) => string;

export interface Middle {
  port: number;
  origin: string;
  /** Takes the place of what it did before. Without an argument it hands everything on. */
  set: (meddle?: Meddle, change?: Change) => void;
  /** How many requests of Socket.IO have come, of each kind. */
  counts: Record<Kind, number>;
}

function kindOf(req: IncomingMessage): Kind {
  if (!req.url!.startsWith(`${resource}/1/`)) return 'other';
  if (req.url!.startsWith(`${resource}/1/?`)) return 'handshake';
  return req.method === 'POST' ? 'POST' : 'poll';
}

/** Stands between its clients and the server at a port, until the test ends. */
export function standBetween(t: TestContext, port: number): Middle {
  const counts: Middle['counts'] = { handshake: 0, poll: 0, POST: 0, other: 0 };
  let meddle: Meddle = () => false;
  let change: Change | undefined;

  const front = http.createServer((req, res) => {
    const kind = kindOf(req);
    counts[kind] += 1;
    if (meddle(kind, res, req)) return void req.resume();
    const { method, url, headers } = req;
    const onward = http.request({ port, method, path: url, headers }, answer => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part)).on('end', () => {
        const text = Buffer.concat(parts);
        const sent = change ? Buffer.from(change(kind, text.toString())) : text;
        const headers = { ...answer.headers, 'content-length': String(sent.length) };
        delete headers['transfer-encoding'];
        res.writeHead(answer.statusCode!, headers).end(sent);
      });
    }).on('error', () => res.destroy());
    res.on('close', () => onward.destroy());
    req.pipe(onward);
  }).listen(0);
  t.after(() => {
    front.closeAllConnections();
    front.close();
  });
  const own = (front.address() as AddressInfo).port;
  return {
    port: own,
    origin: `http://localhost:${own}`,
    counts,
    set(meddles = () => false, changes) {
      meddle = meddles;
      change = changes;
    },
  };
}
