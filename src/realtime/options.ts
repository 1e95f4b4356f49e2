/*
 * The options that the server hands to Socket.IO. The Config of src/config.ts fits by its
 * shape, but for `trust`, which is a class of src/iisnode.ts. The transports and the resource are
 * settings of 0.9: io.set in src/server.ts.
 */
import type { IncomingMessage } from 'http';

export interface RealtimeOptions {
  /**
   * Origins beside the server's own whose pages may connect, as browsers write them:
   * 'https://www.example.com'.
   */
  allowedOrigins: string[];
  /** The most that one POST, or one message of a WebSocket, may carry, bytes. */
  maxMessageBytes: number;
  /** How many packets one POST may carry. */
  maxPackets: number;
  /** The most that may wait for a client that does not take it: characters, and 100 a packet. */
  maxWaitingBytes: number;
  /** How many handshakes may wait to be used. */
  maxHandshakes: number;
  /** How many clients there may be, with their handshakes. */
  maxClients: number;
  /** How long a client of public/realtime.js may be absent, s. */
  sessionTimeout: number;
  trust: Trust;
}

/** The judge of requests: how much of each can be believed. */
export interface Trust {
  /**
   * @returns the client's address, 'unknown' where nobody says it, and the port, where there is
   * nothing between the client and the server
   */
  address(req: IncomingMessage): { address: string; port: number | undefined };
  /** @returns how the client came: it is not always how the request came */
  protocol(req: IncomingMessage): 'http' | 'https';
  /** The headers of a request lose what cannot be believed. */
  trustHeaders(req: IncomingMessage): void;
}
