/*
 * The type of a packet. read.ts makes packets of a client's text. write.ts makes text of packets.
 */

export interface Packet {
  type:
    'disconnect' | 'connect' | 'heartbeat' |
    'message' | 'json' | 'event' | 'ack' | 'error' | 'noop';
  /** The name of the namespace, '' for the main namespace. */
  endpoint: string;
  /** The length of the packet's text, characters. */
  size: number;
  /** The number by which an acknowledgement names the packet. */
  id?: number;
  /**
   * The sender of the acknowledgement: 'data' is the receiver's handler, with data; true is the
   * receiver itself, without its handler.
   */
  ack?: true | 'data';
  /** The name of an event. */
  name?: string;
  /** The arguments of an event, or of an acknowledgement. */
  args?: unknown[];
  /** The data of a message, or of JSON. */
  data?: unknown;
  /** The id of the packet that an acknowledgement acknowledges. */
  ackId?: number;
  /** The reason of an error. */
  reason?: string;
  /** The refusal of the packet, if the server does not take it. */
  refused?: Error;
}
