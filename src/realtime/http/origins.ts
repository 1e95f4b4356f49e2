/* Decides which pages may connect. serve.ts asks for each request. */
import type { IncomingMessage } from 'http';
import type { Trust } from '../options';

/**
 * Finds out whether the page of a request may connect. A page may connect if its origin is the
 * server's own, or one of `allowed`. Browsers name the origin of a page elsewhere in each
 * XMLHttpRequest, WebSocket and POST. A request for a script, an image or a frame has no Origin
 * header, but Sec-Fetch-Site or Referer. A request with none of these headers does not come from a
 * page, or comes from a browser that hides the origin. In the second case, the page cannot read the
 * answer.
 * @param allowed origins as browsers write them
 * @param trust knows whether the client came by HTTPS. IIS ends TLS, so node does not see it
 * @returns the other origin whose page may read the answer; null if the request may come in, and no
 * page of another origin has to read the answer; undefined if the page may not connect
 */
export function readOrigin(
  req: IncomingMessage, allowed: string[], trust: Pick<Trust, 'protocol'>,
): string | null | undefined {
  // In drafts 7 to 12 of WebSockets, version 8 among them, the second header names the page's
  // origin.
  const { origin = req.headers['sec-websocket-origin'] as string | undefined } = req.headers;
  if (origin !== undefined) {
    if (isOwn(req, trust, origin)) return null;
    return allowed.includes(origin) ? origin : undefined;
  }
  const { referer, 'sec-fetch-site': site } = req.headers;
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return undefined;
  // Apps and browsers send addresses such as about:client or android-app://… as Referer. No page
  // of a site has such an address.
  if (referer === undefined || !HTTP.test(referer) || isOwn(req, trust, referer)) return null;
  const from = originOf(referer);
  return from !== undefined && allowed.includes(from) ? null : undefined;
}

/**
 * @param url an origin, or a URL with a path
 * @returns whether the URL has the origin by which the client calls the server. A page elsewhere
 * cannot set Host
 */
function isOwn(req: IncomingMessage, trust: Pick<Trust, 'protocol'>, url: string): boolean {
  const { host } = req.headers;
  if (!host) return false;
  // Nearly all URLs begin like this. The other URLs are of pages elsewhere, or have capital letters
  // or the default port.
  const own = `${trust.protocol(req)}://${host}`;
  if (url.startsWith(own) && (url.length === own.length || url[own.length] === '/')) return true;
  const origin = originOf(url);
  return origin !== undefined && origin === originOf(own);
}

const HTTP = /^https?:/i;

/**
 * Matches scheme, host and port. A path, a query string or a fragment may follow. The name of a
 * host has at most 253 characters. `new URL` is slower: it takes 6 to 32 µs if it throws, and
 * 700 µs for a host of 14,000 letters (node 10 and 12). This expression takes 0.1 µs, and at most
 * 2 µs (test/realtime/origins.test.ts checks that this time does not grow).
 */
const ORIGIN =
  /^(https?):\/\/([^/?#\\@:[\]\s]{1,253}|\[[0-9a-f:.]{2,45}\])(?::([0-9]{1,5}))?(?=[/?#\\]|$)/i;
/** A length that no origin reaches, characters. */
const LONGEST = 300;

/**
 * @returns the origin of a URL as browsers write it: in lower case, and without the default port of
 * its scheme
 */
function originOf(url: string): string | undefined {
  const parts = ORIGIN.exec(url.slice(0, LONGEST));
  if (!parts) return undefined;
  const [, scheme, host, port] = parts;
  const origin = `${scheme}://${host}`.toLowerCase();
  const usual = scheme!.length === 'https'.length ? '443' : '80';
  return port === undefined || port === usual ? origin : `${origin}:${port}`;
}
