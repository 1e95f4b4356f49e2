/*
 * The clients that the checker watches. Each client notes the messages that it has sent, and the
 * messages that it has heard, in the order in which it has heard them.
 */
import type { TestContext } from 'node:test';
import { Connection, connectRealtime } from '../../support/client';
import { Front, startFront, Trip } from '../front';

/** The number of clients that go to the next server with each request. */
const WANDERING = 2;
/** The time between two messages of the kind 'number', ms. The other kinds have longer times. */
const EVERY = 300;

/** The kinds of messages that a client sends. The names are the names of the events in app.ts. */
export type Kind = 'number' | 'tell' | 'ask' | 'later';

export class Watched {
  /**
   * For each kind, the times at which the messages were sent, ms since the beginning. The first
   * time is that of the message with number 1.
   */
  readonly times: Record<Kind, number[]> = { number: [], tell: [], ask: [], later: [] };
  readonly echoes: number[] = [];
  readonly late: number[] = [];
  /** The messages for all as 'client number', in the order in which this client has heard them. */
  readonly news: string[] = [];
  /**
   * The time at which the client has heard each message first, ms since the beginning. The keys are
   * 'echo 1', 'late 1', 'ask 1', 'later 1' and 'news 0 1'.
   */
  readonly heardAt = new Map<string, number>();
  /** For each session of the client, the numbers that the timer of the session has sent. */
  readonly numbers: number[][] = [];
  /** The first answer to each message of the kinds 'ask' and 'later'. The keys are like 'ask 1'. */
  readonly answers = new Map<string, unknown>();
  /** The number of answers that came after the first answer to the same message. */
  doubleAnswers = 0;
  /**
   * For each new session that the client got in place of an earlier session: `at` is the time at
   * which the client got the session, and `heard` is the time at which the client had heard
   * something last before that, ms since the beginning.
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

  /** @returns the number of messages of a kind that the client has sent */
  sent(kind: Kind): number {
    return this.times[kind].length;
  }

  /** @returns the requests that have carried a message to a server; `one` is its number */
  posts(kind: 'ask' | 'later', one: number): Trip[] {
    return this.trips.filter(({ body }) => body.includes(`"name":"${kind}","args":[${one}]`));
  }

  begin(): void {
    const { connection, number } = this;
    // What the client has heard so far was before the beginning of the run.
    this.lastHeard = this.time();
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
      // An error may come from realtime.js: it acknowledges the messages of a session that has
      // ended, before it says that a new session has begun.
      if (answer === one) this.hear(`${event} ${one}`);
      if (this.answers.has(`${event} ${one}`)) this.doubleAnswers += 1;
      else this.answers.set(`${event} ${one}`, answer);
    });
  }

  /** Stops the timers, so that the client sends no more messages. */
  stop(): void {
    for (const timer of this.timers) clearInterval(timer);
  }

  /**
   * The number of messages and answers that the client has heard. The numbers of the session's
   * timer do not count, because they do not end.
   */
  get heard(): number {
    return this.echoes.length + this.news.length + this.late.length + this.answers.size;
  }

  /**
   * @param told the number of messages for all that all clients have sent
   * @returns whether the client has heard all its echoes, all messages for all, and all answers
   */
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

/**
 * Opens clients. Each client has a proxy of its own (front.ts), which stays with one server as long
 * as this server answers. For the first clients, the proxy changes the server with each request.
 * @param time returns the time since the beginning of the run, ms
 */
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
