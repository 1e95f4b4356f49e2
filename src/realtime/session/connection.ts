/*
 * A client is reached by a connection at one moment: a poll that waits, or a WebSocket.
 * transport.ts has one after the other of them for a session (session.ts), which outlives them all.
 */
import type { ServerResponse } from 'http';
import type { Duplex } from 'stream';
import type WebSocket from 'ws';
import { notHandshaken } from '../protocol/refusal';
import { encodePacket, encodePayload } from '../protocol/write';
import type { Untaken } from './untaken';

const NOOP = encodePacket({ type: 'noop' });

/** A request that waits for packets, as far as a connection needs it: http/exchange.ts is one. */
export interface Poll {
  readonly res: ServerResponse;
  /** The connection of the server that the request came over. */
  readonly stream: Duplex;
  answer(text: string, status?: number): void;
}

export interface Connection {
  readonly name: 'xhr-polling' | 'websocket';
  /** Whether the connection is over when it has been used: a poll is. */
  readonly once: boolean;
  /** The entry for packets that were written and have not been taken, if there are any. */
  untaken: Untaken | null;
  /** Whether the connection can take packets now. */
  isReady(): boolean;
  write(packets: string[]): void;
  /** Whether the system has taken all that was written, as far as node knows. */
  isTaken(): boolean;
  /** The connection ends. Its client comes back with a handshake, at once. */
  sendAway(): void;
  /** The connection ends: another one has taken its place, or the session is over. */
  end(): void;
  /** Whether the stream below the connection is gone. */
  isGone(): boolean;
  /** The stream below the connection is cut. */
  cut(): void;
}

/** A poll that waits. */
export class PollConnection implements Connection {
  get name() { return 'xhr-polling' as const; }
  get once() { return true; }
  untaken: Untaken | null = null;

  constructor(readonly poll: Poll) {}

  isReady(): boolean { return true; }
  end(): void { this.write([NOOP]); }

  // Without a socket, the answer stands behind another one on the same connection.
  isTaken(): boolean {
    const { res, stream } = this.poll;
    return res.socket !== null && stream.writableLength === 0;
  }

  isGone(): boolean { return this.poll.stream.destroyed; }
  cut(): void { this.poll.stream.destroy(); }

  sendAway(): void {
    const { status, reason } = notHandshaken();
    this.poll.answer(reason, status);
  }

  write(packets: string[]): void {
    this.poll.answer(packets.length === 0 ? NOOP : encodePayload(packets));
  }
}

export class WebSocketConnection implements Connection {
  get name() { return 'websocket' as const; }
  get once() { return false; }
  untaken: Untaken | null = null;

  /**
   * @param stream what the WebSocket goes over
   * @param ready is called each time the client has taken all that was written
   */
  constructor(
    private readonly webSocket: WebSocket,
    private readonly stream: Duplex,
    private readonly ready: () => void,
  ) {}

  isReady(): boolean { return this.webSocket.bufferedAmount === 0; }
  isTaken(): boolean { return this.isReady(); }
  isGone(): boolean { return this.stream.destroyed; }
  cut(): void { this.webSocket.terminate(); }
  sendAway(): void { this.webSocket.close(1012); }
  end(): void { this.webSocket.close(); }

  write(packets: string[]): void {
    // All go in one write: a write for each would be most of what a message costs.
    this.stream.cork();
    packets.forEach((packet, i) => {
      this.webSocket.send(packet, i === packets.length - 1 ? this.ready : undefined);
    });
    this.stream.uncork();
  }
}
