/* Reads URLs as http.sys does, and writes them as URL Rewrite and iisnode do. */

/** A URL that http.sys has accepted. */
export interface SentUrl {
  /** The path as it was sent, without the query string. */
  rawPath: string;
  /**
   * The canonical ("cooked") path, which request filtering and the rules use. The path is
   * percent-decoded, `%2F` too; each `\` is a slash; it has no `..` and no two slashes in a row.
   */
  path: string;
  /** The query string as it was sent, without the question mark. */
  query: string;
}

/**
 * Splits, decodes and normalises a URL as http.sys does.
 * @returns null for a URL that http.sys refuses, with status 400
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

/**
 * Resolves the segments . and .. of a path.
 * @returns null for a path that leads above the root
 */
export function resolveDots(path: string): string | null {
  const segments: string[] = [];
  for (const segment of path.split('/').slice(1)) {
    if (segment === '..' && segments.pop() === undefined) return null;
    if (segment !== '..' && segment !== '.') segments.push(segment);
  }
  return `/${segments.join('/')}${/\/\.{1,2}$/.test(path) && segments.length > 0 ? '/' : ''}`;
}

/** Decodes percent-escapes. A text with an invalid escape stays unchanged. */
export function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Writes a canonical path for a header, as URL Rewrite does. It encodes only characters that a
 * header cannot have. So a client's `%2F`, `%3D`, `%24` and `%3A` reach node as characters, and
 * `%20` reaches node as `%20` (tjanczuk/iisnode 217 and 343, Azure/iisnode 104). `%` is not
 * encoded, so `%252F` reaches node as `%2F` (Microsoft's support, "How to keep escape characters of
 * slash in URL").
 */
export function escapePath(path: string): string {
  return path.replace(/[^\x21-\x7e]+|["<>^`{|}]+/g, encodeURIComponent);
}

/** Joins a path and a query string, which may be empty. */
export function joinUrl(path: string, query: string): string {
  return query === '' ? path : `${path}?${query}`;
}

/**
 * Writes a URL for a Location header: absolute and in ASCII. The path, which was decoded for the
 * rules, is encoded again; the query string keeps its form.
 */
export function headerUrl(url: string, host: string): string {
  const ascii = (text: string) => text.replace(/[^\x21-\x7e]+/g, encodeURIComponent);
  if (!url.startsWith('/')) return ascii(url);
  const mark = url.indexOf('?');
  if (mark < 0) return `http://${host}${encodeURI(url)}`;
  return `http://${host}${encodeURI(url.slice(0, mark))}${ascii(url.slice(mark))}`;
}
