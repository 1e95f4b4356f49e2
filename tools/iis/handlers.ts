/* Finds the handler that answers a URL, and the part of the URL that is the file's path. */
import type { Handler } from './config';
import { findFile, isDirectory, isFile } from './files';
import type { Status } from './statuses';

export interface Mapping {
  handler: Handler;
  /** The physical path of the file. */
  file: string;
  /** The part of the URL behind the file's path, such as '/debug'. */
  pathInfo: string;
}

/**
 * Finds the first handler for a URL and a verb.
 * @param relative the URL's path from the application's folder
 * @returns the handler with the file; if no handler fits, a status: 405 if only the verb does not
 *   fit, else 404.4
 */
export function mapHandler(
  handlers: Handler[], relative: string, verb: string, folder: string,
): Mapping | Status {
  let wrongVerb = false;
  for (const handler of handlers) {
    const length = matchedLength(handler, relative, folder);
    if (length < 0) continue;
    if (handler.verbs.includes('*') || handler.verbs.includes(verb)) {
      const file = findFile(folder, relative.slice(0, length));
      return { handler, file, pathInfo: relative.slice(length) };
    }
    wrongVerb = true;
  }
  return wrongVerb ? '405' : '404.4';
}

/**
 * Counts the characters of a URL that match a handler's path. The rest of the URL is the path info:
 * the path hello.js matches hello.js/debug, and /debug is the path info.
 * @returns the number of characters; -1 if the handler does not match
 */
function matchedLength(handler: Handler, relative: string, folder: string): number {
  const expression = pathExpression(handler.path);
  const slashes = Array.from(relative.matchAll(/\//g), slash => slash.index);
  const ends = handler.path === '*' ? [] : slashes;
  const length = [...ends, relative.length].find(end => expression.test(relative.slice(0, end)));
  if (length === undefined) return -1;
  const file = findFile(folder, relative.slice(0, length));
  return isOfType(file, handler.resourceType) ? length : -1;
}

/**
 * Makes a regular expression from a handler's path. A path without a slash is a pattern for the
 * name of a file in any folder.
 */
function pathExpression(pattern: string): RegExp {
  const start = pattern.includes('/') ? '^' : '(^|/)';
  const source = pattern
    .replace(/^\//, '')
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`${start}${source}$`, 'i');
}

function isOfType(file: string, resourceType: string): boolean {
  switch (resourceType) {
    case 'Unspecified': return true;
    case 'File': return isFile(file);
    case 'Directory': return isDirectory(file);
    default: return isFile(file) || isDirectory(file);
  }
}
