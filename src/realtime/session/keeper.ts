/*
 * A session tells its keeper of its changes, so that another process can go on with the session.
 * The backplane gives a keeper to each session whose messages are numbered. The other sessions, and
 * all sessions of a single process, have NOBODY as their keeper, which does nothing.
 */

export interface Keeper {
  /** Whether the client may be told only later that its message has arrived. */
  readonly waits: boolean;
  /**
   * Hears that the session is about to send its client a packet that is kept until it has arrived.
   * @returns whether the session sends the packet; otherwise the keeper sends it
   */
  sends(packet: string): boolean;
  /**
   * Hears that the application ends the session.
   * @returns whether the session ends now; otherwise the keeper ends it later
   */
  boots(): boolean;
  /**
   * Hears of a change: a message of the client has come, or the client has connected or has come
   * with another handshake.
   * @param what 'handshake' if the session has another handshake now
   */
  changed(what?: 'handshake'): void;
  /** Hears that the application has set or deleted a value (socket.set, socket.del). */
  valueSet(key: string): void;
  /** Hears that the application has read a value (socket.get, socket.has). */
  valueUsed(key: string): void;
  /**
   * Hears that the client has joined a room, or has left it.
   * @param isIn whether the client is in the room now
   */
  roomChanged(room: string, isIn: boolean): void;
  /** Hears that the session has ended. */
  ended(): void;
  /** Hears that the client's message with this number asks for an acknowledgement. */
  asks(message: number): void;
  /** Hears that the application has acknowledged the client's message with this number. */
  answered(message: number): void;
  /** Takes a packet for the client of a session that has ended in this process. */
  sendOn(packet: string): void;
  /**
   * Hears that the application adds a client to a room, or takes it out. The client's session has
   * ended in this process, but another process may have it.
   * @param room the key of the room
   * @param isIn whether the client is in the room from now on
   */
  roomOn(room: string, isIn: boolean): void;
}

export const NOBODY: Keeper = {
  waits: false,
  sends: () => true,
  boots: () => true,
  changed() {},
  valueSet() {},
  valueUsed() {},
  roomChanged() {},
  ended() {},
  asks() {},
  answered() {},
  sendOn() {},
  roomOn() {},
};
