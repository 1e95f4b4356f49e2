/*
 * The seam between this folder and several processes. What processes share goes through a
 * Backplane; everything else in http/, io/, session/ and protocol/ is the same for one process and
 * for many. One process has `alone`, below. Several have a class in cluster/, which server.ts hands
 * to the door (index.ts).
 */
import type { Handshake } from './api';
import { Keeper, NOBODY } from './session/keeper';
import type { Session } from './session/session';

/** Something for clients, wherever they are: for a room, or for one session. */
export interface Entry {
  /** The packet that they are sent. */
  packet?: string;
  /** The key of the room whose clients get the packet. */
  room?: string;
  /** The ids of sessions in that room that do not get it. */
  except?: string[];
  /** The name of the event, if the emit is volatile: a client may get only the newest of them. */
  volatile?: string;
  /** The id of the session that gets the packet. */
  to?: string;
  /** The id of a session that ends for good. */
  end?: string;
}

export interface Backplane {
  /** @returns the keeper that hears of the changes of a session whose messages are numbered */
  keep(session: Session): Keeper;
  /** An entry goes to clients wherever they are, in the same order everywhere. */
  publish(entry: Entry): void;
  /**
   * A client is let in, with the session that its handshake names, if there is one in any process.
   * @param admit lets it in here, and returns what the client is told
   * @returns what the client is told
   * @throws Refusal if it is not let in
   */
  enter(handshake: Handshake, admit: () => string): string | Promise<string>;
  /**
   * A session comes here, if another process has it.
   * @param session the one that this process knows by that id
   * @param handshakeNumber the handshake that the request belongs to; null for whichever
   * @param got the number of the last message that the client has
   * @returns null if there is nothing to wait for
   */
  bring(
    session: Session | undefined, id: string, handshakeNumber: number | null, got: number,
  ): Promise<void> | null;
  /**
   * A client has sent something.
   * @param handshakeNumber the handshake that the request belongs to
   * @param act takes it; called again if the session has gone to another process meanwhile
   * @returns null if it counts already
   */
  handle(
    session: Session, handshakeNumber: number | null, act: (session: Session) => void,
  ): Promise<void> | null;
  /**
   * `act` is called. It handles messages of a session: whatever it publishes is caused by them.
   */
  causing(session: Session, act: () => void): void;
  /** A client has come to this process, or has gone. */
  onClients(): void;
  /** How many clients the other processes have. */
  readonly elsewhere: number;
  /** Whether what a session has of its client may be a copy that was JSON on its way. */
  readonly copies: boolean;
  /** Whether the processes reach each other; undefined where there is one. */
  readonly state: 'ok' | 'gone' | undefined;
  /** The backplane does what is due. To be called about once a second. */
  sweep(time: number): void;
  close(): void;
}

/** The part of io/ that one process needs to be a backplane by itself. */
export interface Core {
  sendToRoom(room: string, packet: string, volatile: string | undefined, except: string[]): void;
  /** The number of clients may have changed. */
  onCount(): void;
}

/** The backplane of one process: nothing is kept, and nothing is waited for. */
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
