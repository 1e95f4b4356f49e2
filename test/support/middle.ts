/* A proxy between a client and a server. It hands requests on, or answers them itself. */
import http, { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { resource } from './template';

export type Kind = 'handshake' | 'poll' | 'POST' | 'other';

/** Answers a request, or leaves it to the server. @returns whether it has answered */
export type Meddle = (kind: Kind, res: ServerResponse, req: IncomingMessage) => boolean;
/** Changes the text of an answer of the server. @returns the new text */
export type Change = (kind: Kind, text: string) => string;

export interface Middle {
  port: number;
  origin: string;
  /** Replaces the functions that answer and change. Without arguments, the proxy hands all requests on. */
  set: (meddle?: Meddle, change?: Change) => void;
  /** The number of requests so far, of each kind. */
  counts: Record<Kind, number>;
}

function kindOf(req: IncomingMessage): Kind {
  if (!req.url!.startsWith(`${resource}/1/`)) return 'other';
  if (req.url!.startsWith(`${resource}/1/?`)) return 'handshake';
  return req.method === 'POST' ? 'POST' : 'poll';
}

/** Starts a proxy in front of the server at a port. The proxy is gone when the test ends. */
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
