/* One request and its whole answer, on a connection that the caller may choose. fetch can do neither that nor send any Origin. */
import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';

export interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  /** As it came: nothing is unpacked. */
  body: Buffer;
  text: string;
  /** The connection that it came on. */
  socket: Socket;
  /** From the request to the end of the answer, milliseconds. */
  ms: number;
}

export interface Request {
  method?: string;
  headers?: http.OutgoingHttpHeaders;
  body?: string;
  /** The connections to use; a new one, closed afterwards, if there is none. */
  agent?: http.Agent;
  /** How long to wait for the answer, 20 s if not given. */
  seconds?: number;
  /** Seconds to wait for an answer before the body is sent: one that refuses it by its length alone is not lost in the sending. */
  bodyAfter?: number;
}

/** A request that got no answer. Its code is node's own (ECONNRESET, ENOTFOUND …), or TIMEOUT. */
export class NoAnswer extends Error {
  constructor(readonly code: string, message: string) {
    super(message);
  }
}

/**
 * Sends a request and gives its answer, whatever its status; redirects are not followed.
 * @throws NoAnswer
 */
export function ask(url: URL, request: Request = {}): Promise<Answer> {
  const { method = 'GET', body = '', agent, seconds = 20, bodyAfter = 0 } = request;
  const start = Date.now();
  return new Promise((resolve, reject) => {
    const length = method === 'POST' ? { 'Content-Length': Buffer.byteLength(body) } : {};
    const options = { method, headers: { ...length, ...request.headers }, agent: agent ?? false };
    const req = (url.protocol === 'https:' ? https : http).request(url, options, res => {
      const parts: Buffer[] = [];
      res.on('data', (part: Buffer) => parts.push(part));
      res.on('error', failed);
      res.on('end', () => {
        done();
        if (!req.writableEnded) req.destroy(); // the body that nobody waits for
        const whole = Buffer.concat(parts);
        const { statusCode, headers } = res;
        resolve({ status: statusCode!, headers, body: whole, text: whole.toString(), socket: req.socket!, ms: Date.now() - start });
      });
    });
    const tooLong = setTimeout(() => req.destroy(new NoAnswer('TIMEOUT', `no answer within ${seconds} s`)), seconds * 1000);
    const later = bodyAfter > 0 ? setTimeout(() => req.end(body), bodyAfter * 1000) : undefined;
    const done = () => {
      clearTimeout(tooLong);
      clearTimeout(later);
    };
    function failed(error: NodeJS.ErrnoException): void {
      done();
      reject(error instanceof NoAnswer ? error : new NoAnswer(error.code ?? 'ERROR', noAnswer(error)));
    }
    req.on('error', failed);
    if (later) req.flushHeaders();
    else req.end(body);
  });
}

function noAnswer(error: NodeJS.ErrnoException): string {
  const cut = error.code === 'ECONNRESET' || error.code === 'EPIPE';
  return cut ? 'the connection was cut without an answer' : `no answer: ${error.message || error.code}`;
}

/** An agent for `url` that keeps its connections, as browsers do. */
export function keepAlive(url: URL, maxSockets = Infinity): http.Agent {
  return url.protocol === 'https:' ? new https.Agent({ keepAlive: true, maxSockets }) : new http.Agent({ keepAlive: true, maxSockets });
}

export function isHtml(answer: Answer): boolean {
  return /html/i.test(answer.headers['content-type'] ?? '') || /^\s*<(!doctype html|html)/i.test(answer.text);
}
