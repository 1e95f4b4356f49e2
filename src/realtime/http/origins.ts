/* Which pages may connect: serve.ts asks for each request. */
import type { IncomingMessage } from 'http';
import type { Trust } from '../options';

/**
 * A page of the server's own origin may talk to the server, and a page of one of `allowed`.
 * Browsers name the origin of a page elsewhere in each XMLHttpRequest, WebSocket and POST. What
 * they fetch for a script, an image or a frame has none: there Sec-Fetch-Site says it, or Referer.
 * A request that says nothing of these is no page's, or comes from a browser that keeps it secret:
 * its page cannot read the answer.
 * @param allowed origins as browsers write them
 * @param trust says whether the client came by HTTPS: IIS ends TLS, so node does not see it
 * @returns the other origin whose page may read the answer; null if it is no other page's request;
 * undefined if the page may not connect
 */
export function readOrigin(
  req: IncomingMessage, allowed: string[], trust: Pick<Trust, 'protocol'>,
): string | null | undefined {
  const { referer, 'sec-fetch-site': site } = req.headers;
  // Drafts 7 to 12 of WebSockets, version 8 among them, name the page's origin in the second
  // header.
  const { origin = req.headers['sec-websocket-origin'] as string | undefined } = req.headers;
  if (origin !== undefined) {
    if (isOwn(req, trust, origin)) return null;
    return allowed.includes(origin) ? origin : undefined;
  }
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return undefined;
  // Apps and browsers refer to about:client, android-app://… and the like: no page of a site has
  // such an address.
  if (referer === undefined || !HTTP.test(referer) || isOwn(req, trust, referer)) return null;
  const from = originOf(referer);
  return from !== undefined && allowed.includes(from) ? null : undefined;
}

/**
 * @param url an origin, or a URL with a path
 * @returns whether it is of the origin that the client calls the server by. A page elsewhere cannot
 * set Host
 */
function isOwn(req: IncomingMessage, trust: Pick<Trust, 'protocol'>, url: string): boolean {
  const { host } = req.headers;
  if (!host) return false;
  // As nearly all are. The rest are other pages, or written differently: in case, or with the
  // default port.
  const own = `${trust.protocol(req)}://${host}`;
  if (url === own || (url.startsWith(own) && url[own.length] === '/')) return true;
  const origin = originOf(url);
  return origin !== undefined && origin === originOf(own);
}

const HTTP = /^https?:/i;

/**
 * Scheme, host and port, and what may follow: a path, a query string, a fragment. No name of a host
 * has more than 253 characters. `new URL` is not used: one that throws takes 6 to 32 µs, and a host
 * of 14,000 letters 700 µs (node 10 and 12). This takes 0.1 µs, and at most 2
 * (test/realtime/origins.test.ts holds that it does not grow).
 */
const ORIGIN =
  /^(https?):\/\/([^/?#\\@:[\]\s]{1,253}|\[[0-9a-f:.]{2,45}\])(?::([0-9]{1,5}))?(?=[/?#\\]|$)/i;
/** More than the longest origin has, characters. */
const LONGEST = 300;

/**
 * @returns the origin of a URL as browsers write it: in lower case, without the port that its
 * scheme has anyway
 */
function originOf(url: string): string | undefined {
  const parts = ORIGIN.exec(url.slice(0, LONGEST));
  if (!parts) return undefined;
  const [, scheme, host, port] = parts;
  const origin = `${scheme}://${host}`.toLowerCase();
  const usual = scheme!.length === 'https'.length ? '443' : '80';
  return port === undefined || port === usual ? origin : `${origin}:${port}`;
}
