import type { ServerResponse } from 'http';
import type { Refused } from '../api';

/** Why a request is not served: its answer's status, and one line of text that repeats nothing of the request. */
export class Refusal extends Error {
  constructor(readonly status: number, readonly reason: string, readonly headers: Record<string, string> = {}) {
    super(reason);
  }
}

/**
 * To 0.9's client, every version of it, each status but 200 means: the packet was not taken, come back with a handshake, at once. 0.9's own
 * answer to a poll, 200 with error 1+0, means the same, but the client says goodbye in return; where a POST is on its way then, it
 * says so to its next session, which ends, for good.
 */
export const notHandshaken = () => new Refusal(404, 'client not handshaken');

/** The most letters of an application's reason that a page is told. */
const LONGEST_REASON = 200;

/**
 * Why a handshake was not let in, as its client is told. 0.9's client gets 0.9's words.
 * public/realtime.js gets the application's, behind a mark that nothing between the server and the
 * page sends: a login page or a proxy can answer 403, too, and that is no reason to stay away.
 * @param isRealtime whether it is a client of public/realtime.js
 * @param why what the application said with its no
 */
export function unauthorized(isRealtime: boolean, why: Partial<Refused> | null | undefined): string {
  if (!isRealtime) return 'handshake unauthorized';
  const { reason, again } = why || {};
  const text = typeof reason === 'string' ? oneLine(reason) : '';
  return `unauthorized:${JSON.stringify({ reason: text || 'handshake unauthorized', again: again === true })}`;
}

/** A text without control characters, in one line, of a bounded length. */
function oneLine(text: string): string {
  // eslint-disable-next-line no-control-regex -- it is about these
  const line = text.slice(0, LONGEST_REASON * 2).replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').trim();
  return Array.from(line).slice(0, LONGEST_REASON).join('');
}

/**
 * Answers a request in one write. No answer under the resource is to be kept, by a browser or by a
 * proxy: hence no-store. Vary is for those that keep it all the same: not for another origin's page.
 * @param origin the page of another origin that may read the answer; null if there is none
 */
export function answer(res: ServerResponse, status: number, text: string, origin: string | null, more?: Record<string, string>): void {
  const headers: Record<string, string | number> = {
    'Content-Type': 'text/plain; charset=UTF-8', 'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store', Vary: 'Origin', ...more,
  };
  if (status === 204) {
    // It has no body, so no length of one (RFC 9110, 8.6), nor a type.
    delete headers['Content-Length'];
    delete headers['Content-Type'];
  }
  if (origin !== null) {
    headers['Access-Control-Allow-Origin'] = origin;
    headers['Access-Control-Allow-Credentials'] = 'true';
  }
  res.writeHead(status, headers);
  // res.end(text) writes a second, empty piece behind the text; for two pieces node takes a way that costs a fifth of an answer.
  const { socket } = res;
  if (socket && !socket.writableCorked && text !== '') {
    socket.cork();
    res.write(text);
    socket.uncork();
    res.end();
  } else res.end(text);
}
