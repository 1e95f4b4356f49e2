/*
 * The options that the server hands to Socket.IO. The Config of src/config.ts has all of them,
 * except `trust`, which is a class of src/iisnode.ts. The transports and the resource are settings
 * of 0.9, so src/server.ts sets them with io.set.
 */
import type { IncomingMessage } from 'http';

export interface RealtimeOptions {
  /**
   * The origins whose pages may connect, beside the server's own. An origin is written as browsers
   * write it: 'https://www.example.com'.
   */
  allowedOrigins: string[];
  /** The largest size of one POST, or of one message of a WebSocket, bytes. */
  maxMessageBytes: number;
  /** The largest number of packets in one POST. */
  maxPackets: number;
  /**
   * The largest size of all packets that wait for one client. The size of a packet is the number of
   * its characters, and 100 more.
   */
  maxWaitingBytes: number;
  /** The largest number of handshakes that wait to be used. */
  maxHandshakes: number;
  /** The largest number of clients. A handshake that waits to be used counts as a client. */
  maxClients: number;
  /** The time that a client of public/realtime.js may be absent, s. */
  sessionTimeout: number;
  trust: Trust;
}

/** The object that decides which parts of a request can be believed. */
export interface Trust {
  /**
   * @returns the client's address, or 'unknown'; and the client's port, if nothing stands between
   * the client and the server
   */
  address(req: IncomingMessage): { address: string; port: number | undefined };
  /**
   * @returns the protocol with which the client came. A proxy or IIS may send the request on with
   * another protocol
   */
  protocol(req: IncomingMessage): 'http' | 'https';
  /** Deletes or replaces the headers of a request that cannot be believed. */
  trustHeaders(req: IncomingMessage): void;
}
