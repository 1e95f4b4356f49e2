/*
 * Requests that ask for an upgrade and do not get one: serve.ts asks.
 *
 * node hands every request with `Connection: Upgrade` to the listener of 'upgrade', whatever it is
 * to be upgraded to: `curl --http2` and Java's HttpClient ask each server for h2c. RFC 9110, 7.8,
 * wants such a request to be served as if it had not asked.
 */
import type { IncomingMessage, Server as HttpServer } from 'http';
import type { Duplex } from 'stream';
import type { Refusal } from '../protocol/refusal';

/** How long a client may take to close a connection on which it was refused, ms. */
const GRACE = 3000;

/** Whether a request asks for a WebSocket, and for nothing else. */
export function asksForWebSocket({ headers }: IncomingMessage): boolean {
  return (headers.upgrade || '').toLowerCase() === 'websocket';
}

/**
 * A request is served as one that asks for no upgrade: the server gets its connection anew, with
 * the same request, but for its Upgrade header. The body, if there is one, and requests behind this
 * one are read as ever. (Tried on node 10.24, 12.22, 13.14, 20.20, 22.22, 24.13. From 24.9 on node
 * does it itself where it is told to: index.ts.)
 * @param socket as node hands it to 'upgrade', with what it has read of it beyond the request
 */
export function serveWithoutUpgrade(
  server: HttpServer, req: IncomingMessage, socket: Duplex, head: Buffer,
): void {
  const lines = [`${req.method!} ${req.url!} HTTP/${req.httpVersion}`];
  for (let i = 0; i < req.rawHeaders.length; i += 2) {
    const name = req.rawHeaders[i]!;
    if (name.toLowerCase() !== 'upgrade') lines.push(`${name}: ${req.rawHeaders[i + 1]!}`);
  }
  // node reads headers as latin1.
  const request = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  socket.unshift(Buffer.concat([request, head]));
  socket.on('error', ignore);
  // Not at once: node 10 is still in its reader of this request, and aborts.
  setImmediate(() => {
    socket.removeListener('error', ignore);
    // The server listens for it once more. It takes back its other listeners by itself.
    socket.removeAllListeners('timeout');
    if (!socket.destroyed) server.emit('connection', socket);
  });
}

/**
 * A request is answered why there is no WebSocket, and its connection is closed: for a client that
 * does not close its side, too, which node would wait for without an end.
 */
export function refuseUpgrade(socket: Duplex, { status, reason, headers }: Refusal): void {
  const more = Object.keys(headers).filter(name => name !== 'Connection');
  // node no longer hears the errors of such a connection. One that nobody hears ends the process.
  socket.on('error', ignore);
  socket.end([
    `HTTP/1.1 ${status} Refused`, 'Connection: close', 'Content-Type: text/plain; charset=UTF-8',
    `Content-Length: ${Buffer.byteLength(reason)}`, 'Cache-Control: no-store',
    ...more.map(name => `${name}: ${headers[name]}`), '', reason,
  ].join('\r\n'));
  // Without reading, the end of the client's side would not be seen; and data that was not read
  // makes the system reset the connection, with which the client may lose the answer.
  socket.resume();
  const tooLong = setTimeout(() => socket.destroy(), GRACE);
  socket.on('close', () => clearTimeout(tooLong));
}

function ignore(): void {}
