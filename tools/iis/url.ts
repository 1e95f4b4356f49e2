/* A URL as http.sys reads it, and as URL Rewrite and iisnode hand it on. */

/** A URL that http.sys has taken. */
export interface SentUrl {
  /** The path as it was sent, without the query string. */
  rawPath: string;
  /**
   * The canonical ("cooked") path that IIS, its request filtering and the rules work with:
   * percent-decoded, `%2F` and `\` among it, no dots that lead up, no two slashes in a row.
   */
  path: string;
  /** Without the question mark, as it was sent. */
  query: string;
}

/**
 * Splits, decodes and normalises a URL as http.sys does.
 * @returns null for a URL that http.sys answers 400
 */
export function parseUrl(url: string): SentUrl | null {
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
  const path = resolveDots(decoded.replace(/\/{2,}/g, '/'));
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

/** Percent-decodes; a text that is not well encoded stays as it is. */
export function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * A canonical path as URL Rewrite writes it into a header: only the characters that cannot stand in
 * one are encoded again. So `%2F`, `%3D`, `%24` and `%3A` arrive as characters and `%20` stays
 * (tjanczuk/iisnode 217 and 343, Azure/iisnode 104); `%` itself is left alone, so that `%252F`
 * arrives as `%2F` (Microsoft's support, "How to keep escape characters of slash in URL").
 */
export function escapePath(path: string): string {
  return path.replace(/[^\x21-\x7e]+|["<>^`{|}]+/g, encodeURIComponent);
}

/** A path and its query string as one. */
export function joinUrl(path: string, query: string): string {
  return query === '' ? path : `${path}?${query}`;
}

/**
 * A URL whole and in ASCII, as a Location has it: what rules have decoded is encoded again, the
 * query string is as it was sent.
 */
export function headerUrl(url: string, host: string): string {
  const ascii = (text: string) => text.replace(/[^\x21-\x7e]+/g, encodeURIComponent);
  if (!url.startsWith('/')) return ascii(url);
  const mark = url.indexOf('?');
  if (mark < 0) return `http://${host}${encodeURI(url)}`;
  return `http://${host}${encodeURI(url.slice(0, mark))}${ascii(url.slice(mark))}`;
}
