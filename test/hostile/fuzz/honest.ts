import path from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { clientLibrary, connect } from '../../support/client';
import { fromRoot, resource, root } from '../../support/template';

/** A client of 0.9's own library over this transport, or the one that pages have, of public/realtime.js. */
export type Kind = 'xhr-polling' | 'websocket' | 'realtime.js';

/** What the texts end with: letters that a mistake in lengths or encoding would not survive. */
const ENDINGS = ['', ' ü€\u{1f600}', ' \ufffd5\ufffd2::', ' :+:"\\', ' \ud800', ' \u2028\u2029!', 'x'.repeat(2000)];

/** Milliseconds after which a message counts as lost. */
const LOST = 60000;

interface Talker {
  emit: (event: 'message', text: string, ack: (...answer: unknown[]) => void) => void;
  on: (event: 'response', handler: (text: unknown) => void) => void;
}

interface RealtimeConnection extends Talker {
  on: (event: string, handler: (what: any) => void) => void;
  close: () => void;
}

/** Clients as they are meant to be, which send one message after the other and count what comes back for it. */
export class Honest {
  /** By client: messages, acknowledgements and responses. */
  readonly sent: number[] = [];
  readonly acknowledged: number[] = [];
  readonly responses: number[] = [];
  /** The longest that an acknowledgement took, in ms. */
  slowest = 0;
  /** What went wrong, the first ten. */
  readonly problems: string[] = [];
  private goOn = true;
  private talks: Promise<void>[] = [];

  /** @param pause between an acknowledgement and the next message, ms */
  private constructor(private readonly pause: number) {}

  /** Opens clients, and has them talk until finish() is called. */
  static async open(t: TestContext, origin: string, kinds: Kind[], pause: number): Promise<Honest> {
    const honest = new Honest(pause);
    const talkers = await Promise.all(kinds.map((kind, number) => {
      const problem = (what: string) => honest.problem(number, what);
      return kind === 'realtime.js' ? openRealtime(t, origin, problem) : openPlain(t, origin, kind, problem);
    }));
    honest.talks = talkers.map((talker, number) => honest.talk(talker, number));
    return honest;
  }

  get total(): number {
    return this.sent.reduce((sum, count) => sum + count, 0);
  }

  /** Has them stop. What is on its way has its time to come, and so has what would come a second time. */
  async finish(): Promise<void> {
    this.goOn = false;
    await Promise.all(this.talks);
    await sleep(1000);
    this.sent.forEach((sent, number) => {
      const [acknowledged, responses] = [this.acknowledged[number], this.responses[number]];
      if (acknowledged !== sent || responses !== sent) this.problem(number, `sent ${sent} messages, got ${acknowledged} acknowledgements and ${responses} responses`);
    });
  }

  private async talk(talker: Talker, number: number): Promise<void> {
    this.sent[number] = this.acknowledged[number] = this.responses[number] = 0;
    talker.on('response', text => {
      this.responses[number] += 1;
      if (text !== 'Got it!') this.problem(number, `got the response ${JSON.stringify(text)}`);
    });
    while (this.goOn) {
      const start = Date.now();
      if (!await this.say(talker, number)) return;
      this.slowest = Math.max(this.slowest, Date.now() - start);
      await sleep(this.pause);
    }
  }

  /** Sends a message, and waits for its acknowledgement. Gives whether it came. */
  private say(talker: Talker, number: number): Promise<boolean> {
    const text = `${number}-${this.sent[number] += 1}${ENDINGS[this.sent[number]! % ENDINGS.length]}`;
    let times = 0;
    return new Promise(resolve => {
      const lost = setTimeout(() => {
        this.problem(number, `waited ${LOST / 1000} s for the acknowledgement of ${JSON.stringify(text)}`);
        resolve(false);
      }, LOST).unref();
      talker.emit('message', text, (...answer) => {
        this.acknowledged[number] += 1;
        times += 1;
        if (times > 1) this.problem(number, `was acknowledged ${JSON.stringify(text)} ${times} times`);
        if (answer.length !== 1 || answer[0] !== text) this.problem(number, `sent ${JSON.stringify(text)}, was acknowledged ${JSON.stringify(answer)}`);
        clearTimeout(lost);
        resolve(true);
      });
    });
  }

  private problem(number: number, what: string): void {
    if (this.problems.length < 10) this.problems.push(`honest client ${number} ${what}`);
  }
}

async function openPlain(t: TestContext, origin: string, transport: string, problem: (what: string) => void): Promise<Talker> {
  const client = connect(t, origin);
  // Given to connect(), the list would be merged into the one that all clients share.
  (client.socket as unknown as { options: { transports: string[] } }).options.transports = [transport];
  client.on('error', reason => problem(`had an error: ${JSON.stringify(reason)}`));
  client.on('disconnect', reason => problem(`was disconnected: ${reason}`));
  await new Promise(resolve => client.on('connect', resolve));
  return client;
}

async function openRealtime(t: TestContext, origin: string, problem: (what: string) => void): Promise<Talker> {
  const library = fromRoot(path.join(root, 'public', 'realtime.js')) as { connect: (options: object) => RealtimeConnection };
  const connection = library.connect({ url: origin, resource, io: clientLibrary });
  t.after(() => connection.close());
  // It would come back by itself, and lose nothing: here it has no reason to.
  await new Promise<void>(resolve => connection.on('status', ({ state, reason }: { state: string; reason?: string }) => {
    if (state === 'connected') resolve();
    else if (state !== 'connecting') problem(`is ${state}: ${reason}`);
  }));
  return connection;
}
