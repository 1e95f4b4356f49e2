/*
 * A request on its way to node.exe and back, as iisnode carries it: what it adds, takes away, keeps
 * back, and answers by itself.
 */
import http from 'node:http';
import type net from 'node:net';
import type { Duplex } from 'node:stream';
import { IisnodeError, NodeProcess } from './process';
import type { IisnodeSettings } from './settings';

/** A request that a handler has been found for. */
export interface Exchange {
  req: http.IncomingMessage;
  /**
   * The URL that node is given: the one the client asked for, if URL Rewrite has put another in its
   * place.
   */
  url: string;
  /** The client's address. */
  client: string;
  /** Whether the client asks for a WebSocket. */
  upgrade: boolean;
  serverVariable: (name: string) => string | undefined;
  /** What URL Rewrite adds. */
  originalUrl?: string;
}

/** An answer of node's: headers as they came, in pairs. */
export interface Answer {
  status: number;
  reason: string;
  headers: string[];
  /** The first part of the body, or all of it. */
  body: Buffer;
  /** The rest, where iisnode passes the answer on before it is whole. */
  rest?: http.IncomingMessage;
  /** The two sides of an upgrade. */
  upgrade?: { socket: Duplex; head: Buffer };
}

// What a handler of IIS collects before it sends on (responseBufferLimit, bytes).
const BUFFER_LIMIT = 4194304;

/**
 * Gives a request to a process, and its answer back.
 * @throws IisnodeError where iisnode answers by itself
 */
export async function exchange(
  request: Exchange, node: NodeProcess, settings: IisnodeSettings,
): Promise<Answer> {
  // The client's request headers and iisnode's own have one buffer.
  const headers = requestHeaders(request, settings);
  if (headers.join('').length + request.url.length > settings.maxRequestBufferSize) {
    const why = 'the request headers are larger than maxRequestBufferSize';
    throw new IisnodeError('500.1005', 1816, why);
  }
  const { socket, kept } = await node.connect(true);
  try {
    return await send(request, headers, socket, node, settings);
  } catch (error) {
    const wasClosed = (error as NodeJS.ErrnoException).code === 'EPIPE';
    if (!kept || !wasClosed) throw failure(error, request.req);
    // A kept connection that turns out closed when the headers are written is replaced by a new
    // one, unseen.
    const fresh = await node.connect(false);
    try {
      return await send(request, headers, fresh.socket, node, settings);
    } catch (again) {
      throw failure(again, request.req);
    }
  }
}

/**
 * The headers that node gets, as SerializeRequestHeaders in iisnode's chttpprotocol.cpp writes
 * them: those that http.sys
 * knows, in its own order and spelling, without those that are empty; the client's others, as they
 * came; then iisnode's own.
 */
function requestHeaders(request: Exchange, settings: IisnodeSettings): string[] {
  const { client, originalUrl, serverVariable } = request;
  const headers: string[] = [];
  const sent = joined(request.req.rawHeaders);
  // Only where the whole of it is "upgrade": the "keep-alive, Upgrade" of older
  // Firefoxes does not get to node.
  const connection = sent.get('connection')?.[1] ?? '';
  const upgrades = request.upgrade && /^upgrade$/i.test(connection);
  sent.set('connection', ['Connection', upgrades ? connection : 'keep-alive']);
  if (!request.upgrade) sent.delete('upgrade');
  // IIS has answered it already.
  if (/^100-continue$/i.test(sent.get('expect')?.[1] ?? '')) sent.delete('expect');
  // URL Rewrite's, in the place of a client's.
  if (originalUrl !== undefined) sent.set('x-original-url', ['X-Original-URL', originalUrl]);

  for (const name of KNOWN) {
    const value = sent.get(name.toLowerCase())?.[1] ?? '';
    if (value !== '') headers.push(name, value);
    sent.delete(name.toLowerCase());
  }
  const { enableXFF } = settings;
  for (const [lowerCase, [name, value]] of sent) {
    // The address is added unless the text ends with it, whatever is in front of it there.
    const told = value.toLowerCase().endsWith(client.toLowerCase());
    const isToldHere = enableXFF && lowerCase === 'x-forwarded-for' && !told;
    headers.push(name, isToldHere ? `${value}, ${client}` : value);
  }
  if (enableXFF && !sent.has('x-forwarded-for')) headers.push('X-Forwarded-For', client);
  if (enableXFF && !sent.has('x-forwarded-proto')) {
    const isHttps = /^on$/i.test(serverVariable('HTTPS') ?? '');
    headers.push('X-Forwarded-Proto', isHttps ? 'https' : 'http');
  }
  // Last, from the end of the list, and beside one of the same name that the client sent. Of a
  // variable that IIS does
  // not know nothing is written; one that is empty is a header without a value.
  for (const name of settings.promoteServerVars.split(',').filter(one => one !== '').reverse()) {
    const value = serverVariable(name);
    if (value !== undefined) headers.push(`X-iisnode-${name}`, value);
  }
  return headers;
}

/** Headers of one name are one to whoever asks http.sys, in the place and spelling of the first. */
function joined(rawHeaders: string[]): Map<string, [name: string, value: string]> {
  const headers = new Map<string, [name: string, value: string]>();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name, value] = [rawHeaders[at]!, rawHeaders[at + 1]!];
    const lowerCase = name.toLowerCase();
    const first = headers.get(lowerCase);
    if (first) first[1] += `${lowerCase === 'cookie' ? '; ' : ', '}${value}`;
    else headers.set(lowerCase, [name, value]);
  }
  return headers;
}

/** The request headers that http.sys knows, in the order of its HTTP_HEADER_ID. */
const KNOWN = [
  'Cache-Control', 'Connection', 'Date', 'Keep-Alive', 'Pragma', 'Trailer', 'Transfer-Encoding',
  'Upgrade', 'Via', 'Warning', 'Allow', 'Content-Length', 'Content-Type', 'Content-Encoding',
  'Content-Language', 'Content-Location', 'Content-MD5', 'Content-Range', 'Expires',
  'Last-Modified', 'Accept', 'Accept-Charset', 'Accept-Encoding', 'Accept-Language',
  'Authorization', 'Cookie', 'Expect', 'From', 'Host', 'If-Match', 'If-Modified-Since',
  'If-None-Match', 'If-Range', 'If-Unmodified-Since', 'Max-Forwards', 'Proxy-Authorization',
  'Referer', 'Range', 'Te', 'Translate', 'User-Agent',
];

function send(
  request: Exchange, headers: string[], socket: net.Socket, node: NodeProcess,
  settings: IisnodeSettings,
): Promise<Answer> {
  const { req, url } = request;
  return new Promise((resolve, reject) => {
    const upstream = http.request({
      method: req.method,
      path: '/',
      createConnection: () => socket,
      maxHeaderSize: settings.maxRequestBufferSize,
      // node takes pairs as well, as they are.
      headers: headers as never,
    });
    requestLine(upstream, `${req.method} ${url} HTTP/${req.httpVersion}`);
    // Without an agent node would close the connection after the answer.
    upstream.shouldKeepAlive = true;
    socket.setNoDelay?.(true);
    // Not at the socket's 'free': where a write is confirmed late, as by Windows' pipes, node emits
    // it twice, at the end of the answer and
    // when the request has gone. The second would make free what has the next request by then.
    let open = 2;
    const close = () => {
      open -= 1;
      if (open === 0 && upstream.shouldKeepAlive) node.keep(socket);
    };
    upstream.once('finish', close).once('response', res => res.once('end', close));
    upstream.on('error', error => {
      socket.destroy();
      reject(error);
    });
    // The answer is read when the request has been sent whole, or node has closed its side.
    const sent = new Promise<void>(done => upstream.once('finish', done).once('close', done));
    upstream.on('response', res => {
      // At once, or what comes before it is heard would be lost.
      const answer = read(res, settings);
      answer.catch(() => undefined);
      void sent.then(() => answer).then(resolve, reject);
    });
    // iisnode takes the first status line for the answer, a 103 as well. The rest stays unread.
    upstream.once('information', ({ statusCode, statusMessage, rawHeaders }) => {
      const body = Buffer.alloc(0);
      resolve({ status: statusCode, reason: statusMessage, headers: rawHeaders, body });
      socket.destroy();
    });
    upstream.on('upgrade', (res, end, head) => {
      const { statusCode, statusMessage, rawHeaders } = res;
      resolve({
        status: statusCode!,
        reason: statusMessage!,
        headers: rawHeaders,
        body: Buffer.alloc(0),
        upgrade: { socket: end, head },
      });
    });
    upstream.flushHeaders();
    // If the connection was closed before, that is known by then: the body must not be read for
    // nothing.
    setImmediate(() => {
      if (upstream.destroyed && !upstream.writableFinished) return;
      if (hasBody(req)) sendBody(req, upstream).catch((error: Error) => upstream.destroy(error));
      else upstream.end();
    });
  });
}

/**
 * Sets the first line, which node writes with HTTP/1.1 and refuses with a space in the URL. iisnode
 * passes on the client's version, and without a rule a URL with its escapes decoded, in Windows'
 * ANSI.
 */
function requestLine(upstream: http.ClientRequest, line: string): void {
  const written = upstream as unknown as { _header: string };
  const ansi = line.replace(/[^\x20-\xff]/g, '?');
  written._header = ansi + written._header.slice(written._header.indexOf('\r\n'));
}

/**
 * Sends all of the body, even to a node that has answered. One that has closed its side gets no
 * more of it.
 */
async function sendBody(req: http.IncomingMessage, upstream: http.ClientRequest): Promise<void> {
  let closed = false;
  upstream
    .once('response', res => closed = /close$/i.test(res.headers.connection ?? ''))
    .once('close', () => closed = true);
  try {
    for await (const part of req) {
      // What node has sent meanwhile must be heard before a write to a closed connection fails.
      await new Promise(setImmediate);
      if (!closed) await new Promise(resolve => upstream.write(part, resolve));
    }
  } catch {
    throw new IisnodeError('500.1008', 1236, 'the client went away while it sent the body');
  }
  if (!upstream.destroyed) upstream.end();
}

function hasBody(req: http.IncomingMessage): boolean {
  const { 'transfer-encoding': encoding, 'content-length': length } = req.headers;
  return encoding !== undefined || Number(length ?? 0) > 0;
}

/**
 * Collects the answer: all of it, unless it is large, or comes in chunks that are to be passed on
 * one by one (flushResponse).
 */
function read(res: http.IncomingMessage, settings: IisnodeSettings): Promise<Answer> {
  const chunked = /chunked/i.test(res.headers['transfer-encoding'] ?? '');
  const headers: string[] = [];
  for (let at = 0; at < res.rawHeaders.length; at += 2) {
    // It is about the pipe.
    const name = res.rawHeaders[at]!;
    if (name.toLowerCase() !== 'connection') headers.push(name, res.rawHeaders[at + 1]!);
  }
  const answer = { status: res.statusCode!, reason: res.statusMessage!, headers };
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let size = 0;
    const collect = (part: Buffer) => {
      parts.push(part);
      size += part.length;
      if (size > BUFFER_LIMIT) passOn();
    };
    const passOn = () => {
      res.off('data', collect);
      res.pause();
      resolve({ ...answer, body: Buffer.concat(parts), rest: res });
    };
    if (chunked && settings.flushResponse) {
      passOn();
      return;
    }
    res.on('data', collect);
    res.on('end', () => resolve({ ...answer, body: Buffer.concat(parts) }));
    const cut = 'node closed the connection within the answer';
    res.on('error', () => reject(new IisnodeError('500.1016', 109, cut)));
  });
}

/** What iisnode makes of an error on the pipe. */
function failure(error: unknown, req: http.IncomingMessage): IisnodeError {
  if (error instanceof IisnodeError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'HPE_HEADER_OVERFLOW') {
    const why = 'the response headers are larger than maxRequestBufferSize';
    return new IisnodeError('500.1012', 1816, why);
  }
  if (code?.startsWith('HPE_')) {
    const status = /CONSTANT|STATUS|VERSION/.test(code) ? '500.1013' : '500.1014';
    return new IisnodeError(status, 11, message);
  }
  // ERROR_BROKEN_PIPE: node closed the connection, or ended, without an answer.
  const why = `node closed the connection without an answer to ${req.method}`;
  return new IisnodeError('500.1013', 109, why);
}
