/* The answer to a client whose handshake the application's authorization has refused. */
import type { Refused } from '../api';

/** The most letters of an application's reason that a page is told. */
const LONGEST = 200;
const BY_DEFAULT = 'handshake unauthorized';

/**
 * 0.9's client gets 0.9's words. public/realtime.js gets the application's, behind a mark that
 * nothing between the server and the page sends: a login page or a proxy can answer 403, too, and
 * that is no reason to stay away.
 * @param isRealtime whether it is a client of public/realtime.js
 * @param why what the application said with its no
 * @returns the text of the answer, whose status is 403
 */
export function unauthorized(
  isRealtime: boolean, why: Partial<Refused> | null | undefined,
): string {
  if (!isRealtime) return BY_DEFAULT;
  const { reason, again } = why || {};
  const text = typeof reason === 'string' ? oneLine(reason) : '';
  return `unauthorized:${JSON.stringify({ reason: text || BY_DEFAULT, again: again === true })}`;
}

// eslint-disable-next-line no-control-regex -- these are what it is about
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

/** @returns a text without control characters, in one line, of a bounded length */
function oneLine(text: string): string {
  const line = text.slice(0, LONGEST * 2).replace(CONTROL, ' ').trim();
  return Array.from(line).slice(0, LONGEST).join('');
}
