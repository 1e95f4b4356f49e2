/*
 * Imitates the last stage of a request in IIS. This stage adds headers, replaces answers by error
 * pages, and sends the answer.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Answer } from './bridge';
import type { HttpErrors, SiteConfig } from './config';
import { errorPage } from './errors';
import { numbers, Status } from './statuses';
import type { Visit } from './visit';

export interface ResponseRules {
  config: Pick<SiteConfig, 'allowKeepAlive' | 'customHeaders' | 'httpErrors'>
    & { dynamicCompression: boolean };
  /** Whether to answer as if the client were on the server itself: with the details of errors. */
  local: boolean;
  folder: string;
  server: string;
}

/** An answer before httpErrors may replace it by an error page. */
type Draft = Answer & { substatus: number; detail: string };

/** Answers with an error of IIS's own. IIS shows `detail` only to a client on the server itself. */
export function sendError(visit: Visit, rules: ResponseRules, code: Status, detail = ''): void {
  visit.trace.push(`${code}${detail && ` (${detail})`}`);
  const [status, substatus] = numbers(code);
  send(visit, rules, { status, substatus, reason: '', headers: [], body: Buffer.alloc(0), detail });
}

/**
 * Sends an answer of node.
 * @param done the function that is called when the whole answer has been sent, or the client has
 *   gone
 */
export function sendAnswer(
  visit: Visit, rules: ResponseRules, answer: Answer, cookie: string | undefined,
  done: () => void,
): void {
  const { upgrade } = visit;
  visit.trace.push(String(answer.status));
  if (answer.upgrade && upgrade) {
    const { socket, head } = answer.upgrade;
    const lines = [`HTTP/1.1 ${answer.status} ${answer.reason}`];
    for (let at = 0; at < answer.headers.length; at += 2) {
      lines.push(`${answer.headers[at]}: ${answer.headers[at + 1]}`);
    }
    upgrade.socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    upgrade.socket.write(head);
    socket.write(upgrade.head);
    socket.pipe(upgrade.socket).pipe(socket);
    for (const [one, other] of [[socket, upgrade.socket], [upgrade.socket, socket]] as const) {
      one.on('error', () => other.destroy()).on('close', () => {
        other.destroy();
        done();
      });
    }
    return;
  }
  if (answer.rest) answer.rest.once('close', done);
  else done();
  const headers = [...(cookie ? ['Set-Cookie', cookie] : []), ...answer.headers];
  send(visit, rules, { ...answer, headers, substatus: 0, detail: '' });
}

/** Encodes a text in UTF-8 for a header. node writes one byte for each character of a header. */
export function headerText(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** Answers with a page or a redirect that a module of IIS makes. */
export function sendPage(
  visit: Visit, rules: ResponseRules, status: number, headers: string[], html: string,
): void {
  visit.trace.push(String(status));
  send(visit, rules, {
    status,
    substatus: 0,
    reason: '',
    headers: [...headers, 'Content-Type', 'text/html'],
    body: Buffer.from(html),
    detail: '',
  });
}

/** Makes the headers of every answer of the application, names and values in turn. */
export function commonHeaders(rules: ResponseRules): string[] {
  return ['Server', rules.server, ...Array.from(rules.config.customHeaders).flat().map(headerText)];
}

function send(visit: Visit, rules: ResponseRules, answer: Draft): void {
  const { req, res } = visit;
  if (res.destroyed || res.socket?.destroyed) {
    // The client has gone, and iisnode notices that only now.
    answer.rest?.resume();
    return;
  }
  let { status, headers, body } = answer;
  const own = status >= 400 ? ownError(answer, rules) : null;
  if (own) {
    answer.rest?.resume();
    ({ status, body } = own);
    headers = [...own.headers, ...cookies(headers)];
  } else if (rules.config.dynamicCompression) {
    ({ headers, body } = compress(visit, answer));
  }
  headers = headers.filter((_, at) => headers[at - at % 2]!.toLowerCase() !== 'server');
  const all = [...headers, ...commonHeaders(rules)];
  const names = all.filter((_, at) => at % 2 === 0).map(name => name.toLowerCase());
  const rest = own ? undefined : answer.rest;
  const bodiless = req.method === 'HEAD' || status === 204 || status === 304;
  const saysHowLong = names.includes('content-length') || names.includes('transfer-encoding');
  if (!rest && !bodiless && !saysHowLong) all.push('Content-Length', String(body.length));
  if (!rules.config.allowKeepAlive) res.shouldKeepAlive = false;
  res.writeHead(status, answer.reason || undefined, all);
  if (bodiless) {
    res.end();
  } else if (rest) {
    res.write(body);
    // If node breaks off, IIS can only cut the connection: it has sent the status already.
    rest.on('error', () => res.destroy()).pipe(res);
    // iisnode does not notice that the client has gone, and reads the answer to its end. Until then
    // the request counts for the limits of iisnode.
    res.once('close', () => rest.resume());
  } else {
    res.end(body);
  }
}

/** @returns the page by which httpErrors replaces an answer; null if the answer stays */
function ownError(
  { status, substatus, body, rest, detail }: Draft, { config, local, folder }: ResponseRules,
) {
  const { existingResponse, errorMode, errors }: HttpErrors = config.httpErrors;
  if (existingResponse === 'PassThrough') return null;
  const detailed = errorMode === 'Detailed' || (errorMode === 'DetailedLocalOnly' && local);
  const blank = body.length === 0 && !rest;
  if (existingResponse === 'Auto' && detailed && !blank) return null;

  const html = (text: string) => {
    return { status, headers: ['Content-Type', 'text/html'], body: Buffer.from(text) };
  };
  if (detailed) return html(errorPage(status, substatus, detail));
  const entry = errors.find(one => one.status === status && one.substatus === substatus)
    ?? errors.find(one => one.status === status && one.substatus === -1);
  if (entry?.responseMode === 'Redirect') {
    return { status: 302, headers: ['Location', entry.path], body: Buffer.alloc(0) };
  }
  try {
    if (entry) {
      const name = entry.path.replace(/^[\\/]/, '').replaceAll('\\', '/');
      return html(readFileSync(path.resolve(folder, name), 'utf8'));
    }
  } catch {
    // IIS falls back to its own page.
  }
  return html(errorPage(status, 0));
}

/** Finds the Set-Cookie headers of an answer, which stay when an error page replaces the answer. */
function cookies(headers: string[]): string[] {
  return headers.filter((_, at) => headers[at - at % 2]!.toLowerCase() === 'set-cookie');
}

/**
 * Compresses an answer as IIS's dynamic compression does. This part of IIS compresses text of any
 * kind, also the answers to polls.
 */
function compress({ req, trace }: Visit, answer: Answer): { headers: string[]; body: Buffer } {
  const { headers, body, rest } = answer;
  const value = (name: string) => {
    return headers.find((_, at) => at % 2 === 1 && headers[at - 1]!.toLowerCase() === name);
  };
  const isText = /^(text\/|application\/javascript)/i.test(value('content-type') ?? '');
  const isAskedFor = /gzip/.test(String(req.headers['accept-encoding']));
  const isCompressible = isAskedFor && isText && !value('content-encoding');
  if (!isCompressible || rest || body.length === 0) return { headers, body };
  trace.push('compressed by IIS');
  const replaced = ['content-length', 'transfer-encoding'];
  const kept = headers.filter((_, at) => !replaced.includes(headers[at - at % 2]!.toLowerCase()));
  return {
    headers: [...kept, 'Content-Encoding', 'gzip', 'Vary', 'Accept-Encoding'],
    body: gzipSync(body),
  };
}
