/*
 * The seam between this folder and several processes. Processes share clients through a Backplane.
 * All other code in http/, io/, session/ and protocol/ is the same for one process and for many.
 * One process has `alone`, below. Several processes have a class in cluster/, which server.ts hands
 * to the door (index.ts).
 */
import type { Handshake } from './api';
import { Keeper, NOBODY } from './session/keeper';
import type { Session } from './session/session';

/**
 * A packet for the clients in a room, or for one session, in any process; or the end of a session.
 */
export interface Entry {
  /** The text of the packet. */
  packet?: string;
  /** The key of the room whose clients get the packet. */
  room?: string;
  /** The ids of the sessions in the room that do not get the packet. */
  except?: string[];
  /**
   * The name of the event, if the emit is volatile. Of several such emits, a client may get only
   * the newest.
   */
  volatile?: string;
  /** The id of the session that gets the packet. */
  to?: string;
  /** The id of a session that ends for good. */
  end?: string;
}

export interface Backplane {
  /** @returns the keeper that is told of the changes of a session whose messages are numbered */
  keep(session: Session): Keeper;
  /**
   * Sends an entry to the clients of all processes. All processes get the entries in the same
   * order.
   */
  publish(entry: Entry): void;
  /**
   * Lets a client in. If another process has the session that the handshake names, the session
   * comes here first.
   * @param admit lets the client in here, and returns the text of the answer
   * @returns the text of the answer
   * @throws Refusal if the client may not come in
   */
  enter(handshake: Handshake, admit: () => string): string | Promise<string>;
  /**
   * Brings a session here, if another process has it.
   * @param session the session of this id in this process, if there is one
   * @param handshakeNumber the number of the handshake that the request belongs to; null if any
   * handshake will do
   * @param got the number of the last message that the client has
   * @returns a promise that is fulfilled when the session is here; null if there is nothing to wait
   * for
   */
  bring(
    session: Session | undefined, id: string, handshakeNumber: number | null, got: number,
  ): Promise<void> | null;
  /**
   * Lets a session handle a request of its client.
   * @param handshakeNumber the number of the handshake that the request belongs to
   * @param act handles the request. If the session goes to another process before its changes are
   * stored, the session comes back, and `act` is called again
   * @returns a promise that is fulfilled when the changes are stored; null if there is nothing to
   * wait for
   */
  handle(
    session: Session, handshakeNumber: number | null, act: (session: Session) => void,
  ): Promise<void> | null;
  /**
   * Calls `act`, which handles messages of a session. Each entry that `act` publishes has these
   * messages as its cause.
   */
  causing(session: Session, act: () => void): void;
  /** Tells the backplane that a client has come to this process, or has left it. */
  onClients(): void;
  /** The number of clients that the other processes have. */
  readonly elsewhere: number;
  /** Whether the handshake of a session may be a copy that was JSON on its way. */
  readonly copies: boolean;
  /** Whether the processes reach each other; undefined if there is only one process. */
  readonly state: 'ok' | 'gone' | undefined;
  /** Does the work that is due. To be called about once a second. */
  sweep(time: number): void;
  close(): void;
}

/** The part of io/ that `alone` needs. */
export interface Core {
  sendToRoom(room: string, packet: string, volatile: string | undefined, except: string[]): void;
  /** Tells the application the number of clients, if the number has changed. */
  onCount(): void;
}

/** Makes the backplane of one process. This backplane stores nothing and waits for nothing. */
export const alone = (core: Core): Backplane => ({
  keep: () => NOBODY,
  publish({ room, packet, volatile, except = [] }) {
    if (room !== undefined) core.sendToRoom(room, packet!, volatile, except);
  },
  enter: (_handshake, admit) => admit(),
  bring: () => null,
  handle(session, _handshakeNumber, act) {
    act(session);
    return null;
  },
  causing: (_session, act) => act(),
  onClients: () => core.onCount(),
  elsewhere: 0,
  copies: false,
  state: undefined,
  sweep() {},
  close() {},
});
