/*
 * WebSockets, where they are offered: they are opened here, and what comes over them is read.
 * serve.ts says for which session. What is sent over them goes by session/transport.ts.
 */
import type { IncomingMessage } from 'http';
import type { Duplex } from 'stream';
import { atMostOneASecond, Log } from '../logging';
import { readPacket } from '../protocol/read';
import { Refusal } from '../protocol/refusal';
import type { Packet } from '../protocol/types';
import type { Session } from '../session/session';
import { Arriving } from './arriving';

/** A function that answers a request for a WebSocket with the WebSocket. */
export type OpenWebSocket = (
  req: IncomingMessage, socket: Duplex, head: Buffer, session: Session,
) => void;

/**
 * How long a client may take to close a WebSocket that we close, ms. ws waits 30 s, in which a
 * client that does not answer keeps a connection.
 */
const CLOSE_GRACE = 5000;

/** How many frames a message may have. Each costs more than the byte that it may bring. */
const MOST_FRAMES = 1000;

/**
 * WebSockets are opened by the ws package: 0.9's own reader of frames takes what no browser sends.
 * @param most how many bytes a message may have
 * @param onPackets takes what a message carries
 */
export function createWebSockets(
  most: number, onPackets: (session: Session, packets: Packet[]) => void, log: Log,
): OpenWebSocket {
  // Not at the top: a server that only polls need not load it.
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
      // Before ws, which reads messages in its own listener.
      socket.prependListener('data', (part: Buffer) => arriving.onPart(incoming, part.length));
      webSocket.on('close', () => arriving.remove(incoming));
      // Frames behind a message that is refused are not read: there can be thousands of them.
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
