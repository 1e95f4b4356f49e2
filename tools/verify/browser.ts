/*
 * Opens pages and sends requests as the browser of a visitor does. A request has the headers that
 * browsers send. An answer may be compressed. Cookies are stored and sent back. Redirects are not
 * followed. node's fetch does not suffice: it cannot send an Origin or cookies, and does not show
 * the connection of an answer.
 */
import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';

export interface Request {
  method?: string;
  /** The headers that are added to a browser's, or replace them; undefined leaves a header out. */
  headers?: Record<string, string | undefined>;
  body?: string;
  /** The connections to use. Default: the browser's own connections, six at most. */
  agent?: http.Agent;
  /** The longest wait for the answer, s. Default: 20. */
  seconds?: number;
  /**
   * The wait for an answer before the body is sent, s. A server that refuses a body by its length
   * alone closes the connection. Without this wait, its answer would be lost during the sending.
   */
  bodyAfter?: number;
}

export interface Answer {
  /** The URL of the request. */
  url: URL;
  asked: Request;
  status: number;
  headers: http.IncomingHttpHeaders;
  /** The body that the server has sent, perhaps compressed. */
  body: Buffer;
  /** The body's text, decompressed; '' if the body cannot be decompressed. */
  text: string;
  /** Whether the body could be decompressed. */
  readable: boolean;
  /** The connection over which the answer has come. */
  socket: Socket;
  /** The time from the request to the end of the answer, ms. */
  ms: number;
}

/** An open WebSocket, or the answer that came in its place. */
export type Upgraded =
  | { answer: Answer }
  | { socket: Socket; head: Buffer; headers: http.IncomingHttpHeaders };

/** The error of a request without an answer. The code is node's (ECONNRESET, …), or TIMEOUT. */
export class NoAnswer extends Error {
  constructor(readonly code: string, message: string, readonly url: URL) {
    super(message);
  }
}

/** The access of a visitor to a site that is not open to all. */
export interface Access {
  /** The name and the password for Basic authentication, with a colon between. */
  user?: string;
  /** The cookies that the visitor has from the start, as a browser sends them: 'a=1; b=2'. */
  cookie?: string;
  /** Whether any certificate is accepted. */
  insecure?: boolean;
}

/** The User-Agent of Chrome on Windows 7. The word "verify" marks these requests in IIS's log. */
const USER_AGENT = 'Mozilla/5.0 (Windows NT 6.1; Win64; x64) AppleWebKit/537.36 '
  + '(KHTML, like Gecko) Chrome/109.0.0.0 Safari/537.36 verify';

export class Browser {
  /** The open page. Browsers send its URL as Referer, and its origin as the Origin of a POST. */
  page: URL | undefined;
  readonly #cookies = new Map<string, { value: string; path: string }>();
  readonly #agents: http.Agent[] = [];
  #agent: http.Agent | undefined;

  constructor(readonly access: Access = {}) {
    for (const pair of (access.cookie ?? '').split(';')) {
      const equals = pair.indexOf('=');
      if (equals < 1) continue;
      const value = pair.slice(equals + 1).trim();
      this.#cookies.set(pair.slice(0, equals).trim(), { value, path: '/' });
    }
  }

  /** Makes another visitor, with the same access, but without the cookies and connections. */
  another(): Browser {
    const other = new Browser(this.access);
    other.page = this.page;
    return other;
  }

  /**
   * Makes an agent for further connections, which stay open between requests until close().
   * @param limit the largest number of connections
   */
  connections(url: URL, limit = Infinity): http.Agent {
    const options = { keepAlive: true, maxSockets: limit };
    const agent = url.protocol === 'https:' ? new https.Agent(options) : new http.Agent(options);
    this.#agents.push(agent);
    return agent;
  }

  close(): void {
    for (const agent of this.#agents) agent.destroy();
    this.#agent = undefined;
  }

  /** Requests a page as a browser does for an address in its address bar. */
  open(url: URL, seconds = 60): Promise<Answer> {
    return this.ask(url, {
      seconds,
      headers: {
        Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
        Referer: undefined,
        'Upgrade-Insecure-Requests': '1',
        ...secureOnly(url, { 'Sec-Fetch-Site': 'none', 'Sec-Fetch-Mode': 'navigate' }),
      },
    });
  }

  /**
   * Sends a request as a script of the page does.
   * @returns the answer, with any status
   * @throws NoAnswer if no answer comes
   */
  async ask(url: URL, request: Request = {}): Promise<Answer> {
    // A server may close an idle connection at the moment of a request. A browser then sends the
    // request once more. The second try may use another idle connection, and fail in the same way.
    // So each idle connection may fail once.
    for (let idle = CONNECTIONS; ; idle -= 1) {
      try {
        return await this.#send(url, request);
      } catch (error) {
        if (!(error instanceof IdleWasClosed) || request.bodyAfter || idle === 0) throw error;
      }
    }
  }

  /**
   * Asks for a WebSocket.
   * @param connection the Connection header: 'Upgrade', or 'keep-alive, Upgrade' of older Firefoxes
   * @throws NoAnswer if no answer comes
   */
  upgrade(url: URL, connection: string, seconds: number): Promise<Upgraded> {
    const headers = {
      ...this.#headers(url, 'GET'),
      Accept: undefined,
      Referer: undefined,
      Connection: connection,
      Upgrade: 'websocket',
      Origin: this.page?.origin,
      'Sec-WebSocket-Version': '13',
      // The key may have any 16 bytes: no check compares Sec-WebSocket-Accept of the answer.
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits',
    };
    return new Promise((resolve, reject) => {
      const req = this.#request(url, 'GET', headers, false);
      const start = Date.now();
      const stop = endAfter(req, url, seconds);
      req.on('upgrade', (res, socket: Socket, head) => {
        stop();
        resolve({ socket, head, headers: res.headers });
      });
      req.on('response', res => {
        readAll(res).then(body => {
          stop();
          resolve({ answer: answerOf(url, { headers }, res, body, req, start) });
        }, reject);
      });
      req.on('error', error => {
        stop();
        reject(noAnswer(error, url));
      });
      req.end();
    });
  }

  #send(url: URL, request: Request): Promise<Answer> {
    const { method = 'GET', body = '', seconds = 20, bodyAfter = 0 } = request;
    const start = Date.now();
    const headers = { ...this.#headers(url, method), ...request.headers };
    if (method === 'POST') headers['Content-Length'] = String(Buffer.byteLength(body));
    this.#agent ??= this.connections(url, CONNECTIONS);
    const agent = request.agent ?? this.#agent;
    return new Promise((resolve, reject) => {
      const req = this.#request(url, method, headers, agent);
      const stop = endAfter(req, url, seconds);
      const later = bodyAfter > 0 ? setTimeout(() => req.end(body), bodyAfter * 1000) : undefined;
      const failed = (error: NodeJS.ErrnoException) => {
        stop();
        clearTimeout(later);
        // If the connection is cut later than AT_ONCE, the server may have had the request.
        const atOnce = Date.now() - start < AT_ONCE;
        const cut = error.code === 'ECONNRESET' && req.reusedSocket && atOnce;
        reject(cut ? new IdleWasClosed(error.code!, WAS_CUT, url) : noAnswer(error, url));
      };
      req.on('error', failed);
      req.on('response', res => {
        readAll(res).then(whole => {
          stop();
          clearTimeout(later);
          // The server has answered without the body, and does not read it.
          if (!req.writableEnded) req.destroy();
          this.#storeCookies(url, res.headers['set-cookie']);
          resolve(answerOf(url, request, res, whole, req, start));
        }, failed);
      });
      if (later) req.flushHeaders();
      else req.end(body);
    });
  }

  #request(
    url: URL, method: string, headers: Record<string, string | undefined>,
    agent: http.Agent | false,
  ): http.ClientRequest {
    const defined = Object.entries(headers).filter(([, value]) => value !== undefined);
    const sent = Object.fromEntries(defined) as http.OutgoingHttpHeaders;
    const client = url.protocol === 'https:' ? https : http;
    const rejectUnauthorized = !this.access.insecure;
    return client.request(url, { method, headers: sent, agent, rejectUnauthorized });
  }

  #headers(url: URL, method: string): Record<string, string | undefined> {
    const { user } = this.access;
    const own = this.page?.origin === url.origin;
    return {
      'User-Agent': USER_AGENT,
      Accept: '*/*',
      'Accept-Language': 'en-US,en;q=0.9',
      'Accept-Encoding': url.protocol === 'https:' ? 'gzip, deflate, br' : 'gzip, deflate',
      Referer: own ? this.page!.href : undefined,
      Origin: own && method !== 'GET' ? this.page!.origin : undefined,
      Cookie: this.cookiesFor(url),
      Authorization: user && `Basic ${Buffer.from(user).toString('base64')}`,
      ...secureOnly(url, {
        'Sec-Fetch-Site': own ? 'same-origin' : undefined,
        'Sec-Fetch-Mode': own ? 'cors' : undefined,
      }),
    };
  }

  /** @returns the Cookie header of a request to a URL */
  cookiesFor(url: URL): string | undefined {
    const fit = Array.from(this.#cookies).filter(([, { path }]) => url.pathname.startsWith(path));
    return fit.map(([name, { value }]) => `${name}=${value}`).join('; ') || undefined;
  }

  #storeCookies(url: URL, lines: string[] = []): void {
    for (const line of lines) {
      const [pair, ...attributes] = line.split(';').map(part => part.trim());
      const equals = pair!.indexOf('=');
      if (equals < 1) continue;
      const attribute = (name: string) => attributes
        .find(one => one.toLowerCase().startsWith(`${name}=`))?.slice(name.length + 1);
      const expires = attribute('expires');
      const isExpired = attribute('max-age') === '0'
        || (expires !== undefined && Date.parse(expires) < Date.now());
      const name = pair!.slice(0, equals);
      const path = attribute('path') ?? new URL('.', url).pathname;
      if (isExpired) this.#cookies.delete(name);
      else this.#cookies.set(name, { value: pair!.slice(equals + 1), path });
    }
  }
}

/** The number of connections that a browser keeps to one server. */
const CONNECTIONS = 6;

/** The time within which a request over a closed idle connection fails, ms. */
const AT_ONCE = 1500;
const WAS_CUT = 'the connection was cut without an answer';

/** The error of a request over an idle connection that the server had closed already. */
class IdleWasClosed extends NoAnswer {}

/** Leaves out headers that browsers send only over HTTPS, if the URL has no HTTPS. */
function secureOnly<T>(url: URL, headers: T): Partial<T> {
  return url.protocol === 'https:' ? headers : {};
}

function endAfter(req: http.ClientRequest, url: URL, seconds: number): () => void {
  const timer = setTimeout(() => {
    req.destroy(new NoAnswer('TIMEOUT', `no answer within ${seconds} s`, url));
  }, seconds * 1000);
  return () => clearTimeout(timer);
}

function noAnswer(error: NodeJS.ErrnoException, url: URL): NoAnswer {
  if (error instanceof NoAnswer) return error;
  const cut = error.code === 'ECONNRESET' || error.code === 'EPIPE';
  const text = cut ? WAS_CUT : `no answer: ${error.message || error.code}`;
  return new NoAnswer(error.code ?? 'ERROR', text, url);
}

async function readAll(res: http.IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of res) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

function answerOf(
  url: URL, asked: Request, res: http.IncomingMessage, body: Buffer, req: http.ClientRequest,
  start: number,
): Answer {
  const text = unpack(body, res.headers['content-encoding']);
  return {
    url,
    asked,
    status: res.statusCode!,
    headers: res.headers,
    body,
    text: text ?? '',
    readable: text !== null,
    socket: req.socket as Socket,
    ms: Date.now() - start,
  };
}

/** @returns the text of a body as a page gets it; null if a browser cannot decompress the body */
function unpack(body: Buffer, encoding: string | undefined): string | null {
  if (encoding === undefined || body.length === 0) return body.toString();
  try {
    switch (encoding.toLowerCase()) {
      case 'gzip': case 'x-gzip': return gunzipSync(body).toString();
      case 'deflate': return inflateSync(body).toString();
      case 'br': return brotliDecompressSync(body).toString();
      case 'identity': return body.toString();
      default: return null;
    }
  } catch {
    return null;
  }
}

/** @returns the Server header of an answer; '' if the answer has none */
export function serverOf({ headers }: Pick<Answer, 'headers'>): string {
  return String(headers.server ?? '');
}

export function isHtml(answer: Answer): boolean {
  return /html/i.test(answer.headers['content-type'] ?? '')
    || /^\s*<(!doctype html|html)/i.test(answer.text);
}
