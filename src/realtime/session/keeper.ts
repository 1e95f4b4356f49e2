/*
 * A session tells its keeper of its changes, so that another process can go on with it. The
 * backplane gives each session a keeper. Where there is one process, nobody needs to hear: NOBODY
 * does nothing.
 */

/** The parts of a session that can change, beside the packets it sends and receives. */
export type Change = 'rooms' | 'data' | 'handshake';

export interface Keeper {
  /** Whether the client is not to be told yet that a message of it has arrived. */
  readonly waits: boolean;
  /**
   * Something has changed: what the session has received, what waits for its client.
   * @param what what has changed beside these
   */
  changed(what?: Change): void;
  /** The session has ended. */
  ended(): void;
  /** The message of the client that has this number is to be acknowledged. */
  asked(message: number): void;
  /** The message of the client that has this number has been acknowledged. */
  answered(message: number): void;
  /** A packet is sent to the client of a session that has ended here. */
  sendOn(packet: string): void;
}

export const NOBODY: Keeper = {
  waits: false,
  changed() {},
  ended() {},
  asked() {},
  answered() {},
  sendOn() {},
};
