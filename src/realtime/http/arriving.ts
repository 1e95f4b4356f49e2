/*
 * Messages over WebSockets that have not come as a whole yet: websocket.ts asks.
 *
 * The ws package holds their parts, and bounds each message by the bytes of its text. A part can
 * hold far more: it is a piece of what node has read at once, up to 64 KB, where other frames stand
 * around it. So everything counts that has come over a connection since its last whole message, and
 * all connections together are bounded, as the bodies of POSTs are (bodies.ts).
 */

/** How many messages of the largest size all connections together may hold. */
const TOGETHER = 64;
/** The bytes that node takes for each piece, beside its own. Measured on node 12 and 20. */
const EACH_PART = 200;
/** The most that node reads at once, bytes. */
const LARGEST_PART = 65536;

/** The bytes that have come over one connection. */
export interface Incoming {
  /** Bytes since the last whole message. */
  bytes: number;
  /** How many pieces these came in. */
  parts: number;
  /** How many bytes came last. */
  last: number;
  /** A function that ends the connection. */
  cut: () => void;
}

export class Arriving {
  private readonly all = new Set<Incoming>();
  /** How many bytes all of them hold. */
  private held = 0;

  /** @param most how many bytes a message may have */
  constructor(private readonly most: number) {}

  /**
   * A connection is open.
   * @param cut ends it
   */
  add(cut: () => void): Incoming {
    const incoming = { bytes: 0, parts: 0, last: 0, cut };
    this.all.add(incoming);
    return incoming;
  }

  /** A piece has come. Whoever holds too much is cut. */
  onPart(incoming: Incoming, bytes: number): void {
    this.change(incoming, incoming.bytes + bytes, incoming.parts + 1);
    incoming.last = bytes;
    // The heads of its frames count, and what came with its end.
    if (heldBy(incoming) > this.most * 2 + LARGEST_PART) this.cut(incoming);
    else if (this.held > this.most * TOGETHER) this.cutLargest();
  }

  /**
   * A message is whole. The bytes behind it, in the same piece, are still held.
   * @param bytes those of its text
   */
  onMessage(incoming: Incoming, bytes: number): void {
    const frame = bytes + (bytes < 126 ? 6 : bytes < 65536 ? 8 : 14);
    // Frames that are no messages, and heads of further frames, would add up.
    const rest = Math.max(0, Math.min(incoming.bytes - frame, incoming.last));
    this.change(incoming, rest, rest > 0 ? 1 : 0);
  }

  /** A connection is closed. */
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
