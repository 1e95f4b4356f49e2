/* A request as IIS sees it: its URL before and after rewriting, and what modules said of it. */
import type http from 'node:http';
import type { Duplex } from 'node:stream';

export interface Visit {
  req: http.IncomingMessage;
  res: http.ServerResponse;
  /**
   * There where the client asks for another protocol: the connection, and what it has sent on it.
   */
  upgrade?: { socket: Duplex; head: Buffer };
  /** The URL as it was sent. */
  rawUrl: string;
  /** The canonical path (url.ts); what rules make of it. */
  path: string;
  /** Without the question mark. */
  query: string;
  /** The URL that was asked for, decoded, once a rule has rewritten it: X-Original-URL. */
  originalUrl?: string;
  /** What happened to it, for --trace. */
  trace: string[];
  /** What a module or a rule has said of the visit, such as AUTH_USER. */
  variables: Record<string, string>;
}

/** Where the application lies: its folder, and its URL with a slash at the end. */
export interface Place {
  folder: string;
  base: string;
  physicalPath: (path: string) => string;
  /** The folder of the site's root, where it is known: DOCUMENT_ROOT. */
  siteFolder?: string;
  /** The release of IIS: SERVER_SOFTWARE. */
  iis?: string;
}

/** The client's address, without IPv6's way to write one of IPv4. */
export function clientAddress(req: http.IncomingMessage): string {
  return (req.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
}
