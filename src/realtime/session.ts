/*
 * A session: one client from its handshake to its end, whatever it is reached by (transport.ts) and however many namespaces it joins.
 * manager.ts has them all. app.ts never sees one: there, a client is a socket in each namespace (socket.ts).
 */
import type { Handshake } from './api';
import type { Shared } from './cluster/shared';
import { Delivery } from './delivery';
import { encodePacket } from './encode';
import type { Manager } from './manager';
import { Outbox } from './outbox';
import { Transport } from './transport';

const CONNECT = encodePacket({ type: 'connect' });
const DISCONNECT = encodePacket({ type: 'disconnect' });

/**
 * How long a client of public/realtime.js that has said goodbye is still heard, ms. A page that
 * leaves says it again with each message that its last handlers emit, each time in a request of
 * its own, and these requests may overtake each other.
 */
const HEARD_AFTER_GOODBYE = 250;

export class Session {
  /** Whether it has polled, or opened its WebSocket: until then it is a handshake and no more. */
  connected = false;
  ended = false;
  /** For clients of public/realtime.js: their messages arrive, or the session ends. */
  readonly delivery: Delivery | null;
  readonly outbox: Outbox;
  readonly transport: Transport;
  /** The keys of the rooms that it is in. */
  rooms: string[] = [];
  private kept: Map<string, unknown> | null = null;
  /** With Redis, for clients of public/realtime.js: what makes another process able to go on with it. */
  readonly shared: Shared | null;

  /** In which sweep (limits.turn) the client last took something of what waits for it. */
  takenIn = 0;
  /** For how many sweeps in a row more has waited for it than MAX_WAITING_BYTES allows. */
  overFor = 0;
  /** The end of a session whose client has said goodbye. */
  private leaving: NodeJS.Timeout | null = null;
  /** Whether it has ended, and hears no request any more. */
  private isShut = false;
  /** Whether it has ended for good, which the client may not know. */
  booted = false;
  /** Whether the client has to come back with a handshake; whether it has, and is to be told that it is connected. */
  state: 'usual' | 'sent away' | 'resumed' = 'usual';
  /** Which handshake it was that the client came with last: what an older one still sends is not heard. */
  attempt = 'undefined';

  /**
   * @param delivers whether it is a client of public/realtime.js
   */
  constructor(readonly id: string, public handshake: Handshake, private readonly manager: Manager, delivers: boolean) {
    this.delivery = delivers ? new Delivery() : null;
    this.outbox = new Outbox(this.delivery, this);
    this.transport = new Transport(this, manager);
    this.shared = delivers && manager.cluster ? manager.cluster.share(this) : null;
  }

  /** The client's, as far as it is known. */
  get address(): string { return this.handshake.address.address; }

  /** What socket.set keeps. Handlers can still read it when the session has ended. */
  get data(): Map<string, unknown> { return this.kept || (this.kept = new Map()); }

  /** What waits has changed by so much. */
  onWait(change: number): void {
    const { limits } = this.manager;
    // Taken, or the first that waits.
    if (change < 0 || this.outbox.size === change) this.takenIn = limits.turn;
    limits.onWait(change);
  }

  /** Sends a packet; a volatile one only if the client can take it at once. */
  send(packet: string, volatile?: boolean): void {
    if (this.shared && this.shared.elsewhere && !volatile) this.shared.forward(packet);
    if (this.shared && this.shared.hasThat) return;
    if (this.ended || (volatile && !this.transport.isReady())) return;
    const numbered = this.outbox.add(packet, !volatile);
    if (this.shared) this.shared.onPacket(numbered);
    this.transport.flushSoon();
  }

  /**
   * The client is reached again: puts what it has to hear first before all that waits.
   * @param moved whether it came by another transport until now
   */
  onConnection(moved: boolean): void {
    this.outbox.sendAgain();
    if (this.state === 'resumed') this.outbox.greet(CONNECT);
    else if (moved) this.outbox.add(CONNECT, false);
    if (this.booted && !this.outbox.has(DISCONNECT)) this.outbox.add(DISCONNECT, false);
    this.state = 'usual';
    this.begin();
  }

  /**
   * The handshake is used.
   * @param recovered whether the session began in another process
   */
  begin(recovered = false): void {
    if (this.connected || this.ended) return;
    this.connected = true;
    if (!this.transport.connection) this.transport.awaitClient();
    this.manager.onConnect(this, recovered);
    if (this.shared) this.shared.touch();
  }

  /** Whether a request is of the handshake that the client came with last. */
  isOf(attempt: string): boolean {
    return !this.isShut && (!this.delivery || this.attempt === attempt);
  }

  /** The client has come back with a handshake, and goes on where it was. */
  resume(attempt: string, got: number): void {
    // A page that has left and is back, from the browser's memory.
    if (this.leaving) clearTimeout(this.leaving);
    this.leaving = null;
    this.transport.drop();
    this.attempt = attempt;
    this.state = 'resumed';
    this.outbox.onGot(got);
    this.transport.awaitClient();
  }

  /** The client has come back with that handshake: what the application sees of it is the new one. */
  renew(handshake: Handshake): void {
    this.handshake = handshake;
    if (this.shared) this.shared.onChange('handshake');
  }

  /**
   * A message of a client whose messages are numbered.
   * @param size its length in characters
   * @returns whether it is to be handled
   */
  isNext(number: number, size: number): boolean {
    const order = this.delivery!.onMessage(number, size, !this.shared || !this.shared.waits);
    if (this.shared) this.shared.touch();
    // Something on the way lost one and told nobody. The client sends it again when it comes back.
    if (order === 'gap' && this.state !== 'sent away') {
      if (this.delivery!.isLost()) this.end('a message is missing');
      else this.sendAway();
    }
    this.transport.flushSoon();
    return order === 'next';
  }

  /** Ends the session for good: the client is told, at the latest by its next poll, and does not come back. */
  disconnect(): void {
    if (this.ended) return;
    this.booted = true;
    this.outbox.add(DISCONNECT, false);
    this.end('booted');
  }

  /** Another process goes on with it. */
  leave(): void {
    if (this.ended) return;
    this.ended = true;
    this.manager.onEnd(this, 'moved');
    this.transport.drop(); // the client asks again, of whoever has it then
    this.forget();
  }

  /** The client says goodbye. */
  onGoodbye(): void {
    if (!this.delivery) this.onLeave();
    else if (!this.leaving) {
      this.leaving = setTimeout(() => {
        if (!this.ended) this.onLeave();
      }, HEARD_AFTER_GOODBYE).unref();
    }
  }

  /** The client ends the session. Where a poll still waits, it is told so. */
  onLeave(): void {
    this.disconnect();
    this.booted = false; // it knows
    this.forget();
  }

  /** Whether it has ended, and its client is to have another one: all that is left are acknowledgements. */
  get isOver(): boolean {
    return this.ended && !this.booted;
  }

  /**
   * Ends the session. A client that is still there gets a new one, unless it has been told to stay away.
   * @param reason what handlers of 'disconnect' are told
   * @param rest what becomes of packets that the client has not been sent: 'send' if it is there, 'acks'
   * if there is too much of them, 'nothing' where the client is known to be gone
   */
  end(reason: string, rest: 'send' | 'acks' | 'nothing' = 'send'): void {
    if (this.ended) return;
    this.ended = true;
    this.manager.onEnd(this, reason);
    if (this.shared) {
      this.shared.letGo();
      this.shared.touch();
    }
    if (rest === 'acks') this.outbox.keepAcks();
    const told = this.transport.flushLast();
    this.transport.awaitClient();
    if (this.booted) {
      if (told && !this.delivery) this.forget();
    } else if (told || rest === 'nothing' || !this.outbox.keepAcks()) this.forget();
  }

  /**
   * Ends the session, and what waited for its client goes to nobody: the client may be another user
   * by now. Whose it was is kept for as long as the client may be away: if the answer to its
   * handshake is lost, or if it was refused, it names this session again (Manager.admit).
   */
  endUntold(reason: string): void {
    this.outbox.giveUp();
    this.end(reason, 'nothing');
    this.isShut = true;
    // What was never used is no more than a handshake: MAX_HANDSHAKES bounds these, and no more.
    if (this.connected) this.manager.sessions.set(this.id, this);
  }

  /** The client is to come back with a handshake, at once. */
  sendAway(): void {
    this.state = 'sent away';
    this.transport.sendAway();
  }

  /**
   * Does what is due. To be called about once a second: a timer for each poll would cost more.
   * @param time by the clock that only goes forward, ms
   */
  sweep(time: number): void {
    this.transport.flush();
    if (!this.transport.isDue(time)) return;
    if (!this.connected) this.end('unused', 'nothing');
    else if (this.ended) this.forget();
    else {
      const reason = this.transport.onDue();
      if (reason !== null) this.end(reason, 'nothing');
    }
  }

  /** The client has been sent all that waited at the end. That it is over for good is kept until nobody asks: the answer may be lost. */
  onToldEnd(): void {
    if (!this.booted || !this.delivery) this.forget();
  }

  /** Nothing of the session is kept. */
  forget(): void {
    this.outbox.clear();
    this.manager.sessions.delete(this.id);
  }
}
