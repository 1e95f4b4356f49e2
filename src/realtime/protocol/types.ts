/* A packet: read.ts makes one of a client's text, write.ts makes text of one. */

export interface Packet {
  type:
    'disconnect' | 'connect' | 'heartbeat' |
    'message' | 'json' | 'event' | 'ack' | 'error' | 'noop';
  /** The name of the namespace, '' for the main one. */
  endpoint: string;
  /** The length of the packet's text, characters. */
  size: number;
  /** The number by which an acknowledgement names the packet. */
  id?: number;
  /**
   * Who acknowledges the packet: 'data' is the receiver's handler, with data; true is the receiver
   * by itself.
   */
  ack?: true | 'data';
  /** Of an event. */
  name?: string;
  /** Of an event, or of an acknowledgement. */
  args?: unknown[];
  /** Of a message, or of JSON. */
  data?: unknown;
  /** Of an acknowledgement: the id of the packet that is acknowledged. */
  ackId?: number;
  /** Of an error. */
  reason?: string;
  /** Why the packet cannot be taken, if it cannot. */
  refused?: Error;
}
