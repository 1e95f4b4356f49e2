/* The target of a request: what stands behind GET or POST. */
import type { IncomingMessage } from 'http';

/** "http://user@host:80/path?query"; the path may be missing. */
const ABSOLUTE = /^[a-z][a-z\d+.-]*:\/\/(?:[^/?#@]*@)?([^/?#@]*)(.*)$/i;

/**
 * `toPath` makes a path of a whole address: a proxy may ask with "GET http://host/path", and every
 * server has to take that, with the host in it instead of the one in Host (RFC 9112, 3.2.2). IIS
 * does so itself, so under it all targets are paths. What comes after this need not know of another
 * form.
 */
export function toPath(req: IncomingMessage): void {
  const { url = '' } = req;
  // '/': as nearly all are.
  if (url.charCodeAt(0) === 47) return;
  const [, host, path] = ABSOLUTE.exec(url) || [];
  if (path === undefined) return;
  req.url = path.startsWith('/') ? path : `/${path}`;
  req.headers.host = host;
}
