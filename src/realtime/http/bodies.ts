/*
 * The bodies of requests, read for serve.ts: each is bounded in size and time, all together are
 * bounded in number and in what they hold.
 */
import type { IncomingMessage } from 'http';
import { now } from '../clock';
import { Refusal } from '../protocol/refusal';

/** How long a client may take to send a body, ms: a megabyte over a slow telephone line. */
const SLOWEST = 60000;
/** How many bodies of the largest size all that are under way may hold together. */
const TOGETHER = 64;
/**
 * How many bodies may be under way. An honest one comes within milliseconds, so that 10,000 clients
 * have a few dozen. Each costs its request, up to 20 KB, beside what it holds of the body.
 */
const MOST = 2000;
/** The smallest buffer for a body that comes in parts, bytes. */
const SMALLEST = 64;

interface Body {
  req: IncomingMessage;
  /** Where it is among those that are being read; -1 if it is not any more. */
  at: number;
  /** The bytes that have come: its one part, or a buffer of our own, as large or larger. */
  buffer: Buffer;
  /** How many bytes have come. */
  bytes: number;
  /** Since when it is read, or read on. */
  since: number;
  refuse: (refusal: Refusal) => void;
}

const NOTHING = Buffer.alloc(0);

export class Bodies {
  /** In no order: a Set, which keeps one, costs ten times as much. */
  private readonly reading: Body[] = [];
  /** Those that have their answer, and whose rest is still on its way. */
  private readonly answered = new Set<Body>();
  /** How many bytes all of them hold. */
  private bytes = 0;

  /** @param most how many bytes a body may have */
  constructor(private readonly most: number) {}

  /**
   * The body of a request is read. One of the two functions is called, once; neither if the client
   * goes away before.
   * @param done takes the body as text
   * @param refuse takes why it is not read to its end; the request is to be answered with that
   */
  read(
    req: IncomingMessage, done: (text: string) => void, refuse: (refusal: Refusal) => void,
  ): void {
    const at = this.reading.length;
    const body: Body = { req, at, buffer: NOTHING, bytes: 0, since: now(), refuse };
    this.reading.push(body);
    req.on('data', (part: Buffer) => this.onPart(body, part));
    req.on('end', () => {
      if (this.forget(body)) done(body.buffer.toString('utf8', 0, body.bytes));
      else this.answered.delete(body);
    });
    const gone = () => {
      this.forget(body);
      this.answered.delete(body);
    };
    req.on('close', gone);
    req.on('error', gone);
    // Those that take long are the sender's who sends too many.
    if (at >= MOST) this.giveUpFirst((one, other) => one.since <= other.since);
  }

  private onPart(body: Body, part: Buffer): void {
    body.bytes += part.length;
    if (body.at < 0) {
      // It is read on so that its answer is not lost. One that does not end is cut.
      if (body.bytes > this.most * 16) body.req.destroy();
    } else if (body.bytes > this.most) {
      this.giveUp(body, new Refusal(413, `a message may have ${this.most} bytes`));
    } else {
      this.hold(body, part);
      if (this.bytes > this.most * TOGETHER) {
        this.giveUpFirst((one, other) => one.buffer.length >= other.buffer.length);
      }
    }
  }

  /** A part of a body is kept. */
  private hold(body: Body, part: Buffer): void {
    const before = body.bytes - part.length;
    // As nearly all bodies come: no copy of it.
    if (before === 0 && part.length === Number(body.req.headers['content-length'])) {
      body.buffer = part;
      this.bytes += part.length;
      return;
    }
    // A part is a Buffer of its own, some 200 bytes for a byte that came alone, and on node 12
    // keeps alive all that node read with it, up to 64 KB: neither would be counted.
    if (body.buffer.length < body.bytes) {
      const wanted = Math.max(body.bytes, body.buffer.length * 2, SMALLEST);
      const larger = Buffer.allocUnsafeSlow(Math.min(wanted, this.most));
      body.buffer.copy(larger, 0, 0, before);
      this.bytes += larger.length - body.buffer.length;
      body.buffer = larger;
    }
    part.copy(body.buffer, before);
  }

  /** Bodies that take too long are given up. To be called now and then. */
  sweep(time: number): void {
    for (const body of this.reading.filter(({ since }) => time - since >= SLOWEST)) {
      const slow = 'the body did not come in time';
      this.giveUp(body, new Refusal(408, slow, { Connection: 'close' }));
    }
    for (const body of this.answered) if (time - body.since >= SLOWEST) body.req.destroy();
  }

  /** @param goes whether one of two is to be given up rather than the other */
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

  /** Whether it was being read until now. */
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
