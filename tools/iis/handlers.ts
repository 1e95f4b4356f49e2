/* Handler mappings: which handler takes a URL, and how much of it is the file. */
import type { Handler } from './config';
import { findFile, isDirectory, isFile } from './files';
import type { Status } from './statuses';

export interface Mapping {
  handler: Handler;
  /** The path of the file, and what follows it. */
  file: string;
  pathInfo: string;
}

/**
 * The first handler for a URL and a verb.
 * @param relative the path from the application's folder
 * @returns the status where there is none: 405 if only the verb is in the way, else 404.4
 */
export function mapHandler(handlers: Handler[], relative: string, verb: string, folder: string): Mapping | Status {
  let wrongVerb = false;
  for (const handler of handlers) {
    const length = matchedLength(handler, relative, folder);
    if (length < 0) continue;
    if (handler.verbs.includes('*') || handler.verbs.includes(verb)) {
      return { handler, file: findFile(folder, relative.slice(0, length)), pathInfo: relative.slice(length) };
    }
    wrongVerb = true;
  }
  return wrongVerb ? '405' : '404.4';
}

/**
 * How much of a URL a handler's path takes, -1 if none. What follows behind a slash is the path info: hello.js takes hello.js/debug.
 * A pattern without a slash is for the file's name, in any folder.
 */
function matchedLength(handler: Handler, relative: string, folder: string): number {
  const whole = handler.path.includes('/') ? '^' : '(^|/)';
  const pattern = handler.path.replace(/^\//, '').replace(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.');
  const expression = new RegExp(`${whole}${pattern}$`, 'i');
  const ends = handler.path === '*' ? [relative.length] : [...Array.from(relative.matchAll(/\//g), slash => slash.index), relative.length];
  const length = ends.find(end => expression.test(relative.slice(0, end))) ?? -1;
  if (length < 0) return -1;
  const file = findFile(folder, relative.slice(0, length));
  const { resourceType } = handler;
  const there = resourceType === 'Unspecified' || (resourceType !== 'Directory' && isFile(file)) || (resourceType !== 'File' && isDirectory(file));
  return there ? length : -1;
}
