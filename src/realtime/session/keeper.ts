/*
 * What a session tells of itself, so that another process can go on with it. Where there is one
 * process, nobody listens: NOBODY does nothing. The backplane gives each session its keeper.
 */

/** What of a session has changed, beside what it sends and receives. */
export type Changed = 'rooms' | 'data' | 'handshake';

export interface Keeper {
  /** Whether the client is not to be told yet that its messages have arrived. */
  readonly waits: boolean;
  /**
   * Something has changed: who the client is, what it has received, what waits for it.
   * @param what what has changed beside these
   */
  changed(what?: Changed): void;
  /** The session has ended: what it has to say to its client waits no longer. */
  ended(): void;
  /** A message of the client, by its number, is to be acknowledged. */
  asked(message: number): void;
  /** That message has been acknowledged. */
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
