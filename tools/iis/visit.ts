/* A request on its way through IIS, with its URL before and after the rules. */
import type http from 'node:http';
import type { Duplex } from 'node:stream';

export interface Visit {
  req: http.IncomingMessage;
  res: http.ServerResponse;
  /** The connection of a client that asks for a WebSocket, and the first bytes that it has sent. */
  upgrade?: { socket: Duplex; head: Buffer };
  /** The URL as it was sent. */
  rawUrl: string;
  /** The canonical path (url.ts), or the path that a rule has made of it. */
  path: string;
  /** The query string that belongs to `path`, without the question mark. */
  query: string;
  /** The client's URL, decoded, if a rule has rewritten it: X-Original-URL. */
  originalUrl?: string;
  /** The steps of the request, for --trace. */
  trace: string[];
  /** The server variables that a module or a rule has set, such as AUTH_USER. */
  variables: Record<string, string>;
}

/** The place of an application on its site. */
export interface Place {
  folder: string;
  /** The application's URL, with a slash at the end. */
  base: string;
  physicalPath: (path: string) => string;
  /** The folder of the site's root, if it is known, for DOCUMENT_ROOT. */
  siteFolder?: string;
  /** The release of IIS, for SERVER_SOFTWARE. */
  iis?: string;
}

/** Returns the client's address. An IPv4 address that node writes as ::ffff:1.2.3.4 is 1.2.3.4. */
export function clientAddress(req: http.IncomingMessage): string {
  return (req.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
}
