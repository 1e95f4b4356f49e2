/*
 * Imitates the part of iisnode between IIS and node.exe. This part changes the headers of a
 * request, sends the request through node's pipe, and collects the answer.
 */
import http from 'node:http';
import type net from 'node:net';
import type { Duplex } from 'node:stream';
import { IisnodeError, NodeProcess } from './process';
import type { IisnodeSettings } from './settings';

/** A request for which IIS has found a handler. */
export interface Exchange {
  req: http.IncomingMessage;
  /** The URL that node gets. If a rule has rewritten the URL, node gets the client's own URL. */
  url: string;
  /** The client's address. */
  client: string;
  /** Whether the client asks for a WebSocket. */
  upgrade: boolean;
  /** @returns the value of a server variable; undefined if IIS does not know the variable */
  serverVariable: (name: string) => string | undefined;
  /** The X-Original-URL that URL Rewrite adds. */
  originalUrl?: string;
}

/** An answer of node. */
export interface Answer {
  status: number;
  reason: string;
  /** The names and values of the headers in turn, as node has sent them. */
  headers: string[];
  /** The first part of the body, or all of it. */
  body: Buffer;
  /** The rest of the body, if iisnode passes the answer on before it is whole. */
  rest?: http.IncomingMessage;
  /** The connection to node after an upgrade, and the first bytes that came over it. */
  upgrade?: { socket: Duplex; head: Buffer };
}

// The number of bytes that a handler of IIS collects before it sends an answer on
// (responseBufferLimit).
const BUFFER_LIMIT = 4194304;

/**
 * Sends a request to a process.
 * @returns the answer of the process
 * @throws IisnodeError if iisnode answers by itself
 */
export async function exchange(
  request: Exchange, node: NodeProcess, settings: IisnodeSettings,
): Promise<Answer> {
  // The client's headers share one buffer with the headers that iisnode adds.
  const headers = requestHeaders(request, settings);
  if (headers.join('').length + request.url.length > settings.maxRequestBufferSize) {
    const why = 'the request headers are larger than maxRequestBufferSize';
    throw new IisnodeError('500.1005', 1816, why);
  }
  const { socket, pooled } = await node.connect(true);
  try {
    return await send(request, headers, socket, node, settings);
  } catch (error) {
    const wasClosed = (error as NodeJS.ErrnoException).code === 'EPIPE';
    if (!pooled || !wasClosed) throw failure(error, request.req);
    // node has closed a pooled connection meanwhile. iisnode notices this only when it writes the
    // headers. Then iisnode takes a new connection, and the client does not notice.
    const fresh = await node.connect(false);
    try {
      return await send(request, headers, fresh.socket, node, settings);
    } catch (again) {
      throw failure(again, request.req);
    }
  }
}

/**
 * Makes the headers that node gets, in the order of SerializeRequestHeaders (chttpprotocol.cpp of
 * iisnode):
 * 1. the headers that http.sys knows, in its order and spelling, without empty headers;
 * 2. the client's other headers, in the client's order and spelling;
 * 3. the headers that iisnode adds.
 */
function requestHeaders(request: Exchange, settings: IisnodeSettings): string[] {
  const { client, originalUrl, serverVariable } = request;
  const headers: string[] = [];
  const sent = joined(request.req.rawHeaders);
  // iisnode passes the header on only if its whole value is "upgrade". The value of older
  // Firefoxes, "keep-alive, Upgrade", does not get to node.
  const connection = sent.get('connection')?.[1] ?? '';
  const upgrades = request.upgrade && /^upgrade$/i.test(connection);
  sent.set('connection', ['Connection', upgrades ? connection : 'keep-alive']);
  if (!request.upgrade) sent.delete('upgrade');
  // IIS itself has answered the Expect already.
  if (/^100-continue$/i.test(sent.get('expect')?.[1] ?? '')) sent.delete('expect');
  // The header of URL Rewrite replaces the client's header of that name.
  if (originalUrl !== undefined) sent.set('x-original-url', ['X-Original-URL', originalUrl]);

  for (const name of KNOWN) {
    const value = sent.get(name.toLowerCase())?.[1] ?? '';
    if (value !== '') headers.push(name, value);
    sent.delete(name.toLowerCase());
  }
  const { enableXFF } = settings;
  for (const [lowerCase, [name, value]] of sent) {
    // iisnode compares only the end of the value, so "99.1.2.3.4" counts as "1.2.3.4".
    const endsWithAddress = value.toLowerCase().endsWith(client.toLowerCase());
    const addsAddress = enableXFF && lowerCase === 'x-forwarded-for' && !endsWithAddress;
    headers.push(name, addsAddress ? `${value}, ${client}` : value);
  }
  if (enableXFF && !sent.has('x-forwarded-for')) headers.push('X-Forwarded-For', client);
  if (enableXFF && !sent.has('x-forwarded-proto')) {
    const isHttps = /^on$/i.test(serverVariable('HTTPS') ?? '');
    headers.push('X-Forwarded-Proto', isHttps ? 'https' : 'http');
  }
  // iisnode reads the list from its end, and does not replace a header of the same name that the
  // client sent. For a variable that IIS does not know, iisnode adds no header; for an empty
  // variable, iisnode adds a header without a value.
  for (const name of settings.promoteServerVars.split(',').filter(one => one !== '').reverse()) {
    const value = serverVariable(name);
    if (value !== undefined) headers.push(`X-iisnode-${name}`, value);
  }
  return headers;
}

/**
 * Joins headers of the same name, as http.sys does. The joined header has the place and the
 * spelling of the first header of that name.
 * @returns the headers, by their names in lower case
 */
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
      // node also accepts a list of names and values, and writes it unchanged. @types/node does not
      // know this form.
      headers: headers as never,
    });
    requestLine(upstream, `${req.method} ${url} HTTP/${req.httpVersion}`);
    // Without this line, node would close the connection after the answer, as there is no agent.
    upstream.shouldKeepAlive = true;
    socket.setNoDelay?.(true);
    // The connection is free when both the request and the answer have ended. The socket's event
    // 'free' is of no use here: if a write is confirmed late, as by Windows' pipes, node emits the
    // event twice. At the second event, the connection may have the next request already.
    let open = 2;
    const close = () => {
      open -= 1;
      if (open === 0 && upstream.shouldKeepAlive) node.release(socket);
    };
    upstream.once('finish', close).once('response', res => res.once('end', close));
    upstream.on('error', error => {
      socket.destroy();
      reject(error);
    });
    // iisnode reads the answer when it has sent the whole request, or if node has closed its side.
    const sent = new Promise<void>(done => upstream.once('finish', done).once('close', done));
    upstream.on('response', res => {
      // read() adds its listeners at once. Data that comes before the listeners would be lost.
      const answer = read(res, settings);
      answer.catch(() => undefined);
      void sent.then(() => answer).then(resolve, reject);
    });
    // iisnode takes the first status line for the answer, even if the status is 103, and reads
    // nothing after it.
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
    // If the connection was closed already, node has noticed that by the time of this callback.
    // Then the body must stay unread, because the second attempt needs the body.
    setImmediate(() => {
      if (upstream.destroyed && !upstream.writableFinished) return;
      if (hasBody(req)) sendBody(req, upstream).catch((error: Error) => upstream.destroy(error));
      else upstream.end();
    });
  });
}

/**
 * Replaces the request line that node has prepared. node always writes HTTP/1.1, and it refuses a
 * space in the URL. iisnode passes on the client's version of HTTP. If no rule has matched, iisnode
 * passes on the decoded URL, in Windows' ANSI code page.
 */
function requestLine(upstream: http.ClientRequest, line: string): void {
  const written = upstream as unknown as { _header: string };
  const ansi = line.replace(/[^\x20-\xff]/g, '?');
  written._header = ansi + written._header.slice(written._header.indexOf('\r\n'));
}

/**
 * Sends the body. If node has answered already, node still gets the whole body; if node has closed
 * its side, node gets no more of the body.
 */
async function sendBody(req: http.IncomingMessage, upstream: http.ClientRequest): Promise<void> {
  let closed = false;
  upstream
    .once('response', res => closed = /close$/i.test(res.headers.connection ?? ''))
    .once('close', () => closed = true);
  try {
    for await (const part of req) {
      // An answer that node has sent meanwhile is read first. A write to a connection that node has
      // closed would fail, and the answer would be lost.
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
 * Collects the whole answer. An answer larger than BUFFER_LIMIT is passed on before its end. With
 * flushResponse, a chunked answer is passed on chunk by chunk.
 */
function read(res: http.IncomingMessage, settings: IisnodeSettings): Promise<Answer> {
  const chunked = /chunked/i.test(res.headers['transfer-encoding'] ?? '');
  const headers: string[] = [];
  for (let at = 0; at < res.rawHeaders.length; at += 2) {
    const name = res.rawHeaders[at]!;
    // node's Connection header is about the pipe, not about the client's connection.
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

/** @returns the error with which iisnode answers after a failure of the pipe */
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
  // 109 is Windows' ERROR_BROKEN_PIPE: node closed the connection, or ended, without an answer.
  const why = `node closed the connection without an answer to ${req.method}`;
  return new IisnodeError('500.1013', 109, why);
}
