import type { IncomingHttpHeaders, IncomingMessage } from 'http';

/**
 * Whether the page that a request comes from may talk to the server: a page of the server's own origin, or of one of
 * `allowed` (origins as browsers write them). Browsers name the origin of a page elsewhere in each XMLHttpRequest, WebSocket
 * and POST. What they fetch for a script, an image or a frame has none: there Sec-Fetch-Site says it, or Referer.
 * A request that says nothing of these is no page's, or comes from a browser that keeps it secret: its page cannot read the
 * answer.
 * @returns the other origin whose page may read the answer; null if it is no other page's request; undefined if it may not connect
 */
export function readOrigin({ headers }: IncomingMessage, allowed: string[]): string | null | undefined {
  const { origin, referer, 'sec-fetch-site': site } = headers;
  if (origin !== undefined) return isOwn(headers, origin) ? null : allowed.includes(origin) ? origin : undefined;
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return undefined;
  if (referer === undefined || isOwn(headers, referer)) return null;
  const from = originOf(referer);
  return from === undefined || from === 'null' || allowed.includes(from) ? null : undefined;
}

/**
 * Whether an origin, or a URL with a path, is of the origin that the client calls the server by. IIS ends TLS, so node does
 * not see it: iisnode's enableXFF says in X-Forwarded-Proto how the client came. A page elsewhere cannot set that header, nor Host.
 */
function isOwn(headers: IncomingHttpHeaders, url: string): boolean {
  const { host } = headers;
  if (!host) return false;
  const proto = String(headers['x-forwarded-proto'] || 'http');
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
