/* A proxy that hands on requests and answers unchanged, even Host. It records the requests of a browser and their answers. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { resource } from './template';

/** A request under the resource, and its answer. */
export interface Exchange {
  method: string;
  url: URL;
  headers: http.IncomingHttpHeaders;
  /** The status; 0 while there is no answer. */
  status: number;
  answer: http.IncomingHttpHeaders;
  text: string;
  /** Whether the whole answer is there. */
  ended: boolean;
}

export interface Wire {
  origin: string;
  seen: Exchange[];
  /** Whether Sec-Fetch-* stays in. Old browsers, before 2020 to 2023, do not send it, and over plain HTTP no browser does. */
  fetchMetadata: boolean;
}

/** Starts the proxy in front of a server. The proxy is gone when the test ends. */
export async function watch(t: TestContext, port: number): Promise<Wire> {
  const seen: Exchange[] = [];
  const wire: Wire = { origin: '', seen, fetchMetadata: true };
  const agent = new http.Agent({ keepAlive: true });
  const front = http.createServer((req, res) => {
    const { method, url, headers } = req;
    if (!wire.fetchMetadata) for (const name of Object.keys(headers)) if (name.startsWith('sec-fetch-')) delete headers[name];
    const exchange = { method: method!, url: new URL(url!, 'http://localhost'), headers, status: 0, answer: {}, text: '', ended: false } as Exchange;
    if (url!.startsWith(`${resource}/1/`)) seen.push(exchange);
    const onward = http.request({ host: '127.0.0.1', port, method, path: url, headers, agent }, answer => {
      Object.assign(exchange, { status: answer.statusCode, answer: answer.headers });
      answer.on('data', data => exchange.text += String(data)).on('end', () => exchange.ended = true);
      res.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(res);
    }).on('error', () => res.destroy());
    res.on('close', () => onward.destroy());
    req.pipe(onward);
  });
  t.after(() => {
    agent.destroy();
    front.closeAllConnections();
    front.close();
  });
  await once(front.listen(0), 'listening');
  wire.origin = `http://localhost:${(front.address() as AddressInfo).port}`;
  return wire;
}

/** Finds the faults of a refusal. */
export function* faults({ method, status, answer, text }: Exchange): Generator<string> {
  if (!status) return yield `${method} is not answered`;
  if (status !== 403) yield `${method} is answered ${status} ${text}`;
  for (const name of Object.keys(answer)) if (name.startsWith('access-control-')) yield `${method} is answered ${name}`;
  if (!variesByOrigin(answer)) yield `${method} is answered without Vary: Origin`;
  if (!answer['content-type']?.startsWith('text/plain') || !/^[^\n]{1,200}\n?$/.test(text)) yield `${method} is not answered a line of text`;
}

export const variesByOrigin = ({ vary = '' }: Exchange['answer']) => /\borigin\b/i.test(vary);

/** Checks the headers of an answer to an allowed page. */
export function assertAllowed({ method, status, headers, answer, url }: Exchange, origin: string): void {
  const what = `${method} ${url.href}`;
  assert.equal(headers.origin, origin, what);
  assert.equal(answer['access-control-allow-origin'], origin, what);
  assert.equal(answer['access-control-allow-credentials'], 'true', what);
  assert(variesByOrigin(answer), what);
  assert.equal(status, method === 'OPTIONS' ? 204 : 200, what);
  if (method !== 'OPTIONS') assert.equal(headers.cookie, 'user=ada', what);
  else {
    assert.equal(answer['access-control-allow-methods'], 'GET, POST', what);
    assert.equal(answer['access-control-allow-headers'], 'Content-Type, X-Requested-With', what);
  }
}
