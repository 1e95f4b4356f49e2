/*
 * Opens WebSockets, where TRANSPORTS offers them, and reads what comes over them: serve.ts says for whom. What is sent over them
 * goes by transport.ts.
 */
import type { IncomingMessage } from 'http';
import type { Duplex } from 'stream';
import type { Log } from '../log';
import type { Packet } from './legacy';
import { readPacket } from './packets';
import { Refusal } from './refusal';
import type { Session } from './session';

/** Answers a request for a WebSocket: with the WebSocket, or with why there is none. */
export interface Upgrade {
  accept: (req: IncomingMessage, socket: Duplex, head: Buffer, session: Session) => void;
  refuse: (socket: Duplex, refusal: Refusal) => void;
}

/**
 * WebSockets, by the ws package: 0.9's own reader of frames takes what no browser sends.
 * @param most how many bytes a message may have
 */
export function createUpgrade(most: number, onPackets: (session: Session, packets: Packet[]) => void, log: Log): Upgrade {
  // Not at the top: a server that only polls need not load it.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { WebSocketServer } = require('ws') as typeof import('ws');
  const server = new WebSocketServer({ noServer: true, clientTracking: false, perMessageDeflate: false, maxPayload: most });
  return {
    accept(req, socket, head, session) {
      socket.on('error', ignore);
      server.handleUpgrade(req, socket, head, webSocket => {
        webSocket.on('error', error => log.debug('WebSocket', error.message));
        webSocket.on('message', (data: Buffer, binary) => {
          try {
            if (!binary) onPackets(session, [readPacket(data.toString())]);
          } catch (error) {
            if (!(error instanceof Refusal)) throw error;
            log.debug('refused', error.reason, session.address);
            webSocket.close(1008, error.reason);
          }
        });
        session.transport.onWebSocket(webSocket, socket);
      });
    },
    refuse(socket, { status, reason }) {
      // node no longer hears the errors of a connection that asks for an upgrade, and an error that nobody hears ends the process.
      socket.on('error', ignore);
      socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${reason.length}\r\n\r\n${reason}`);
    },
  };
}

function ignore(): void {}
