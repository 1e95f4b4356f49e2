/*
 * Answers requests that node itself refuses to read, because their headers are above its limit, or
 * because they are not HTTP.
 */
import type { Server, ServerResponse } from 'http';
import type { Socket } from 'net';
import type { Log } from '../log';
import { atMostOneASecond } from '../realtime';

/** The statuses, by the codes of node's errors. */
const STATUS: Record<string, string> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};
const BY_DEFAULT = '400 Bad Request';

/** The time for which the server reads on from a client that does not stop sending, ms. */
const LINGER = 2000;

/**
 * Makes the server answer with the same statuses as node does, but without node's cut. node closes
 * the connection at once. If the client is still sending, its system drops the answer, and iisnode
 * makes a 500.1013 of that. The log names the limit, because the person in front of the browser
 * cannot know it.
 */
export function answerUnreadable(server: Server, log: Log): void {
  const warn = atMostOneASecond(log.warn);
  const answered = new WeakSet<Socket>();
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    // node emits the error again for each piece that a client sends after the first error.
    if (answered.has(socket)) return;
    answered.add(socket);
    const { _httpMessage: pending } = socket as { _httpMessage?: ServerResponse };
    if (error.code === 'ECONNRESET' || !socket.writable || (pending && pending.headersSent)) {
      socket.destroy();
      return;
    }
    const status = STATUS[error.code || ''] || BY_DEFAULT;
    if (status.startsWith('431')) {
      const why = '431, the headers are larger than --max-http-header-size in NODE_OPTIONS';
      warn(why, 'see web.config');
    } else log.debug('refused', status, error.message);
    socket.end([
      `HTTP/1.1 ${status}`,
      'Connection: close',
      'Content-Type: text/plain',
      `Content-Length: ${status.length}`,
      '',
      status,
    ].join('\r\n'));
    if (pending) socket.destroy();
    else setTimeout(() => socket.destroy(), LINGER).unref();
  });
}
