import type { ServerResponse } from 'http';
import type { Duplex } from 'stream';
import type WebSocket from 'ws';
import { encodePacket, encodePayload } from './legacy';
import type { Manager } from './manager';
import { answer } from './refusal';

const NOOP = encodePacket({ type: 'noop' });
const HEARTBEAT = encodePacket({ type: 'heartbeat' });
const DISCONNECT = encodePacket({ type: 'disconnect' });
/** What 0.9's client takes for: connect again, at once. */
export const CONNECT_AGAIN = encodePacket({ type: 'error', reason: 'client not handshaken', advice: 'reconnect' });

/** How long a handshake may stay unused, ms, as in 0.9. */
const UNUSED = 30000;

/** A poll that waits, and the page of another origin that may read its answer. */
interface Poll {
  res: ServerResponse;
  origin: string | null;
}

/**
 * A client from its handshake to its end, and what waits for it until its next poll, or its WebSocket, takes it. Stock 0.9 has
 * an object for each poll instead, and loses what is written to one whose client is gone. To 0.9's sockets this is their
 * transport.
 */
export class Session {
  /** What socket.transport says. */
  name: 'xhr-polling' | 'websocket' = 'xhr-polling';
  /** Whether it has polled, or opened its WebSocket: until then it is a handshake and no more. */
  connected = false;
  ended = false;
  /** How much waits for the client, characters. */
  size = 0;

  private queue: string[] = [];
  private overflown = false;
  private flushing = false;
  private poll: Poll | null = null;
  private webSocket: WebSocket | null = null;
  private awaitsHeartbeat = false;
  /** The connection that the last answer went to. */
  private answered: Duplex | null = null;
  /** When the next thing is due, ms: the end of a poll's wait, a heartbeat, or the end of a client that is away. */
  private due: number;

  /**
   * @param address the client's, as far as it is known
   */
  constructor(readonly id: string, readonly address: string, private readonly manager: Manager) {
    this.due = Date.now() + UNUSED;
  }

  /** Sends a packet; a volatile one only if the client can take it at once. */
  send(packet: string, volatile?: boolean): void {
    if (this.ended || this.overflown || (volatile && !this.poll && !this.isDrained())) return;
    this.queue.push(packet);
    this.size += packet.length;
    this.manager.limits.onWait(this, packet.length);
    this.flushSoon();
  }

  /** A poll: answered at once if something waits for the client, otherwise as soon as something does. */
  onPoll(res: ServerResponse, origin: string | null): void {
    // 0.9's client polls again when it has read the answer. One that has not could make us keep any number of them.
    if (this.answered && this.answered !== res.socket && this.answered.writableLength > 0) this.answered.destroy();
    this.answerPoll();
    this.dropWebSocket();
    this.name = 'xhr-polling';
    this.poll = { res, origin };
    this.dueIn('polling duration');
    // What is sent to a client that has gone away waits for its next poll.
    res.on('close', () => {
      if (!this.poll || this.poll.res !== res) return;
      this.poll = null;
      this.dueIn('close timeout');
    });
    this.begin();
    this.flushSoon();
  }

  /** A WebSocket, open. The polls are over. */
  onWebSocket(webSocket: WebSocket): void {
    this.answerPoll();
    this.dropWebSocket();
    this.name = 'websocket';
    this.webSocket = webSocket;
    this.dueIn('heartbeat interval');
    webSocket.on('close', () => {
      if (this.webSocket !== webSocket) return;
      this.webSocket = null;
      this.end('socket end');
    });
    this.begin();
    this.flushSoon();
  }

  /** The client has answered a heartbeat. */
  onHeartbeat(): void {
    if (!this.webSocket) return;
    this.awaitsHeartbeat = false;
    this.dueIn('heartbeat interval');
  }

  /** Ends the session for good: the client is told, at the latest by its next poll, and does not come back. */
  disconnect(): void {
    if (this.ended) return;
    this.queue.push(DISCONNECT);
    this.end('booted');
  }

  /** Ends the session. A client that is still there gets a new one, unless it has been told to stay away. */
  end(reason: string): void {
    if (this.ended) return;
    this.ended = true;
    this.manager.onEnd(this, reason);
    this.dueIn('close timeout');
    if (this.poll || this.webSocket) this.flush();
    this.answerPoll();
    this.dropWebSocket();
    if (!this.queue.includes(DISCONNECT)) this.forget();
  }

  /** Too much waits for the client: nothing more does, and the session ends. Later, so that nobody is interrupted who sends to many. */
  overflow(): void {
    this.take();
    this.overflown = true;
    setImmediate(() => this.end('too much waits'));
  }

  /** Lets the client go: the server is stopping. It connects again at once. */
  sendAway(): void {
    if (this.webSocket) this.webSocket.close(1012);
    if (this.poll) answer(this.poll.res, 200, CONNECT_AGAIN, this.poll.origin);
    this.poll = null;
  }

  /** Does what is due. To be called about once a second: a timer for each poll would cost more. */
  sweep(now: number): void {
    if (now < this.due) return;
    if (this.poll) this.answerPoll();
    else if (!this.connected) this.end('unused');
    else if (this.ended) this.forget();
    else if (!this.webSocket) this.end('close timeout');
    else if (this.awaitsHeartbeat) this.end('heartbeat timeout');
    else {
      this.awaitsHeartbeat = true;
      this.dueIn('heartbeat timeout');
      this.webSocket.send(HEARTBEAT);
    }
  }

  /** Sends what waits, if the client can take it. */
  flush(): void {
    this.flushing = false;
    if (this.queue.length === 0) return;
    if (this.poll) this.answerPoll();
    else if (this.isDrained()) {
      const packets = this.take();
      // What is sent meanwhile waits until the client has taken this.
      packets.forEach((packet, i) => this.webSocket!.send(packet, i === packets.length - 1 ? () => this.flushSoon() : undefined));
    }
  }

  /** At the end of this tick, so that all its packets go together. */
  private flushSoon(): void {
    if (this.flushing || this.queue.length === 0 || (!this.poll && !this.webSocket)) return;
    this.flushing = true;
    this.manager.flushSoon(this);
  }

  /** Answers the poll that waits with what waits for the client, or with nothing. */
  private answerPoll(): void {
    if (!this.poll) return;
    const { res, origin } = this.poll;
    this.poll = null;
    this.answered = res.socket;
    this.dueIn('close timeout');
    answer(res, 200, this.queue.length === 0 ? NOOP : encodePayload(this.take()), origin);
    if (this.ended) this.forget();
  }

  private forget(): void {
    this.take();
    this.manager.sessions.delete(this.id);
  }

  /** All that waits, which waits no longer. */
  private take(): string[] {
    const { queue } = this;
    this.manager.limits.onWait(this, -this.size);
    this.queue = [];
    this.size = 0;
    return queue;
  }

  /** Whether there is a WebSocket, and its client reads. */
  private isDrained(): boolean {
    return this.webSocket !== null && this.webSocket.bufferedAmount === 0;
  }

  private dropWebSocket(): void {
    const { webSocket } = this;
    this.webSocket = null;
    if (webSocket) webSocket.close();
  }

  /** The handshake is used. */
  begin(): void {
    if (this.connected || this.ended) return;
    this.connected = true;
    if (!this.poll && !this.webSocket) this.dueIn('close timeout');
    this.manager.onConnect(this);
  }

  private dueIn(setting: string): void {
    this.due = Date.now() + this.manager.get(setting) * 1000;
  }

  /* What 0.9 calls. */

  /** It hands over every packet: where it waits is not its business. */
  readonly open = true;

  onDispatch(packet: string, volatile?: boolean): void {
    this.send(packet, volatile);
  }

  onForcedDisconnect(): void {
    this.disconnect();
  }
}
