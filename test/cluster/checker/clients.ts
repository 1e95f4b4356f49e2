/* The clients that the checker watches: what each has sent, and what it has heard, in its order. */
import type { TestContext } from 'node:test';
import { Connection, connectRealtime } from '../../support/client';
import { Front, startFront, Trip } from '../front';

/** So many go to another server with each request: nothing keeps them with one. */
const WANDERING = 2;
/** How often each does something, ms. */
const EVERY = 300;

/** What a client sends. */
export type Kind = 'number' | 'tell' | 'ask' | 'later';

export class Watched {
  /** When each message was sent, by kind: the first one is number 1, ms since the beginning. */
  readonly times: Record<Kind, number[]> = { number: [], tell: [], ask: [], later: [] };
  readonly echoes: number[] = [];
  readonly late: number[] = [];
  /** 'client number', in the order in which it heard them. */
  readonly news: string[] = [];
  /** When it heard each first, ms since the beginning: 'echo 1', 'late 1', 'ask 1', 'news 0 1'. */
  readonly heardAt = new Map<string, number>();
  /** What it was sent by the timer of each of its sessions. */
  readonly numbers: number[][] = [];
  /** Answers by number, the first one that came; how many were errors, and how many came twice. */
  readonly answers = new Map<string, unknown>();
  doubleAnswers = 0;
  /**
   * When it got a session that did not go on with the one before, and when it had heard something
   * last before that, ms since the beginning.
   */
  readonly anew: { at: number; heard: number }[] = [];
  private lastHeard = 0;
  served: number | null = null;
  private timers: NodeJS.Timeout[] = [];

  constructor(
    readonly number: number, private readonly time: () => number,
    private readonly connection: Connection, readonly front: Front, readonly trips: Trip[],
  ) {
    connection.on('status', ({ state, recovered }: { state: string; recovered: boolean }) => {
      if (state !== 'connected' || recovered) return;
      if (this.numbers.length > 0) this.anew.push({ at: this.time(), heard: this.lastHeard });
      this.numbers.push([]);
    });
    connection.on('echo', (one: number) => {
      this.hear(`echo ${one}`);
      this.echoes.push(one);
    });
    connection.on('late', (one: number) => {
      this.hear(`late ${one}`);
      this.late.push(one);
    });
    connection.on('number', (one: number) => {
      this.lastHeard = this.time();
      this.numbers.at(-1)!.push(one);
    });
    connection.on('news', (client: number, one: number) => {
      this.hear(`news ${client} ${one}`);
      this.news.push(`${client} ${one}`);
    });
  }

  private hear(what: string): void {
    this.lastHeard = this.time();
    if (!this.heardAt.has(what)) this.heardAt.set(what, this.time());
  }

  /** How many messages of a kind it has sent. */
  sent(kind: Kind): number {
    return this.times[kind].length;
  }

  /** @returns the requests that have carried a message that waits for an acknowledgement */
  posts(kind: 'ask' | 'later', one: number): Trip[] {
    return this.trips.filter(({ body }) => body.includes(`"name":"${kind}","args":[${one}]`));
  }

  begin(): void {
    const { connection, number } = this;
    const next = (kind: Kind) => this.times[kind].push(this.time());
    this.timers = [
      setInterval(() => connection.emit('number', next('number')), EVERY),
      setInterval(() => connection.emit('tell', number, next('tell')), 4 * EVERY),
      setInterval(() => this.ask('ask', next('ask')), 3 * EVERY),
      setInterval(() => this.ask('later', next('later')), 5 * EVERY),
    ];
  }

  private ask(event: string, one: number): void {
    this.connection.emit(event, one, (answer: unknown) => {
      this.hear(`${event} ${one}`);
      if (this.answers.has(`${event} ${one}`)) this.doubleAnswers += 1;
      else this.answers.set(`${event} ${one}`, answer);
    });
  }

  /** Sends no more. */
  stop(): void {
    for (const timer of this.timers) clearInterval(timer);
  }

  /** How much it has heard, but for the numbers that do not end. */
  get heard(): number {
    return this.echoes.length + this.news.length + this.late.length + this.answers.size;
  }

  /** Whether all has come that is to come. */
  hasAll(told: number): boolean {
    return this.echoes.length >= this.sent('number') && this.news.length >= told &&
      this.answers.size >= this.sent('ask') + this.sent('later');
  }

  finish(): void {
    this.connection.emit('finish', (served: unknown) => {
      this.served = typeof served === 'number' ? served : null;
    });
  }
}

/** Opens clients, each behind something that leaves it with one server while that answers. */
export async function openClients(
  t: TestContext, count: number, ports: number[], time: () => number,
): Promise<Watched[]> {
  return Promise.all(Array.from({ length: count }, async (_, number) => {
    const trips: Trip[] = [];
    const front = await startFront(ports, true, number < WANDERING, trip => trips.push(trip));
    const connection = connectRealtime(front.port);
    t.after(() => connection.close());
    return new Watched(number, time, connection, front, trips);
  }));
}
