import path from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { clientLibrary, connect } from '../../support/client';
import { fromRoot, resource, root } from '../../support/template';

/**
 * A client of 0.9's own library over this transport, or the client that pages have,
 * public/realtime.js.
 */
export type Kind = 'xhr-polling' | 'websocket' | 'realtime.js';

/** The texts end with these letters. A mistake in lengths or in the encoding would damage them. */
const ENDINGS = ['', ' ü€\u{1f600}', ' \ufffd5\ufffd2::', ' :+:"\\', ' \ud800', ' \u2028\u2029!', 'x'.repeat(2000)];

/** A message without an acknowledgement counts as lost after this time, in ms. */
const LOST = 60000;

interface Talker {
  emit: (event: 'message', text: string, ack: (...answer: unknown[]) => void) => void;
  on: (event: 'response', handler: (text: unknown) => void) => void;
}

interface RealtimeConnection extends Talker {
  on: (event: string, handler: (what: any) => void) => void;
  close: () => void;
}

/**
 * Honest clients behave as clients are meant to. Each sends one message after the other, and counts
 * the acknowledgements and responses that come back.
 */
export class Honest {
  /** How many messages, acknowledgements and responses there were, for each client. */
  readonly sent: number[] = [];
  readonly acknowledged: number[] = [];
  readonly responses: number[] = [];
  /** The longest time that an acknowledgement took, in ms. */
  slowest = 0;
  /** The first ten problems. */
  readonly problems: string[] = [];
  private goOn = true;
  private talks: Promise<void>[] = [];

  /** @param pause the time between an acknowledgement and the next message, in ms */
  private constructor(private readonly pause: number) {}

  /** Opens clients. They talk until finish() is called. */
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

  /**
   * Stops the clients. Answers that are on their way still have time to come. So have answers that
   * come a second time by mistake.
   */
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

  /**
   * Sends a message, and waits for its acknowledgement.
   * @returns whether the acknowledgement came
   */
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
  // If connect() were given the list, the library would merge it into the list that all clients
  // share.
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
  // The client would come back by itself and lose nothing. But here it has no reason to go away, so
  // each state other than these two is a problem.
  await new Promise<void>(resolve => connection.on('status', ({ state, reason }: { state: string; reason?: string }) => {
    if (state === 'connected') resolve();
    else if (state !== 'connecting') problem(`is ${state}: ${reason}`);
  }));
  return connection;
}
