/*
 * A session tells its keeper of its changes, so that another process can go on with it. The
 * backplane gives each session a keeper. Where there is one process, nobody needs to hear: NOBODY
 * does nothing.
 */

export interface Keeper {
  /** Whether the client is not to be told yet that a message of it has arrived. */
  readonly waits: boolean;
  /**
   * A packet is to be sent to the client, and to be kept until it has arrived.
   * @returns whether the session sends it; otherwise the keeper sees to it
   */
  sends(packet: string): boolean;
  /**
   * The application has ended the session.
   * @returns whether the session ends now; otherwise the keeper sees to it
   */
  boots(): boolean;
  /**
   * Something has changed: the messages that the session has received, how its client is reached.
   * @param what 'handshake' if the client has come with another one
   */
  changed(what?: 'handshake'): void;
  /** The application has set a value, or has deleted it (socket.set, socket.del). */
  valueSet(key: string): void;
  /** The application has asked for a value. */
  valueUsed(key: string): void;
  /** The client has joined a room, or has left it. */
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
