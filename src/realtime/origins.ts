import type { IncomingMessage } from 'http';

/**
 * Whether the page that a request comes from may talk to the server: a page of the server's own origin, or of one of
 * `allowed` (origins as browsers write them). Browsers name the origin of a page elsewhere in each XMLHttpRequest, WebSocket
 * and POST. What they fetch for a script, an image or a frame has none: there Sec-Fetch-Site says it, or Referer.
 * A request that says nothing of these is no page's, or comes from a browser that keeps it secret: its page cannot read the
 * answer.
 */
export function mayConnect(req: IncomingMessage, allowed: string[]): boolean {
  const { origin, referer, 'sec-fetch-site': site } = req.headers;
  if (origin !== undefined) return isOwn(req, origin) || allowed.includes(origin);
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false;
  if (referer === undefined || isOwn(req, referer)) return true;
  const from = originOf(referer);
  return from === undefined || from === 'null' || allowed.includes(from);
}

/** The page of another origin that is to be allowed to read the answer; null if it is no other page's request. */
export function otherOrigin(req: IncomingMessage): string | null {
  const { origin } = req.headers;
  return origin === undefined || isOwn(req, origin) ? null : origin;
}

/**
 * Whether an origin, or a URL with a path, is of the origin that the client calls the server by. IIS ends TLS, so node does
 * not see it: iisnode's enableXFF says in X-Forwarded-Proto how the client came. A page elsewhere cannot set that header, nor Host.
 */
function isOwn(req: IncomingMessage, url: string): boolean {
  const { host } = req.headers;
  if (!host) return false;
  const proto = String(req.headers['x-forwarded-proto'] || 'http');
  // As nearly all are. The rest are other pages, or written differently: in case, or with the default port.
  const own = `${proto}://${host}`;
  if (url === own || (url.startsWith(own) && url[own.length] === '/')) return true;
  const origin = originOf(url);
  return origin !== undefined && origin !== 'null' && proto.split(',').some(scheme => originOf(`${scheme.trim()}://${host}`) === origin);
}

function originOf(url: string): string | undefined {
  try {
    return new URL(url).origin;
  } catch {
    return undefined; // Not a URL that a page can have.
  }
}
