/*
 * Reads the bodies of requests for serve.ts. Each body has a bound on its size and on its time. All
 * bodies together have a bound on their number and on their memory.
 */
import type { IncomingMessage } from 'http';
import { now } from '../clock';
import { Refusal } from '../protocol/refusal';

/**
 * The time that a client may take to send a body, ms. It is enough for a megabyte over a slow
 * telephone line.
 */
const SLOWEST = 60000;
/**
 * All bodies under way together may hold as many bytes as this number of bodies of the largest
 * size.
 */
const TOGETHER = 64;
/**
 * The largest number of bodies under way. An honest body comes within milliseconds, so that 10,000
 * clients have a few dozen bodies under way. Each body costs its request, up to 20 KB, and the
 * bytes that it holds.
 */
const MOST = 2000;
/** The smallest buffer for a body that comes in parts, bytes. */
const SMALLEST = 64;

interface Body {
  req: IncomingMessage;
  /** The index of the body in `reading`; -1 if the body is no longer there. */
  at: number;
  /**
   * The bytes that have come. If the body comes in one part, `buffer` is that part. Otherwise it is
   * a buffer of our own, which may be larger than the bytes.
   */
  buffer: Buffer;
  /** The number of bytes that have come. */
  bytes: number;
  /** The time at which the server began to read the body, or gave the body up, ms. */
  since: number;
  refuse: (refusal: Refusal) => void;
}

const NOTHING = Buffer.alloc(0);

export class Bodies {
  /**
   * The bodies that are being read, in no order. A Set has an order, and costs ten times as much.
   */
  private readonly reading: Body[] = [];
  /**
   * The bodies that were given up. Their requests have an answer, and the rest of each body still
   * comes.
   */
  private readonly answered = new Set<Body>();
  /** The size of the buffers of all bodies in `reading`, bytes. */
  private bytes = 0;

  /** @param most the largest size of a body, bytes */
  constructor(private readonly most: number) {}

  /**
   * Reads the body of a request, and then calls one of the two functions once. If the client goes
   * away before, neither function is called.
   * @param done takes the body as text
   * @param refuse takes the refusal with which the request is to be answered
   */
  read(
    req: IncomingMessage, done: (text: string) => void, refuse: (refusal: Refusal) => void,
  ): void {
    const { length } = this.reading;
    const body: Body = { req, at: length, buffer: NOTHING, bytes: 0, since: now(), refuse };
    this.reading.push(body);
    req.on('data', (part: Buffer) => this.onPart(body, part));
    req.on('end', () => {
      if (this.forget(body)) done(body.buffer.toString('utf8', 0, body.bytes));
      else this.answered.delete(body);
    });
    // The oldest body is given up. If a client sends too many bodies, its own bodies take long, so
    // the oldest body is one of these.
    if (length >= MOST) {
      this.forgetGone();
      if (this.reading.length > MOST) this.giveUpFirst((one, other) => one.since <= other.since);
    }
  }

  private onPart(body: Body, part: Buffer): void {
    body.bytes += part.length;
    if (body.at < 0) {
      // The rest of the body is read, because the client may lose the answer otherwise. A body that
      // does not end is cut.
      if (body.bytes > this.most * 16) body.req.destroy();
    } else if (body.bytes > this.most) {
      this.giveUp(body, new Refusal(413, `a message may have ${this.most} bytes`));
    } else {
      this.hold(body, part);
      if (this.holdsTooMuch) this.forgetGone();
      if (this.holdsTooMuch) {
        this.giveUpFirst((one, other) => one.buffer.length >= other.buffer.length);
      }
    }
  }

  private get holdsTooMuch(): boolean {
    return this.bytes > this.most * TOGETHER;
  }

  /** Keeps a part of a body. */
  private hold(body: Body, part: Buffer): void {
    const before = body.bytes - part.length;
    // Nearly all bodies come in one part. Such a part is not copied.
    if (before === 0 && part.length === Number(body.req.headers['content-length'])) {
      body.buffer = part;
      this.bytes += part.length;
      return;
    }
    // Parts are copied into one buffer. If the parts were kept, each would be a Buffer, some 200
    // bytes even for one byte. On node 12, a part also keeps alive all that node has read with it,
    // up to 64 KB. `bytes` would count neither.
    if (body.buffer.length < body.bytes) {
      const wanted = Math.max(body.bytes, body.buffer.length * 2, SMALLEST);
      const larger = Buffer.allocUnsafeSlow(Math.min(wanted, this.most));
      body.buffer.copy(larger, 0, 0, before);
      this.bytes += larger.length - body.buffer.length;
      body.buffer = larger;
    }
    part.copy(body.buffer, before);
  }

  /**
   * Gives up the bodies that take too long, and forgets those of clients that have gone. To be
   * called about once a second.
   */
  sweep(time: number): void {
    this.forgetGone();
    for (const body of this.reading.filter(({ since }) => time - since >= SLOWEST)) {
      const slow = 'the body did not come in time';
      this.giveUp(body, new Refusal(408, slow, { Connection: 'close' }));
    }
    for (const body of this.answered) if (time - body.since >= SLOWEST) body.req.destroy();
  }

  /**
   * Forgets the bodies whose clients have gone. A listener for this at each request would take 2 %
   * of the cost of an echo.
   */
  private forgetGone(): void {
    for (const body of this.reading.filter(isGone)) this.forget(body);
    for (const body of this.answered) if (isGone(body)) this.answered.delete(body);
  }

  /**
   * Gives up one of the bodies that are being read.
   * @param goes says whether `one` is to be given up rather than `other`
   */
  private giveUpFirst(goes: (one: Body, other: Body) => boolean): void {
    const first = this.reading.reduce((one, other) => goes(one, other) ? one : other);
    this.giveUp(first, new Refusal(503, 'too many bodies at once', { Connection: 'close' }));
  }

  private giveUp(body: Body, refusal: Refusal): void {
    if (!this.forget(body)) return;
    body.buffer = NOTHING;
    body.since = now();
    this.answered.add(body);
    body.refuse(refusal);
  }

  /**
   * Removes a body from `reading`.
   * @returns whether the body was there
   */
  private forget(body: Body): boolean {
    const { at } = body;
    if (at < 0) return false;
    const last = this.reading.pop()!;
    if (last !== body) {
      this.reading[at] = last;
      last.at = at;
    }
    body.at = -1;
    this.bytes -= body.buffer.length;
    return true;
  }
}

/** @returns whether the client of a body has gone */
function isGone({ req }: Body): boolean {
  return req.socket.destroyed;
}
