/*
 * A session is one client from its handshake to its end. It outlasts the connections that reach the
 * client (transport.ts), and serves all namespaces that the client joins. io/manager.ts has all
 * sessions. app.ts never sees a session: there, a client is a socket in each namespace
 * (io/socket.ts).
 */
import type { Handshake } from '../api';
import { encodePacket } from '../protocol/write';
import { Delivery } from './delivery';
import { End, ENDS, Reason } from './ends';
import { Keeper, NOBODY } from './keeper';
import { Outbox } from './outbox';
import { Transport, TransportHost } from './transport';

const CONNECT = encodePacket({ type: 'connect' });
const DISCONNECT = encodePacket({ type: 'disconnect' });

/**
 * The time for which the server still hears a client of public/realtime.js that has said goodbye,
 * ms. A page that leaves says goodbye again with each message that its last handlers emit. Each
 * goodbye is a request of its own, and these requests may overtake each other. In a busy Firefox
 * the last request came more than 250 ms after the first.
 */
const HEARD_AFTER_GOODBYE = 1000;

/**
 * The phases of a session:
 * - handshake: the client has not polled and has not opened a WebSocket yet.
 * - open: the client is connected, even if the server cannot reach it at the moment.
 * - sent away: the client is connected, but it has to come back with a handshake first.
 * - closing: the session has ended, and the client has not been sent all of its last packets yet.
 * - over: the session has ended, and the server does not hear requests of the client any more.
 */
export type Phase = 'handshake' | 'open' | 'sent away' | 'closing' | 'over';

/** The part of the manager of all sessions that a session needs. */
export interface SessionHost extends TransportHost {
  /** All sessions, by their ids. */
  readonly sessions: Map<string, Session>;
  readonly backplane: { keep(session: Session): Keeper };
  onOpen(session: Session, recovered: boolean): void;
  /**
   * @param says the reason that handlers of 'disconnect' are told
   * @param wasUsed whether the session was more than a handshake
   */
  onEnd(session: Session, says: string, wasUsed: boolean): void;
}

export class Session {
  phase: Phase = 'handshake';
  /** The row of ENDS for the reason of the end; null while the session goes on. */
  private ending: End | null = null;

  /**
   * The delivery of a client of public/realtime.js: its messages arrive, or the session ends. null
   * for 0.9's own clients.
   */
  readonly delivery: Delivery | null;
  readonly outbox: Outbox;
  readonly transport: Transport;
  /** The object that hears of each change that another process needs to go on with the session. */
  readonly keeper: Keeper;

  /** The keys of the rooms that the client is in (io/rooms.ts). */
  rooms: string[] = [];
  /** The values of socket.set; null until the first use, because most clients have no values. */
  private values: Map<string, unknown> | null = null;
  /**
   * The number of the last handshake of a client of public/realtime.js. The server does not hear
   * requests that belong to an older handshake. null for other clients, which do not number their
   * handshakes.
   */
  handshakeNumber: number | null = null;
  /**
   * Whether the client has come back, and the answer to its next poll has to say that it is
   * connected. That poll may come to another process.
   */
  isBack = false;
  /** The timer that ends the session; null if the client has not said goodbye. */
  private goodbye: NodeJS.Timeout | null = null;
  /** The value of Limits.sweeps when the client last took packets that wait for it. */
  takenIn = 0;
  /** The number of sweeps in a row in which more than MAX_WAITING_BYTES has waited. */
  overFor = 0;

  /**
   * @param handshake the last handshake of the client
   * @param delivers whether the client has public/realtime.js, which numbers messages
   */
  constructor(
    readonly id: string,
    public handshake: Handshake,
    private readonly host: SessionHost,
    delivers: boolean,
  ) {
    this.delivery = delivers ? new Delivery() : null;
    this.outbox = new Outbox(this.delivery, this);
    this.transport = new Transport(this, host);
    this.keeper = delivers ? host.backplane.keep(this) : NOBODY;
  }

  /** The address of the client, as far as the server knows it. */
  get address(): string { return this.handshake.address.address; }

  /** The values of socket.set. Handlers can still read the values when the session has ended. */
  get data(): Map<string, unknown> { return this.values || (this.values = new Map()); }

  /** Whether the session is, or was, more than a handshake. */
  get isUsed(): boolean { return this.phase !== 'handshake'; }

  get ended(): boolean { return this.ending !== null; }

  /** Whether the session has ended for good: the client is told so, and begins no other session. */
  get isForGood(): boolean { return this.ending !== null && this.ending.keeps === 'all'; }

  /** Whether the session has ended, but not for good: the client has to begin another session. */
  get isGivenUp(): boolean { return this.ending !== null && this.ending.keeps !== 'all'; }

  /** @returns whether a request with this number belongs to the last handshake of the client */
  isOf(handshakeNumber: number | null): boolean {
    if (this.phase === 'over') return false;
    return this.delivery === null || this.handshakeNumber === handshakeNumber;
  }

  /** Notes that the size of the packets that wait for the client has changed. */
  onWait(change: number): void {
    const { limits } = this.host;
    // The client has taken packets, or the first packet has begun to wait.
    if (change < 0 || this.outbox.size === change) this.takenIn = limits.sweeps;
    limits.onWait(change);
  }

  /** Notes that the size of the newest values has changed. The client has taken none of them. */
  onNewest(change: number): void {
    const { limits } = this.host;
    if (change > 0 && this.outbox.size === change) this.takenIn = limits.sweeps;
    limits.onWait(change);
  }

  /**
   * Puts a packet on its way to the client.
   * @param volatile the kind of a volatile packet (kindOf). If the client cannot take the packet at
   * once, only the newest packet of its kind waits
   */
  send(packet: string, volatile?: string): void {
    if (this.ended) {
      if (volatile === undefined) this.keeper.sendOn(packet);
      return;
    }
    if (volatile !== undefined) {
      if (!this.transport.isReady()) {
        if (this.isUsed) this.outbox.addNewest(packet, volatile, this.host.limits.mostNewest);
        return;
      }
    } else if (!this.keeper.sends(packet)) return;
    this.outbox.add(packet, volatile === undefined);
    this.transport.flushSoon();
  }

  /**
   * Goes on when the client is reached again: lost packets are sent again, and the client is told
   * that it is connected, or that the session has ended.
   * @param moved whether the client came by another transport until now
   */
  onConnection(moved: boolean): void {
    this.outbox.sendAgain();
    if (this.isBack) this.outbox.greet(CONNECT);
    else if (moved) this.outbox.add(CONNECT, false);
    if (this.isForGood && !this.outbox.has(DISCONNECT)) this.outbox.add(DISCONNECT, false);
    if (this.isBack) {
      this.isBack = false;
      this.keeper.changed();
    }
    this.open();
  }

  /**
   * Begins the session, because its handshake is used now.
   * @param recovered whether the session began in another process
   */
  open(recovered = false): void {
    if (this.phase !== 'handshake') return;
    this.phase = 'open';
    if (!this.transport.connection) this.transport.awaitClient();
    this.host.onOpen(this, recovered);
    this.keeper.changed();
  }

  /**
   * Goes on with the session, because the client has come back with a handshake.
   * @param handshakeNumber the number of that handshake
   * @param got the number of the last message that the client has
   */
  resume(handshakeNumber: number | null, got: number): void {
    // A page that has said goodbye can come back from the browser's memory.
    if (this.goodbye) clearTimeout(this.goodbye);
    this.goodbye = null;
    this.transport.drop();
    this.handshakeNumber = handshakeNumber;
    if (this.phase === 'sent away') this.phase = 'open';
    this.isBack = true;
    this.outbox.onGot(got);
    this.transport.awaitClient();
  }

  /** Replaces the handshake that the application sees. */
  renew(handshake: Handshake): void {
    this.handshake = handshake;
    this.keeper.changed('handshake');
  }

  /**
   * Notes a message of a client that numbers its messages.
   * @param size the length of the message, characters
   * @returns whether the message has to be handled
   */
  isNext(number: number, size: number): boolean {
    const order = this.delivery!.onMessage(number, size, !this.keeper.waits);
    this.keeper.changed();
    // A message was lost on the way. The client sends it again when it comes back.
    if (order === 'gap' && this.phase !== 'sent away') {
      if (this.delivery!.isLost()) this.end('a message is missing');
      else this.sendAway();
    }
    this.transport.flushSoon();
    return order === 'next';
  }

  /** Makes the client come back with a handshake at once. */
  sendAway(): void {
    if (this.phase === 'open') this.phase = 'sent away';
    this.transport.sendAway();
  }

  /** Ends the session because the client has said goodbye with a packet. */
  onGoodbye(): void {
    if (!this.delivery) this.end('goodbye');
    else if (!this.goodbye) {
      this.goodbye = setTimeout(() => {
        if (!this.ended) this.end('goodbye');
      }, HEARD_AFTER_GOODBYE).unref();
    }
  }

  /** Ends the session, in the way that ENDS has for the reason. */
  end(reason: Reason): void {
    const { says = reason, sends, keeps, isFarewell } = ENDS[reason];
    if (this.ending) {
      // The session has ended before. Now it can only keep less for the client.
      if (keeps === 'user') this.shut(true);
      else if (reason === 'goodbye') this.forget();
      return;
    }
    const wasUsed = this.isUsed;
    if (isFarewell) this.outbox.add(DISCONNECT, false);
    this.phase = 'closing';
    this.ending = ENDS[reason];
    this.host.onEnd(this, says, wasUsed);
    this.keeper.ended();

    if (sends === 'acks') this.outbox.keepAcks();
    const told = sends !== 'nothing' && this.transport.flushLast();
    this.transport.drop();
    this.transport.awaitClient();
    if (keeps === 'user') this.shut(wasUsed);
    else if (keeps === 'nothing') this.forget();
    else if (keeps === 'acks') {
      if (told || !this.outbox.keepAcks()) this.forget();
    } else if (told) this.onToldEnd();
  }

  /**
   * Forgets the session, because the client has been sent all packets that waited at its end. But a
   * client that numbers its messages may ask again, because the answer may be lost. If the session
   * has ended for good, such a client is told for as long as it asks.
   */
  onToldEnd(): void {
    if (!this.isForGood || !this.delivery) this.forget();
  }

  /**
   * Closes the session for all requests, and keeps only its user.
   * @param wasUsed whether the session was more than a handshake. A mere handshake is not kept,
   * because MAX_HANDSHAKES does not count handshakes that have ended
   */
  private shut(wasUsed: boolean): void {
    this.outbox.giveUp();
    this.forget();
    if (wasUsed) this.host.sessions.set(this.id, this);
  }

  /** Forgets a session that has ended. */
  forget(): void {
    this.phase = 'over';
    this.outbox.clear();
    this.host.sessions.delete(this.id);
  }

  /**
   * Does the work that is due. Call it about once a second: a timer for each poll would cost more.
   * @param time the time by the clock that only goes forward (clock.ts), ms
   */
  sweep(time: number): void {
    this.transport.noteGone();
    const isDue = this.transport.isDue(time);
    // Nearly all clients only wait, and this function runs for each client each second.
    if (!isDue && !this.outbox.isDue()) return;
    this.transport.flush();
    if (!isDue || !this.transport.isDue(time)) return;
    if (!this.isUsed) this.end('unused');
    else if (this.ended) this.forget();
    else {
      const reason = this.transport.onDue();
      if (reason !== null) this.end(reason);
    }
  }
}
