import { setTimeout as sleep } from 'node:timers/promises';
import { Case, describe, makeCase, wire } from './cases';
import { Answer, Connection } from './connection';
import { Sessions } from './sessions';
import { SideTasks } from './side';

/**
 * The sender has this many lanes, which send cases at the same time. Each lane keeps its connection
 * for its next case.
 */
const LANES = 16;

/**
 * After this time without an answer, in ms, a case waits beside its lane, and the lane goes on.
 * Polls wait by their nature.
 */
const PATIENCE = 40;

/**
 * An answer that has not come after this time, in ms, counts as missed. The server answers a poll
 * within 21 s, and other requests at once.
 */
const MISSED = 60000;

/** How many connections stay open at a time, and how many cases wait beside the lanes at a time. */
const STAYING = 30;
const WAITING = 60;

/** Sends cases, and checks the answers. */
export class Sender {
  /** How many answers there were, by status. */
  readonly statuses = new Map<number, number>();
  /**
   * The first failures, and the number of all failures. An answer that was owed and did not come is
   * a failure. An answer that no client should get is another.
   */
  readonly failures: string[] = [];
  failed = 0;
  /**
   * How many cases were sent, how many answers came, and how many of these say that packets were
   * taken.
   */
  sent = 0;
  answers = 0;
  taken = 0;
  private readonly recent: Case[] = [];
  private readonly unanswered = new Set<Case>();
  private readonly missed = new Set<Case>();
  private readonly open = new Set<Connection>();
  private readonly staying: Connection[] = [];
  private readonly side = new SideTasks(WAITING);
  private readonly sessions: Sessions;
  private stopped = false;

  constructor(private readonly port: number, private readonly seed: number, private readonly webSockets: boolean) {
    this.sessions = new Sessions(async (method, path) => {
      const connection = this.connect();
      const [answer] = await Promise.all(connection.ask(Buffer.from(`${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`), [method]));
      if (answer) this.count(answer);
      connection.socket.destroy();
      return answer ?? null;
    }, what => this.fail(what));
  }

  /**
   * Sends the cases from the number `from` to below the number `to`. After stop(), sends no more.
   */
  async run(from: number, to: number): Promise<void> {
    let index = from;
    const lane = async () => {
      let kept = this.connect();
      while (index < to && !this.stopped) {
        const one = makeCase(this.seed, index++, this.webSockets);
        this.recent.push(one);
        if (this.recent.length > 20) this.recent.shift();
        kept = await this.send(one, kept);
        this.sent += 1;
      }
      kept.socket.destroy();
    };
    await Promise.all(Array.from({ length: LANES }, lane));
  }

  /**
   * Ends the connections that stay, and the sessions. The polls that wait end with their sessions.
   */
  async finish(): Promise<void> {
    for (const connection of this.staying.splice(0)) connection.socket.destroy();
    await this.sessions.endAll();
    await this.side.all();
    await this.sessions.endAll(); // the sessions that the last cases opened
  }

  /** Cuts all connections, and sends no more. */
  stop(): void {
    this.stopped = true;
    for (const connection of this.open) connection.socket.destroy();
  }

  /** @returns the cases to look at when the server has died or hangs */
  suspects(): string {
    const lines = (list: Case[]) => list.map(one => `  ${describe(one)}\n`).join('');
    return `sent last, the newest first:\n${lines([...this.recent].reverse())}without an answer, the oldest first:\n${lines([...this.unanswered].slice(0, 10))}`;
  }

  private connect(): Connection {
    const connection = new Connection(this.port);
    this.open.add(connection);
    void connection.closed.then(() => this.open.delete(connection));
    if (this.stopped) connection.socket.destroy();
    return connection;
  }

  /**
   * Sends a case.
   * @returns the connection for the next case: the kept one, or a new one if the kept one has ended
   * or still waits for an answer
   */
  private async send(one: Case, kept: Connection): Promise<Connection> {
    const needed = one.parts.some(part => /\{(session|encoded)\}/.test(part.head));
    const session = needed ? await this.sessions.get(one.slot) : '';
    const bytes = one.parts.map(part => wire(part, session, () => this.sessions.next(one.slot)));
    const methods = one.parts.map(part => part.method);

    if (one.manner === 'ask') {
      if (kept.ended) kept = this.connect();
      const answers = this.settle(one, kept.ask(Buffer.concat(bytes), methods));
      const patient = await Promise.race([answers.then(() => true), sleep(PATIENCE, false)]);
      if (patient) return kept;
      await this.wait(one, answers, [kept]);
      return this.connect();
    }
    if (one.manner === 'apart' || one.manner === 'upgrade') {
      const connections = bytes.map(() => this.connect());
      const answers = this.settle(one, connections.flatMap((connection, n) => connection.ask(bytes[n]!, [methods[n]!])));
      await this.wait(one, answers.then(all => all[0]?.status === 101 ? sendFrames(one, connections[0]!) : undefined), connections);
      return kept;
    }

    const connection = this.connect();
    if (one.manner === 'dribble') {
      await this.side.add(dribble(one, connection, bytes[0]!));
      return kept;
    }
    connection.socket.write(Buffer.concat(bytes));
    if (one.manner === 'stay') {
      this.staying.push(connection);
      if (this.staying.length > STAYING) this.staying.shift()!.socket.destroy();
      return kept;
    }
    if (one.manner === 'finish') connection.socket.end();
    await connection.closes(one.pause);
    if (one.manner === 'leave' && one.pause % 2 === 0) connection.socket.resetAndDestroy();
    else connection.socket.destroy();
    return kept;
  }

  /** Lets answers come while the lane goes on, and closes their connections afterwards. */
  private wait(one: Case, answers: Promise<unknown>, connections: Connection[]): Promise<void> {
    const close = () => connections.forEach(({ socket }) => socket.destroy());
    const tooLong = setTimeout(() => {
      this.missed.add(one);
      close();
    }, MISSED);
    return this.side.add(answers.then(() => {
      clearTimeout(tooLong);
      close();
    }));
  }

  /** Checks the answers when they come. */
  private async settle(one: Case, coming: Promise<Answer | null>[]): Promise<(Answer | null)[]> {
    this.unanswered.add(one);
    const answers = await Promise.all(coming);
    this.unanswered.delete(one);
    for (const [n, answer] of answers.entries()) {
      if (!answer) {
        this.fail(`${this.missed.has(one) ? `no answer in ${MISSED / 1000} s` : 'the connection was cut before the answer'} to ${describe(one)}`);
        break;
      }
      this.count(answer);
      if (answer.status >= 500 && answer.status !== 503) this.fail(`${answer.status} ${JSON.stringify(answer.body.slice(0, 200))} to ${describe(one)}`);
      await this.sessions.learn(one.slot, one.parts[n]!, answer);
    }
    return answers;
  }

  private count({ status, body }: Answer): void {
    if (status === 0) return;
    this.answers += 1;
    if (status === 200 && body === '1') this.taken += 1;
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
  }

  private fail(what: string): void {
    if (this.stopped) return;
    this.failed += 1;
    if (this.failures.length < 5) this.failures.push(what);
  }
}

/** Sends frames in one piece or two, and then ends the connection, or leaves it to be cut. */
async function sendFrames(one: Case, connection: Connection): Promise<void> {
  const frames = one.frames!;
  const middle = one.pause % 3 === 0 ? frames.length >> 1 : frames.length;
  connection.socket.write(frames.subarray(0, middle));
  await connection.closes(one.pause);
  connection.socket.write(frames.subarray(middle));
  if (one.pause % 2 === 0) connection.socket.end();
  await connection.closes(20);
}

/**
 * Sends the head, then the body three bytes at a time, and cuts the connection before the end of
 * the body.
 */
async function dribble(one: Case, connection: Connection, bytes: Buffer): Promise<void> {
  const start = bytes.indexOf('\r\n\r\n') + 4;
  connection.socket.write(bytes.subarray(0, start));
  for (let at = start; at < Math.min(start + 30, bytes.length - 10) && !await connection.closes(one.pause); at += 3) {
    connection.socket.write(bytes.subarray(at, at + 3));
  }
  connection.socket.destroy();
}
