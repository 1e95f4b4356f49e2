/* The target of a request: the text behind GET or POST. */
import type { IncomingMessage } from 'http';

/** "http://user@host:80/path?query"; the path may be missing. */
const ABSOLUTE = /^[a-z][a-z\d+.-]*:\/\/(?:[^/?#@]*@)?([^/?#@]*)(.*)$/i;

/**
 * Makes a path of a target that is a whole address. A proxy may ask with "GET http://host/path".
 * Every server has to take this form, and to use the address's host instead of the header Host (RFC
 * 9112, 3.2.2). IIS does so itself, so behind IIS all targets are paths. After this function, the
 * other code has to know paths only.
 */
export function toPath(req: IncomingMessage): void {
  const { url = '' } = req;
  // Nearly all targets begin with '/'.
  if (url.charCodeAt(0) === 47) return;
  const [, host, path] = ABSOLUTE.exec(url) || [];
  if (path === undefined) return;
  req.url = path.startsWith('/') ? path : `/${path}`;
  req.headers.host = host;
}
