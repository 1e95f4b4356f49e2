/*
 * A session: one client from its handshake to its end, whatever the client is reached by
 * (transport.ts) and however many namespaces it joins. io/manager.ts has all sessions. app.ts never
 * sees one: there, a client is a socket in each namespace (io/socket.ts).
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
 * How long a client of public/realtime.js that has said goodbye is still heard, ms. A page that
 * leaves says goodbye again with each message that its last handlers emit, each time in a request
 * of its own, and these requests may overtake each other. In a busy Firefox the last one came more
 * than 250 ms after the first.
 */
const HEARD_AFTER_GOODBYE = 1000;

/**
 * Where a session is:
 * - handshake: the client has not polled yet, nor opened its WebSocket.
 * - open: the client is connected, whether it can be reached at the moment or not.
 * - sent away: connected as well, but the client has to come back with a handshake first.
 * - closing: the session has ended, and its client has not been told all that it is to hear.
 * - over: the session has ended, and no request of its client is heard any more.
 */
export type Phase = 'handshake' | 'open' | 'sent away' | 'closing' | 'over';

/** The manager of all sessions, as far as one session needs it. */
export interface SessionHost extends TransportHost {
  /** By their ids. */
  readonly sessions: Map<string, Session>;
  readonly backplane: { keep(session: Session): Keeper };
  onOpen(session: Session, recovered: boolean): void;
  /**
   * @param says the reason for handlers of 'disconnect'
   * @param wasUsed whether the session was more than a handshake
   */
  onEnd(session: Session, says: string, wasUsed: boolean): void;
}

export class Session {
  phase: Phase = 'handshake';
  /** How the session has ended, null until then. */
  private ending: End | null = null;

  /** For clients of public/realtime.js: their messages arrive, or the session ends. */
  readonly delivery: Delivery | null;
  readonly outbox: Outbox;
  readonly transport: Transport;
  /** The one that hears of what another process would need to go on with the session. */
  readonly keeper: Keeper;

  /** The keys of the rooms that the client is in (io/rooms.ts). */
  rooms: string[] = [];
  /** The values of socket.set. The map is made at its first use: most clients have none. */
  private values: Map<string, unknown> | null = null;
  /**
   * Which of its handshakes the client of public/realtime.js came with last. What an older one
   * still sends is not heard. null for other clients, which do not number them.
   */
  handshakeNumber: number | null = null;
  /**
   * Whether the client has come back, and is to be told that it is connected: by whichever process
   * its next poll comes to.
   */
  isBack = false;
  /** Runs when the client has said goodbye. */
  private goodbye: NodeJS.Timeout | null = null;
  /** In which sweep (Limits.turn) the client last took some of the packets that wait for it. */
  takenIn = 0;
  /** For how many sweeps in a row more has waited for the client than may (MAX_WAITING_BYTES). */
  overFor = 0;

  /**
   * @param handshake the last one that the client came with
   * @param delivers whether it is a client of public/realtime.js, whose messages are numbered
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

  /** The address of the client, as far as it is known. */
  get address(): string { return this.handshake.address.address; }

  /** The values of socket.set. Handlers can still read them when the session has ended. */
  get data(): Map<string, unknown> { return this.values || (this.values = new Map()); }

  /** Whether the session is, or was, more than a handshake. */
  get isUsed(): boolean { return this.phase !== 'handshake'; }

  get ended(): boolean { return this.ending !== null; }

  /** Whether the session has ended for good: its client is told so, and begins no other one. */
  get isForGood(): boolean { return this.ending !== null && this.ending.keeps === 'all'; }

  /** Whether the session has ended otherwise: its client is to begin another one. */
  get isGivenUp(): boolean { return this.ending !== null && this.ending.keeps !== 'all'; }

  /** @returns whether a request is of the handshake that the client came with last */
  isOf(handshakeNumber: number | null): boolean {
    if (this.phase === 'over') return false;
    return this.delivery === null || this.handshakeNumber === handshakeNumber;
  }

  /** The size of what waits for the client has changed. */
  onWait(change: number): void {
    const { limits } = this.host;
    // Some of it was taken, or it is the first that waits.
    if (change < 0 || this.outbox.size === change) this.takenIn = limits.turn;
    limits.onWait(change);
  }

  /** The size of the newest values that wait has changed, and the client has taken none of them. */
  onNewest(change: number): void {
    const { limits } = this.host;
    if (change > 0 && this.outbox.size === change) this.takenIn = limits.turn;
    limits.onWait(change);
  }

  /**
   * The session puts a packet on its way to the client.
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
   * The client is reached again. What it has to hear first goes before all that waits.
   * @param moved whether it came by another transport until now
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
   * The handshake is used.
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
   * The client has come back with a handshake, and goes on where it was.
   * @param got the number of the last message that the client has
   */
  resume(handshakeNumber: number | null, got: number): void {
    // A page that has left can be back, from the browser's memory.
    if (this.goodbye) clearTimeout(this.goodbye);
    this.goodbye = null;
    this.transport.drop();
    this.handshakeNumber = handshakeNumber;
    if (this.phase === 'sent away') this.phase = 'open';
    this.isBack = true;
    this.outbox.onGot(got);
    this.transport.awaitClient();
  }

  /** From now on the application sees that handshake. */
  renew(handshake: Handshake): void {
    this.handshake = handshake;
    this.keeper.changed('handshake');
  }

  /**
   * A message of a client whose messages are numbered has come.
   * @param size its length in characters
   * @returns whether it is to be handled
   */
  isNext(number: number, size: number): boolean {
    const order = this.delivery!.onMessage(number, size, !this.keeper.waits);
    this.keeper.changed();
    // Something on the way lost a message and told nobody. The client sends it again when it comes
    // back.
    if (order === 'gap' && this.phase !== 'sent away') {
      if (this.delivery!.isLost()) this.end('a message is missing');
      else this.sendAway();
    }
    this.transport.flushSoon();
    return order === 'next';
  }

  /** The client is to come back with a handshake, at once. */
  sendAway(): void {
    if (this.phase === 'open') this.phase = 'sent away';
    this.transport.sendAway();
  }

  /** The client says goodbye, with a packet. */
  onGoodbye(): void {
    if (!this.delivery) this.end('goodbye');
    else if (!this.goodbye) {
      this.goodbye = setTimeout(() => {
        if (!this.ended) this.end('goodbye');
      }, HEARD_AFTER_GOODBYE).unref();
    }
  }

  /** The session ends, in the way that ENDS has for the reason. */
  end(reason: Reason): void {
    const { says = reason, sends, keeps, isFarewell } = ENDS[reason];
    if (this.ending) {
      // It has ended before. All that can change is what is kept for the client.
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
   * The client has been sent all that waited when the session ended. A client whose messages are
   * numbered can ask again, as the answer may be lost: it is told for as long as it asks.
   */
  onToldEnd(): void {
    if (!this.isForGood || !this.delivery) this.forget();
  }

  /**
   * No request is heard any more, and nothing is kept but whose session it was.
   * @param wasUsed whether it was more than a handshake: MAX_HANDSHAKES bounds these, and nothing
   * else does
   */
  private shut(wasUsed: boolean): void {
    this.outbox.giveUp();
    this.forget();
    if (wasUsed) this.host.sessions.set(this.id, this);
  }

  /** Nothing of a session that has ended is kept. */
  forget(): void {
    this.phase = 'over';
    this.outbox.clear();
    this.host.sessions.delete(this.id);
  }

  /**
   * The session does what is due. To be called about once a second: a timer for each poll would
   * cost more.
   * @param time by the clock that only goes forward, ms
   */
  sweep(time: number): void {
    this.transport.flush();
    if (!this.transport.isDue(time)) return;
    if (!this.isUsed) this.end('unused');
    else if (this.ended) this.forget();
    else {
      const reason = this.transport.onDue();
      if (reason !== null) this.end(reason);
    }
  }
}
