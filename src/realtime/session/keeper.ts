/*
 * A session tells its keeper of its changes, so that another process can go on with it. The
 * backplane gives each session a keeper. Where there is one process, nobody needs to hear: NOBODY
 * does nothing.
 */

export interface Keeper {
  /** Whether the client is not to be told yet that a message of it has arrived. */
  readonly waits: boolean;
  /**
   * The session is about to send its client a packet that is kept until it has arrived.
   * @returns whether the session sends the packet; otherwise the keeper sends it
   */
  sends(packet: string): boolean;
  /**
   * The application ends the session.
   * @returns whether the session ends now; otherwise the keeper ends it later
   */
  boots(): boolean;
  /**
   * Something of the session has changed: a message of its client has come, or the client has
   * connected or has come with another handshake.
   * @param what 'handshake' if the handshake is another one now
   */
  changed(what?: 'handshake'): void;
  /** The application has set or deleted a value (socket.set, socket.del). */
  valueSet(key: string): void;
  /** The application has read a value (socket.get, socket.has). */
  valueUsed(key: string): void;
  /**
   * The client has joined a room, or has left it.
   * @param isIn whether the client is in the room now
   */
  roomChanged(room: string, isIn: boolean): void;
  /** The session has ended. */
  ended(): void;
  /** The message of the client that has this number is to be acknowledged. */
  asks(message: number): void;
  /** The message of the client that has this number has been acknowledged. */
  answered(message: number): void;
  /** A packet is sent to the client of a session that has ended here. */
  sendOn(packet: string): void;
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
};
