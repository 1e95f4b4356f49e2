/* Imitates IIS's request filtering, which refuses requests before a handler sees them, with 404. */
import type { RequestFiltering } from './config';

export interface FilteredRequest {
  method: string;
  /** The path as it was sent, without the query string. */
  rawPath: string;
  /** The path, percent-decoded. */
  path: string;
  query: string;
  headers: NodeJS.Dict<string | string[]>;
}

/** The sub-statuses with which request filtering refuses: 404.5, 404.6, … */
export type Refusal = 5 | 6 | 7 | 8 | 10 | 11 | 12 | 13 | 14 | 15 | 18;

/** @returns the sub-status of the 404 with which IIS refuses a request; null if it may pass */
export function refusal(request: FilteredRequest, filtering: RequestFiltering): Refusal | null {
  const { method, rawPath, path, query, headers } = request;

  if (!(filtering.verbs.get(method.toLowerCase()) ?? filtering.allowUnlistedVerbs)) return 6;
  if (Number(headers['content-length'] ?? 0) > filtering.maxContentLength) return 13;
  if (rawPath.length > filtering.maxUrl) return 14;
  if (query.length > filtering.maxQueryString) return 15;
  for (const [name, limit] of filtering.headerLimits) {
    if ([headers[name] ?? ''].flat().join().length > limit) return 10;
  }
  if (!filtering.allowDoubleEscaping) {
    // A plus sign counts as an escape, because older programs decode it to a space.
    const once = decodeLoosely(rawPath);
    if (once !== decodeLoosely(once) || once.includes('+')) return 11;
  }
  // eslint-disable-next-line no-control-regex
  if (!filtering.allowHighBitCharacters && /[^\x00-\x7f]/.test(path)) return 12;
  if (includesOneOf(path, filtering.denyUrlSequences)) return 5;
  if (includesOneOf(decodeLoosely(query), filtering.denyQueryStringSequences)) return 18;

  const segments = path.toLowerCase().split('/').filter(segment => segment !== '');
  if (segments.some(segment => filtering.hiddenSegments.includes(segment))) return 8;
  if (!isExtensionAllowed(path.toLowerCase(), filtering)) return 7;
  return null;
}

function includesOneOf(text: string, sequences: string[]): boolean {
  const lowerCase = text.toLowerCase();
  return sequences.some(sequence => lowerCase.includes(sequence.toLowerCase()));
}

function isExtensionAllowed(path: string, filtering: RequestFiltering): boolean {
  const { extensions, allowUnlistedExtensions } = filtering;
  const extension = /\.[^./]*$/.exec(path)?.[0];
  if (extension !== undefined) return extensions.get(extension) ?? allowUnlistedExtensions;
  // If only listed extensions may pass, '.' stands for a URL without an extension.
  return allowUnlistedExtensions || extensions.get('.') === true;
}

/** Decodes each run of escapes. A run that is not valid UTF-8 is decoded byte by byte. */
function decodeLoosely(text: string): string {
  return text.replace(/(%[0-9a-f]{2})+/gi, escaped => {
    try {
      return decodeURIComponent(escaped);
    } catch {
      return Buffer.from(escaped.replaceAll('%', ''), 'hex').toString('latin1');
    }
  });
}
