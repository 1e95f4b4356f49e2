/* What a packet is: read.ts makes one of a client's text, write.ts makes text of it. */

/** A packet, as 0.9 takes it apart. */
export interface Packet {
  type: 'disconnect' | 'connect' | 'heartbeat' | 'message' | 'json' | 'event' | 'ack' | 'error' | 'noop';
  /** The namespace. */
  endpoint: string;
  /** Of its text, characters. */
  size: number;
  /** By which its acknowledgement names it. */
  id?: number;
  /** Whether the receiver's handler acknowledges it, with data, or the receiver by itself. */
  ack?: true | 'data';
  name?: string;
  args?: unknown[];
  data?: unknown;
  ackId?: number;
  reason?: string;
  advice?: string;
  /** Why it is not taken. */
  refused?: Error;
}
