/* A request as IIS sees it: its URL before and after rewriting, and its server variables. */
import type http from 'node:http';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { decode } from './rewrite-template';

export interface Visit {
  req: http.IncomingMessage;
  res: http.ServerResponse;
  /** There is one where the client asks for another protocol: the connection, and what it has sent on it. */
  upgrade?: { socket: Duplex; head: Buffer };
  /** The URL as it was sent. */
  rawUrl: string;
  /** Percent-decoded, without dots that lead up; what rules make of it. */
  path: string;
  /** Without the question mark. */
  query: string;
  /** The URL that was asked for, once a rule has rewritten it. */
  originalUrl?: string;
  /** What happened to it, for --trace. */
  trace: string[];
  /** What a module has said of the visitor, such as AUTH_USER. */
  variables: Record<string, string>;
}

/** Where the application lies: its folder, and its URL with a slash at the end. */
export interface Place {
  folder: string;
  base: string;
  physicalPath: (path: string) => string;
}

/** Splits and decodes a URL as http.sys does; null for one that it answers 400. */
export function parseUrl(url: string): { rawPath: string; path: string; query: string } | null {
  const sent = url.replace(/^https?:\/\/[^/?]*/i, '') || '/';
  const mark = sent.indexOf('?');
  const rawPath = mark < 0 ? sent : sent.slice(0, mark);
  const query = mark < 0 ? '' : sent.slice(mark + 1);
  let decoded: string;
  try {
    decoded = decodeURIComponent(rawPath).replaceAll('\\', '/');
  } catch {
    return null;
  }
  // eslint-disable-next-line no-control-regex
  if (!decoded.startsWith('/') || /[\x00-\x1f]/.test(decoded)) return null;
  const path = resolveDots(decoded);
  return path === null ? null : { rawPath, path, query };
}

/** A path without . and .. in it; null for one that leads above the root. */
export function resolveDots(path: string): string | null {
  const segments: string[] = [];
  for (const segment of path.split('/').slice(1)) {
    if (segment === '..' && segments.pop() === undefined) return null;
    if (segment !== '..' && segment !== '.') segments.push(segment);
  }
  return `/${segments.join('/')}${/\/\.{1,2}$/.test(path) && segments.length > 0 ? '/' : ''}`;
}

/** A URL whole and in ASCII, as a Location has it: what rules have decoded is encoded again, the query string is as it was sent. */
export function headerUrl(url: string, host: string): string {
  const ascii = (text: string) => text.replace(/[^\x21-\x7e]+/g, encodeURIComponent);
  if (!url.startsWith('/')) return ascii(url);
  const mark = url.indexOf('?');
  return mark < 0 ? `http://${host}${encodeURI(url)}` : `http://${host}${encodeURI(url.slice(0, mark))}${ascii(url.slice(mark))}`;
}

/** The client's address, without IPv6's way to write one of IPv4. */
function clientAddress(req: http.IncomingMessage): string {
  return (req.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
}

/**
 * A server variable of a visit; undefined if there is none of that name.
 * @param path and query: the URL as it is at that point of the rules
 */
export function serverVariable(visit: Visit, place: Place, name: string, path = visit.path, query = visit.query): string | undefined {
  const { req, rawUrl } = visit;
  const host = req.headers.host ?? '';
  const https = Boolean((req.socket as TLSSocket).encrypted);
  if (Object.hasOwn(visit.variables, name)) return visit.variables[name];
  switch (name) {
    case 'QUERY_STRING': return query;
    case 'URL': case 'PATH_INFO': case 'SCRIPT_NAME': return path;
    case 'HTTP_URL': case 'UNENCODED_URL': return rawUrl;
    case 'REQUEST_URI': return decode(rawUrl.split('?')[0]!) + rawUrl.slice(rawUrl.split('?')[0]!.length);
    // With the port, always.
    case 'CACHE_URL': return `${https ? 'https' : 'http'}://${host.includes(':') ? host : `${host}:${https ? 443 : 80}`}${rawUrl}`;
    case 'REQUEST_FILENAME': case 'PATH_TRANSLATED': case 'SCRIPT_FILENAME': return place.physicalPath(path);
    case 'APPL_PHYSICAL_PATH': return `${place.folder}/`;
    case 'DOCUMENT_ROOT': return place.folder;
    case 'REQUEST_METHOD': return req.method ?? '';
    case 'SERVER_NAME': return host.replace(/:\d+$/, '');
    case 'SERVER_PORT': return String(req.socket.localPort ?? '');
    case 'SERVER_PORT_SECURE': return https ? '1' : '0';
    case 'HTTPS': return https ? 'on' : 'off';
    case 'SERVER_PROTOCOL': case 'HTTP_VERSION': return `HTTP/${req.httpVersion}`;
    case 'SERVER_SOFTWARE': return 'Microsoft-IIS/7.5';
    case 'GATEWAY_INTERFACE': return 'CGI/1.1';
    case 'REMOTE_ADDR': case 'REMOTE_HOST': return clientAddress(req);
    case 'REMOTE_PORT': return String(req.socket.remotePort ?? '');
    case 'LOCAL_ADDR': return (req.socket.localAddress ?? '').replace(/^::ffff:/, '');
    case 'CONTENT_LENGTH': return req.headers['content-length'] ?? '0';
    case 'CONTENT_TYPE': return req.headers['content-type'] ?? '';
    // Nobody has logged on.
    case 'AUTH_USER': case 'LOGON_USER': case 'REMOTE_USER': case 'AUTH_TYPE': case 'AUTH_PASSWORD': return '';
  }
  if (!name.startsWith('HTTP_')) return undefined;
  const value = req.headers[name.slice('HTTP_'.length).replaceAll('_', '-').toLowerCase()];
  return value === undefined ? undefined : [value].flat().join(', ');
}
