/*
 * Finds the reason why IIS answers a request with 404. IIS does not send the sub-status, and with
 * existingResponse="PassThrough" its answer has no text. So the request is sent again several
 * times, each time with one part changed. If the changed request passes, IIS has refused that part.
 */
import type { Answer, Browser, Request } from './browser';
import { isOfIis } from './iis-errors';

/** A sub-status of request filtering, or 'rule' if no rule or handler fits (404.0, 404.4). */
export type Refused =
  | '404.5' | '404.6' | '404.7' | '404.8' | '404.10' | '404.11' | '404.12' | '404.13' | '404.14'
  | '404.15' | '404.18' | 'rule';

export interface Found {
  refused: Refused;
  /** The refused part of the request: a segment, an extension, a verb, a header's name. */
  by: string;
}

/**
 * Finds the part of a request for which IIS has answered 404.
 * @param base the application's address
 */
export async function findRefused(browser: Browser, answer: Answer, base: URL): Promise<Found> {
  const { url, asked } = answer;
  const passes = async (change: { url?: URL; request?: Request }) => {
    const request = { ...asked, agent: undefined, seconds: 20, ...change.request };
    const again = await browser.ask(change.url ?? url, request).catch(() => null);
    return again !== null && !(again.status === 404 && isOfIis(again));
  };
  const at = (path: string, search = url.search) => ({ url: withPath(url, path, search) });
  const path = url.pathname;

  const { method = 'GET', body = '' } = asked;
  if (method !== 'GET' && await passes({ request: { method: 'GET', body: '' } })) {
    const small = body.length > 1000 && await passes({ request: { body: '', bodyAfter: 0 } });
    if (small) return { refused: '404.13', by: `${body.length} bytes` };
    return { refused: '404.6', by: method };
  }
  if (url.search !== '' && await passes(at(path, ''))) {
    const other = `?${'x'.repeat(url.search.length - 1)}`;
    const sequence = await passes(at(path, other));
    if (sequence) return { refused: '404.18', by: url.search };
    return { refused: '404.15', by: `${url.search.length - 1} characters` };
  }
  for (const name of Object.keys(asked.headers ?? {})) {
    const headers = { ...asked.headers, [name]: undefined };
    if (await passes({ request: { headers } })) return { refused: '404.10', by: name };
  }
  return findRefusedInPath(path, base.pathname, to => passes(at(to)));
}

/**
 * Finds the refused part of a path.
 * @param base the application's path, with which all of its paths begin
 * @param passes a function that says whether IIS lets a request with another path pass
 */
async function findRefusedInPath(
  path: string, base: string, passes: (path: string) => Promise<boolean>,
): Promise<Found> {
  if (/\+|%2b|%25/i.test(path) && await passes(path.replace(/\+|%2b|%25../gi, 'x'))) {
    return { refused: '404.11', by: path };
  }
  if (/%[89a-f]/i.test(path) && await passes(path.replace(/(%[89a-f].)+/gi, 'x'))) {
    return { refused: '404.12', by: path };
  }
  if (!await passes(`${base}x`)) return { refused: 'rule', by: base };
  const inside = path.slice(base.length);
  if (!await passes(base + inside.replace(/[^/]/g, 'x').replace(/\//g, 'x'))) {
    return { refused: '404.14', by: `${path.length} characters` };
  }
  const [, extension] = /[^/](\.[^./]+)$/.exec(inside) ?? [];
  if (extension && await passes(path.slice(0, -extension.length))) {
    return { refused: '404.7', by: extension };
  }
  const segments = inside.split('/');
  for (const [number, segment] of segments.entries()) {
    const others = segments.map((one, i) => i === number ? 'x'.repeat(one.length) : one).join('/');
    if (segment === '' || !await passes(base + others)) continue;
    // Request filtering refuses the segment in every URL. A rule refuses it only in this place.
    if (await passes(`${base}x/${segment}/x`)) return { refused: 'rule', by: path };
    const hidden = await passes(`${base}x/${segment}x/x`);
    return { refused: hidden ? '404.8' : '404.5', by: segment };
  }
  return { refused: 'rule', by: path };
}

function withPath(url: URL, path: string, search: string): URL {
  const other = new URL(url);
  other.pathname = path;
  other.search = search;
  return other;
}
