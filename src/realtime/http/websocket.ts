/*
 * Opens WebSockets, if the server offers them, and reads the messages that come over them. serve.ts
 * finds the session of each WebSocket. session/transport.ts sends over the WebSocket.
 */
import type { IncomingMessage } from 'http';
import type { Duplex } from 'stream';
import { atMostOneASecond, Log } from '../logging';
import { readPacket } from '../protocol/read';
import { Refusal } from '../protocol/refusal';
import type { Packet } from '../protocol/types';
import type { Session } from '../session/session';
import { Arriving } from './arriving';

/** A function that opens the WebSocket for which a request asks. */
export type OpenWebSocket = (
  req: IncomingMessage, socket: Duplex, head: Buffer, session: Session,
) => void;

/**
 * The time that a client may take to close a WebSocket when the server closes it, ms. By itself, ws
 * waits 30 s, and a client that does not answer keeps a connection as long.
 */
const CLOSE_GRACE = 5000;

/**
 * The largest number of frames in a message. A frame may bring one byte, and costs more than that.
 */
const MOST_FRAMES = 1000;

/**
 * Makes the function that opens WebSockets, with the ws package. 0.9's own reader of frames takes
 * frames that no browser sends.
 * @param most the largest size of a message, bytes
 * @param onPackets takes the packets of a message
 */
export function createWebSockets(
  most: number, onPackets: (session: Session, packets: Packet[]) => void, log: Log,
): OpenWebSocket {
  // ws is loaded here, because a server that only polls need not load it.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { WebSocketServer } = require('ws') as typeof import('ws');
  const options = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: most,
    closeTimeout: CLOSE_GRACE,
    maxFragments: MOST_FRAMES,
  };
  const server = new WebSocketServer(options);
  const arriving = new Arriving(most);
  const warn = atMostOneASecond(log.warn);
  return (req, socket, head, session) => {
    socket.on('error', ignore);
    server.handleUpgrade(req, socket, head, webSocket => {
      webSocket.on('error', error => log.debug('WebSocket', error.message));
      const incoming = arriving.add(() => {
        warn('too much at once over WebSockets', session.address);
        webSocket.terminate();
      });
      // This listener has to run before the listener in which ws reads messages.
      socket.prependListener('data', (part: Buffer) => arriving.onPart(incoming, part.length));
      webSocket.on('close', () => arriving.remove(incoming));
      // Messages behind a message that is refused are not read, because there can be thousands of
      // them.
      let refused = false;
      webSocket.on('message', (data: Buffer, binary) => {
        arriving.onMessage(incoming, data.length);
        if (refused) return;
        try {
          if (!binary) onPackets(session, [readPacket(data.toString())]);
        } catch (error) {
          if (!(error instanceof Refusal)) throw error;
          refused = true;
          log.debug('refused', error.reason, session.address);
          webSocket.close(1008, error.reason);
        }
      });
      session.transport.onWebSocket(webSocket, socket);
    });
  };
}

function ignore(): void {}
