/*
 * What a client is reached by at one moment: a poll that waits, or a WebSocket. transport.ts has one after
 * the other of them for a session (session.ts), which outlives them all.
 */
import type { ServerResponse } from 'http';
import type { Duplex } from 'stream';
import type WebSocket from 'ws';
import { encodePacket, encodePayload } from '../protocol/write';
import { answer, notHandshaken } from '../protocol/refusal';
import type { Answer } from './unread';

const NOOP = encodePacket({ type: 'noop' });

export interface Connection {
  readonly name: 'xhr-polling' | 'websocket';
  /** Whether it is over when it has been used: a poll is. */
  readonly once: boolean;
  /** What was sent and has not been taken, if anything. */
  answer: Answer | null;
  /** Whether it can take packets now. */
  isReady(): boolean;
  send(packets: string[]): void;
  /** Whether the system has taken all that was sent, as far as node knows. */
  isTaken(): boolean;
  /** Ends it. The client comes back with a handshake, at once. */
  sendAway(): void;
  /** Ends it: another has taken its place, or the session is over. */
  end(): void;
  /** Whether what it goes over is gone. */
  isGone(): boolean;
  /** Cuts what it goes over. */
  cut(): void;
}

/** A poll that waits. */
export class PollConnection implements Connection {
  get name() { return 'xhr-polling' as const; }
  get once() { return true; }
  answer: Answer | null = null;

  /**
   * @param stream what it came over
   * @param origin the page of another origin that may read the answer
   */
  constructor(
    readonly res: ServerResponse,
    private readonly stream: Duplex,
    private readonly origin: string | null,
  ) {}

  isReady(): boolean { return true; }
  end(): void { this.send([NOOP]); }

  // Without a socket it stands behind another answer on the same connection.
  isTaken(): boolean { return this.res.socket !== null && this.stream.writableLength === 0; }
  isGone(): boolean { return this.stream.destroyed; }
  cut(): void { this.stream.destroy(); }

  sendAway(): void {
    const { status, reason } = notHandshaken();
    answer(this.res, status, reason, this.origin);
  }

  send(packets: string[]): void {
    answer(this.res, 200, packets.length === 0 ? NOOP : encodePayload(packets), this.origin);
  }
}

export class WebSocketConnection implements Connection {
  get name() { return 'websocket' as const; }
  get once() { return false; }
  answer: Answer | null = null;

  /**
   * @param stream what it goes over
   * @param ready is called each time the client has taken what was sent
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

  send(packets: string[]): void {
    // In one write: a write of its own for each would be most of what a message costs.
    this.stream.cork();
    packets.forEach((packet, i) => {
      this.webSocket.send(packet, i === packets.length - 1 ? this.ready : undefined);
    });
    this.stream.uncork();
  }
}
