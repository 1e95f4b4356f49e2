/* Reads the bodies of POSTs for serve.ts, each bounded in size and time, and all together in what they hold. */
import type { IncomingMessage } from 'http';
import { Refusal } from './refusal';

/** How long a client may take to send a body, ms: a megabyte over a slow telephone line. */
const SLOWEST = 60000;
/** What all bodies that are under way may hold together, bytes, in bodies of the largest size. */
const TOGETHER = 64;

interface Body {
  req: IncomingMessage;
  /** Where it is among those that are being read; -1 if it is not any more. */
  at: number;
  parts: Buffer[];
  bytes: number;
  since: number;
  refuse: (refusal: Refusal) => void;
}

export class Bodies {
  /** In no order: a Set, which keeps one, costs ten times as much. */
  private readonly reading: Body[] = [];
  private bytes = 0;

  /** @param most how many bytes a body may have */
  constructor(private readonly most: number) {}

  /**
   * Reads the body of a request. One of the two functions is called, once; neither if the client goes away before.
   * @param done takes the body as text
   * @param refuse takes why it is not read to its end; the request is to be answered with that
   */
  read(req: IncomingMessage, done: (text: string) => void, refuse: (refusal: Refusal) => void): void {
    const body: Body = { req, at: this.reading.length, parts: [], bytes: 0, since: Date.now(), refuse };
    this.reading.push(body);
    req.on('data', (part: Buffer) => this.onPart(body, part));
    req.on('end', () => {
      if (!this.forget(body)) return;
      done((body.parts.length === 1 ? body.parts[0]! : Buffer.concat(body.parts)).toString());
    });
    const gone = () => { this.forget(body); };
    req.on('close', gone);
    req.on('error', gone);
  }

  private onPart(body: Body, part: Buffer): void {
    body.bytes += part.length;
    if (body.at < 0) {
      // It has its answer, and is read on so that the answer is not lost. One that does not end is cut.
      if (body.bytes > this.most * 16) body.req.destroy();
      return;
    }
    this.bytes += part.length;
    body.parts.push(part);
    if (body.bytes > this.most) this.giveUp(body, new Refusal(413, `a message may have ${this.most} bytes`));
    else if (this.bytes > this.most * TOGETHER) this.giveUpLargest();
  }

  /** Gives up bodies that take too long. To be called now and then. */
  sweep(now: number): void {
    for (const body of this.reading.filter(({ since }) => now - since >= SLOWEST)) {
      this.giveUp(body, new Refusal(408, 'the body did not come in time', { Connection: 'close' }));
    }
  }

  private giveUpLargest(): void {
    const largest = this.reading.reduce((one, other) => one.bytes < other.bytes ? other : one);
    this.giveUp(largest, new Refusal(503, 'too many bodies at once', { Connection: 'close' }));
  }

  private giveUp(body: Body, refusal: Refusal): void {
    if (this.forget(body)) body.refuse(refusal);
    body.parts = [];
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
    this.bytes -= body.bytes;
    return true;
  }
}
