/* The answer to a client whose handshake the application's authorization has refused. */
import type { Refused } from '../api';

/** The largest number of letters of an application's reason that a page gets. */
const LONGEST = 200;
const BY_DEFAULT = 'handshake unauthorized';

/**
 * Writes the answer. A client of 0.9 gets 0.9's text. A client of public/realtime.js gets the
 * application's reason, behind the mark `unauthorized:`. A login page or a proxy between the server
 * and the page can answer 403, too, but never with this mark. A page that gets no mark tries again.
 * @param isRealtime whether the client is a client of public/realtime.js
 * @param why the reason that the application has given
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

// eslint-disable-next-line no-control-regex -- the expression has to match control characters
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

/** @returns the text in one line, without control characters, and not longer than LONGEST */
function oneLine(text: string): string {
  const line = text.slice(0, LONGEST * 2).replace(CONTROL, ' ').trim();
  return Array.from(line).slice(0, LONGEST).join('');
}
