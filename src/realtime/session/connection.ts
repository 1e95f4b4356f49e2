/*
 * A connection reaches a client at one moment: a poll that waits, or a WebSocket. A session
 * (session.ts) outlasts its connections. transport.ts has them, one after the other.
 */
import type { ServerResponse } from 'http';
import type { Duplex } from 'stream';
import type WebSocket from 'ws';
import { notHandshaken } from '../protocol/refusal';
import { encodePacket, encodePayload } from '../protocol/write';
import type { Untaken } from './untaken';

const NOOP = encodePacket({ type: 'noop' });

/** A request that waits for packets: the part of an Exchange that a connection needs. */
export interface Poll {
  readonly res: ServerResponse;
  /** The stream that the request came over. */
  readonly stream: Duplex;
  answer(text: string, status?: number): void;
}

export interface Connection {
  readonly name: 'xhr-polling' | 'websocket';
  /** Whether the connection ends with its first write, as a poll does. */
  readonly once: boolean;
  /** The entry for packets that were written and not taken; null if there are no such packets. */
  untaken: Untaken | null;
  /** Says whether the connection can take packets now. */
  isReady(): boolean;
  write(packets: string[]): void;
  /** Says whether the system has taken all written packets, as far as node knows. */
  isTaken(): boolean;
  /** Ends the connection in such a way that its client comes back with a handshake at once. */
  sendAway(): void;
  /** Ends the connection: another one has taken its place, or the session is over. */
  end(): void;
  /** Says whether the stream below the connection is gone. */
  isGone(): boolean;
  /** Cuts the stream below the connection. */
  cut(): void;
}

/** A poll that waits. */
export class PollConnection implements Connection {
  get name() { return 'xhr-polling' as const; }
  get once() { return true; }
  untaken: Untaken | null = null;

  constructor(readonly poll: Poll) {}

  isReady(): boolean { return !this.isGone(); }

  end(): void {
    if (this.isReady()) this.write([NOOP]);
  }

  // An answer without a socket waits behind another answer on the same stream.
  isTaken(): boolean {
    const { res, stream } = this.poll;
    return res.socket !== null && stream.writableLength === 0;
  }

  isGone(): boolean { return this.poll.stream.destroyed; }
  cut(): void { this.poll.stream.destroy(); }

  sendAway(): void {
    const { status, reason } = notHandshaken();
    if (this.isReady()) this.poll.answer(reason, status);
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
   * @param stream the stream below the WebSocket
   * @param ready a function, called each time the system has taken all packets of a write
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
    // All packets go in one write. A write for each packet would be most of a message's cost.
    this.stream.cork();
    packets.forEach((packet, i) => {
      this.webSocket.send(packet, i === packets.length - 1 ? this.ready : undefined);
    });
    this.stream.uncork();
  }
}
