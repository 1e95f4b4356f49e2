/*
 * A visitor with a browser, who asks for pages and sends requests. A request has the headers that
 * browsers send, an answer may be compressed, cookies are kept and sent back, and no redirect is
 * followed. Node's fetch can do less: it sends no Origin of another page and no cookies, and says
 * nothing of the connection.
 */
import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';

export interface Request {
  method?: string;
  /** Instead of those of a browser, or beside them; undefined leaves one out. */
  headers?: Record<string, string | undefined>;
  body?: string;
  /** The connections to use; those of the browser, six at most, if there is none. */
  agent?: http.Agent;
  /** How long to wait for the answer, 20 s if not given. */
  seconds?: number;
  /**
   * Seconds to wait for an answer before the body is sent: an answer that refuses the body by its
   * length alone is not lost in the sending.
   */
  bodyAfter?: number;
}

export interface Answer {
  /** What was asked, and how. */
  url: URL;
  asked: Request;
  status: number;
  headers: http.IncomingHttpHeaders;
  /** As it came: nothing is unpacked. */
  body: Buffer;
  /** As a page or a script sees it; '' where it cannot be unpacked. */
  text: string;
  /** Whether it could be unpacked. */
  readable: boolean;
  /** The connection that it came on. */
  socket: Socket;
  /** From the request to the end of the answer, milliseconds. */
  ms: number;
}

/** A WebSocket, opened; or the answer that came in its place. */
export type Upgraded =
  | { answer: Answer }
  | { socket: Socket; head: Buffer; headers: http.IncomingHttpHeaders };

/** A request that got no answer. Its code is node's own (ECONNRESET, ENOTFOUND …), or TIMEOUT. */
export class NoAnswer extends Error {
  constructor(readonly code: string, message: string, readonly url: URL) {
    super(message);
  }
}

/** How a visitor gets in, where not everybody may. */
export interface Entry {
  /** Name and password, with a colon between, for Basic authentication. */
  user?: string;
  /** Cookies that he has from the start, as a browser sends them: 'a=1; b=2'. */
  cookie?: string;
  /** Takes any certificate. */
  insecure?: boolean;
}

/** Chrome's, in a version of Windows 7. "verify" lets it be found in IIS's log. */
const USER_AGENT = 'Mozilla/5.0 (Windows NT 6.1; Win64; x64) AppleWebKit/537.36 '
  + '(KHTML, like Gecko) Chrome/109.0.0.0 Safari/537.36 verify';

export class Browser {
  /** The page that is open. Browsers name it in Referer, and its origin with each POST. */
  page: URL | undefined;
  readonly #cookies = new Map<string, { value: string; path: string }>();
  readonly #agents: http.Agent[] = [];
  #agent: http.Agent | undefined;

  constructor(readonly entry: Entry = {}) {
    for (const pair of (entry.cookie ?? '').split(';')) {
      const equals = pair.indexOf('=');
      if (equals < 1) continue;
      const value = pair.slice(equals + 1).trim();
      this.#cookies.set(pair.slice(0, equals).trim(), { value, path: '/' });
    }
  }

  /** Another visitor, who has the same login and nothing else. */
  another(): Browser {
    const other = new Browser(this.entry);
    other.page = this.page;
    return other;
  }

  /** Connections that are kept, beside those that it has. They are closed with it. */
  connections(url: URL, most = Infinity): http.Agent {
    const options = { keepAlive: true, maxSockets: most };
    const agent = url.protocol === 'https:' ? new https.Agent(options) : new http.Agent(options);
    this.#agents.push(agent);
    return agent;
  }

  close(): void {
    for (const agent of this.#agents) agent.destroy();
    this.#agent = undefined;
  }

  /** Asks for a page as the address bar does. */
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
   * Asks as a script of the page does.
   * @returns the answer, whatever its status
   * @throws NoAnswer
   */
  async ask(url: URL, request: Request = {}): Promise<Answer> {
    try {
      return await this.#send(url, request);
    } catch (error) {
      // A connection that was kept can be closed just then. A browser asks once more.
      if (!(error instanceof KeptWasClosed) || request.bodyAfter) throw error;
      return this.#send(url, request);
    }
  }

  /**
   * Asks for a WebSocket.
   * @param connection what its Connection header says: 'Upgrade', or 'keep-alive, Upgrade' of an
   *   older Firefox
   * @throws NoAnswer
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
      // Any 16 bytes. The answer is compared with what they make of it by no check here.
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
    this.#agent ??= this.connections(url, 6);
    const agent = request.agent ?? this.#agent;
    return new Promise((resolve, reject) => {
      const req = this.#request(url, method, headers, agent);
      const stop = endAfter(req, url, seconds);
      const later = bodyAfter > 0 ? setTimeout(() => req.end(body), bodyAfter * 1000) : undefined;
      const failed = (error: NodeJS.ErrnoException) => {
        stop();
        clearTimeout(later);
        // At once: one that is cut later has been listened to.
        const atOnce = Date.now() - start < AT_ONCE;
        const cut = error.code === 'ECONNRESET' && req.reusedSocket && atOnce;
        reject(cut ? new KeptWasClosed(error.code!, WAS_CUT, url) : noAnswer(error, url));
      };
      req.on('error', failed);
      req.on('response', res => {
        readAll(res).then(whole => {
          stop();
          clearTimeout(later);
          // The body that nobody waits for.
          if (!req.writableEnded) req.destroy();
          this.#keepCookies(url, res.headers['set-cookie']);
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
    const said = Object.entries(headers).filter(([, value]) => value !== undefined);
    const sent = Object.fromEntries(said) as http.OutgoingHttpHeaders;
    const client = url.protocol === 'https:' ? https : http;
    const rejectUnauthorized = !this.entry.insecure;
    return client.request(url, { method, headers: sent, agent, rejectUnauthorized });
  }

  #headers(url: URL, method: string): Record<string, string | undefined> {
    const { user } = this.entry;
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

  /** What its Cookie header says there. */
  cookiesFor(url: URL): string | undefined {
    const fit = Array.from(this.#cookies).filter(([, { path }]) => url.pathname.startsWith(path));
    return fit.map(([name, { value }]) => `${name}=${value}`).join('; ') || undefined;
  }

  #keepCookies(url: URL, lines: string[] = []): void {
    for (const line of lines) {
      const [pair, ...attributes] = line.split(';').map(part => part.trim());
      const equals = pair!.indexOf('=');
      if (equals < 1) continue;
      const attribute = (name: string) => attributes
        .find(one => one.toLowerCase().startsWith(`${name}=`))?.slice(name.length + 1);
      const expires = attribute('expires');
      const gone = attribute('max-age') === '0'
        || (expires !== undefined && Date.parse(expires) < Date.now());
      const name = pair!.slice(0, equals);
      const path = attribute('path') ?? new URL('.', url).pathname;
      if (gone) this.#cookies.delete(name);
      else this.#cookies.set(name, { value: pair!.slice(equals + 1), path });
    }
  }
}

/** How long it may take until a connection that was kept is found closed, ms. */
const AT_ONCE = 500;
const WAS_CUT = 'the connection was cut without an answer';

/** A connection that was kept was found closed: nobody has had the request. */
class KeptWasClosed extends NoAnswer {}

/** Browsers tell over HTTPS, and to nobody else, which page a request comes from. */
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

/** What a page gets of a body; null where a browser could not unpack it. */
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

/** Who says that he answers: the Server header. */
export function serverOf({ headers }: Pick<Answer, 'headers'>): string {
  return String(headers.server ?? '');
}

export function isHtml(answer: Answer): boolean {
  return /html/i.test(answer.headers['content-type'] ?? '')
    || /^\s*<(!doctype html|html)/i.test(answer.text);
}
