/*
 * Handles requests that ask for an upgrade and do not get it. serve.ts uses this file.
 *
 * node hands every request with `Connection: Upgrade` to the listener of 'upgrade', whichever
 * protocol the request asks for. `curl --http2` and Java's HttpClient ask each server for h2c. RFC
 * 9110, 7.8, lets a server ignore such a wish, and serve the request.
 */
import type { IncomingMessage, Server as HttpServer } from 'http';
import type { Duplex } from 'stream';
import type { Refusal } from '../protocol/refusal';

/** The time that a client may take to close a connection after a refusal, ms. */
const GRACE = 3000;

/** @returns whether a request asks for a WebSocket, and for no other protocol */
export function asksForWebSocket({ headers }: IncomingMessage): boolean {
  return (headers.upgrade || '').toLowerCase() === 'websocket';
}

/**
 * Serves a request as if it asked for no upgrade. The server gets the connection again, with the
 * same request, but without the Upgrade header. Then the server reads the body, if there is one,
 * and the next requests as usual. (Tried on node 10.24, 12.22, 13.14, 20.20, 22.22, 24.13. From
 * 24.9 on, node does this itself if it is told to: index.ts.)
 * @param socket the connection, as node hands it to 'upgrade'
 * @param head the bytes behind the request that node has read already
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
  // The rest has to wait, because node 10 is still in its reader of this request, and would abort.
  setImmediate(() => {
    socket.removeListener('error', ignore);
    // The server will add its listener of 'timeout' again, so the old listener goes. The server
    // removes its other listeners by itself.
    socket.removeAllListeners('timeout');
    if (!socket.destroyed) server.emit('connection', socket);
  });
}

/**
 * Answers a request with the reason why it gets no WebSocket, and closes the connection. If the
 * client does not close its side, the connection is cut after GRACE: node would wait for the client
 * for ever.
 */
export function refuseUpgrade(socket: Duplex, { status, reason, headers }: Refusal): void {
  const more = Object.keys(headers).filter(name => name !== 'Connection');
  // node no longer listens for errors of such a connection. An error without a listener ends the
  // process.
  socket.on('error', ignore);
  socket.end([
    `HTTP/1.1 ${status} Refused`, 'Connection: close', 'Content-Type: text/plain; charset=UTF-8',
    `Content-Length: ${Buffer.byteLength(reason)}`, 'Cache-Control: no-store',
    ...more.map(name => `${name}: ${headers[name]}`), '', reason,
  ].join('\r\n'));
  // If the server did not read on, it would not notice that the client has closed its side. Also,
  // the system resets a connection with data that was not read, and the client may lose the answer
  // then.
  socket.resume();
  const tooLong = setTimeout(() => socket.destroy(), GRACE);
  socket.on('close', () => clearTimeout(tooLong));
}

function ignore(): void {}
