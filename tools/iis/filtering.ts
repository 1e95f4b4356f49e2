/* IIS's request filtering: what is refused before any handler, always with status 404. */
import type { RequestFiltering } from './config';

export interface FilteredRequest {
  method: string;
  /** As it was sent, without the query string. */
  rawPath: string;
  /** Percent-decoded. */
  path: string;
  query: string;
  headers: NodeJS.Dict<string | string[]>;
}

/** Sub-statuses of a 404. */
export type Refusal = 5 | 6 | 7 | 8 | 10 | 11 | 12 | 13 | 14 | 15 | 18;

/** The sub-status of the 404 that a request is refused with, null if it may pass. */
export function refusal(request: FilteredRequest, filtering: RequestFiltering): Refusal | null {
  const { method, rawPath, path, query, headers } = request;
  const decodedQuery = decodeTwice(query)[0]!;

  if (!(filtering.verbs.get(method.toLowerCase()) ?? filtering.allowUnlistedVerbs)) return 6;
  if (Number(headers['content-length'] ?? 0) > filtering.maxContentLength) return 13;
  if (rawPath.length > filtering.maxUrl) return 14;
  if (query.length > filtering.maxQueryString) return 15;
  for (const [name, limit] of filtering.headerLimits) {
    if ([headers[name] ?? ''].flat().join().length > limit) return 10;
  }
  if (!filtering.allowDoubleEscaping) {
    // A plus sign counts, for older programs take it for an escaped space.
    const [once, twice] = decodeTwice(rawPath);
    if (once !== twice || once!.includes('+')) return 11;
  }
  // eslint-disable-next-line no-control-regex
  if (!filtering.allowHighBitCharacters && /[^\x00-\x7f]/.test(path)) return 12;
  if (filtering.denyUrlSequences.some(sequence => path.toLowerCase().includes(sequence.toLowerCase()))) return 5;
  if (filtering.denyQueryStringSequences.some(sequence => decodedQuery.toLowerCase().includes(sequence.toLowerCase()))) return 18;

  const segments = path.toLowerCase().split('/');
  if (segments.some(segment => segment !== '' && filtering.hiddenSegments.includes(segment))) return 8;
  const extension = /\.[^./]*$/.exec(segments.at(-1)!)?.[0];
  if (extension !== undefined) {
    if (!(filtering.extensions.get(extension) ?? filtering.allowUnlistedExtensions)) return 7;
  } else if (!filtering.allowUnlistedExtensions && filtering.extensions.get('.') !== true) {
    // A URL without an extension counts as '.', where only listed extensions may pass.
    return 7;
  }
  return null;
}

function decodeTwice(text: string): string[] {
  const once = decodeLoosely(text);
  return [once, decodeLoosely(once)];
}

/** Decodes what is well encoded, and leaves the rest. */
function decodeLoosely(text: string): string {
  return text.replace(/(%[0-9a-f]{2})+/gi, escaped => {
    try {
      return decodeURIComponent(escaped);
    } catch {
      return Buffer.from(escaped.replaceAll('%', ''), 'hex').toString('latin1');
    }
  });
}
