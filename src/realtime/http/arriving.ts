/*
 * Bounds the memory of the messages over WebSockets that have arrived in part. websocket.ts uses
 * this file.
 *
 * The ws package holds the parts of a message, and bounds the size of the message's text. But a
 * part can keep more memory than its text has. A part is a piece of the memory that node has read
 * at once, up to 64 KB, in which other frames stand around the part. So this file counts all bytes
 * that have come over a connection since its last whole message. It bounds the bytes of each
 * connection, and of all connections together, as bodies.ts does for the bodies of POSTs.
 */

/**
 * All connections together may hold as many bytes as this number of messages of the largest size.
 */
const TOGETHER = 64;
/** The memory that node takes for each piece beside its data, bytes. Measured on node 12 and 20. */
const EACH_PART = 200;
/** The largest piece that node reads at once, bytes. */
const LARGEST_PART = 65536;

/** The bytes that have come over one connection. */
export interface Incoming {
  /** The number of bytes since the last whole message. */
  bytes: number;
  /** The number of pieces in which these bytes came. */
  parts: number;
  /** The size of the last piece, bytes. */
  last: number;
  /** A function that ends the connection. */
  cut: () => void;
}

export class Arriving {
  private readonly all = new Set<Incoming>();
  /** The memory that all connections hold together, bytes. */
  private held = 0;

  /** @param most the largest size of a message, bytes */
  constructor(private readonly most: number) {}

  /**
   * Adds a connection that is open now.
   * @param cut ends the connection
   */
  add(cut: () => void): Incoming {
    const incoming = { bytes: 0, parts: 0, last: 0, cut };
    this.all.add(incoming);
    return incoming;
  }

  /**
   * Counts a piece that has come. Cuts the connection if it holds too much. If all connections
   * together hold too much, cuts the connection that holds the most.
   */
  onPart(incoming: Incoming, bytes: number): void {
    this.change(incoming, incoming.bytes + bytes, incoming.parts + 1);
    incoming.last = bytes;
    // The bound is larger than a message, because the heads of the message's frames count, too.
    // Other bytes in the last piece of the message also count.
    if (heldBy(incoming) > this.most * 2 + LARGEST_PART) this.cut(incoming);
    else if (this.held > this.most * TOGETHER) this.cutLargest();
  }

  /**
   * Stops counting a message that is whole. The bytes behind the message, in the same piece, are
   * still held.
   * @param bytes the size of the message's text
   */
  onMessage(incoming: Incoming, bytes: number): void {
    const frame = bytes + (bytes < 126 ? 6 : bytes < 65536 ? 8 : 14);
    // Only bytes of the last piece can be left. Otherwise frames that are no messages, and the
    // heads of further frames, would add up.
    const rest = Math.max(0, Math.min(incoming.bytes - frame, incoming.last));
    this.change(incoming, rest, rest > 0 ? 1 : 0);
  }

  /** Removes a connection that is closed. */
  remove(incoming: Incoming): void {
    if (this.all.delete(incoming)) this.held -= heldBy(incoming);
  }

  private change(incoming: Incoming, bytes: number, parts: number): void {
    if (!this.all.has(incoming)) return;
    this.held -= heldBy(incoming);
    incoming.bytes = bytes;
    incoming.parts = parts;
    this.held += heldBy(incoming);
  }

  private cutLargest(): void {
    let largest: Incoming | undefined;
    for (const one of this.all) {
      if (!largest || heldBy(one) > heldBy(largest)) largest = one;
    }
    if (largest) this.cut(largest);
  }

  private cut(incoming: Incoming): void {
    this.remove(incoming);
    incoming.cut();
  }
}

function heldBy({ bytes, parts }: Incoming): number {
  return bytes + parts * EACH_PART;
}
