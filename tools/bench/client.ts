/* The clients of the benchmark. They check every answer, and a wrong answer ends the benchmark. */
import type { Message, Protocol, Session } from './protocols';
import { Wire } from './wire';

export interface Client {
  /** The number of polls that brought messages. */
  readonly polls: number;
  /** The number of messages that have come, with acknowledgements. */
  readonly messages: number;
  /** The listener for a poll that ends without messages. @param time the time that it waited, ms */
  rested: (time: number) => void;
  /** The listener for each message. The default listener throws, because it expects no message. */
  heard: (message: Message) => void;
  /** Opens the session. */
  open: () => Promise<void>;
  /**
   * Sends an event.
   * @param asks whether the event asks for an acknowledgement
   * @param done the function that is called when the server has answered the POST; over a
   *   WebSocket, it is called at once
   */
  send: (event: string, text: string, asks: boolean, done?: () => void) => void;
  close: () => void;
}

/**
 * Makes a client of a server.
 * @param failed the function that is called with an error if the server answers wrongly
 */
export type MakeClient = (port: number, failed: (error: Error) => void) => Client;

/** Makes clients that poll. */
export function polling(protocol: Protocol): MakeClient {
  return (port, failed) => new PollClient(port, protocol, failed);
}

/** Throws an error. This is the default listener for messages. */
export function refuseMessage(message: Message): void {
  throw new Error(`nobody waits for ${message.join(' ')}`);
}

/**
 * A client whose poll always waits, as in a page. It has a connection for polls, and another
 * connection for POSTs.
 */
class PollClient implements Client {
  polls = 0;
  messages = 0;
  rested: (time: number) => void = () => undefined;
  heard: (message: Message) => void = refuseMessage;

  private readonly session: Session;
  private readonly polling: Wire;
  private readonly posting: Wire;

  constructor(port: number, protocol: Protocol, private readonly failed: (error: Error) => void) {
    this.session = protocol(port);
    this.polling = new Wire(port, failed);
    this.posting = new Wire(port, failed);
  }

  /** Opens the session, and begins to poll. */
  async open(): Promise<void> {
    await this.session.open(async request => {
      const { status, text } = await this.polling.ask(request);
      if (status !== 200) throw new Error(`opening a session brought ${status} ${text}`);
      return text;
    });
    const opened = new Promise<void>(resolve => this.poll(resolve));
    if (this.session.hello) this.post(this.session.hello());
    await opened;
  }

  send(event: string, text: string, asks: boolean, done?: () => void): void {
    this.post(this.session.post(event, text, asks), done);
  }

  close(): void {
    this.polling.close();
    this.posting.close();
  }

  private post(request: string, done?: () => void): void {
    this.posting.send(request, ({ status, text }) => this.guard(() => {
      const answer = `${status} ${text}`;
      if (answer !== this.session.posted) throw new Error(`a POST brought ${answer}`);
      if (done) done();
    }));
  }

  private poll(opened?: () => void): void {
    const start = performance.now();
    this.polling.send(this.session.poll(), ({ status, text }) => this.guard(() => {
      if (status !== 200) throw new Error(`a poll brought ${status} ${text}`);
      const brought = this.session.read(text);
      this.messages += brought.messages.length;
      if (brought.messages.length > 0) this.polls += 1;
      else if (!brought.opened) this.rested(performance.now() - start);
      this.poll(brought.opened ? undefined : opened);
      if (brought.pinged) this.post(this.session.pong!());
      if (brought.opened && opened) opened();
      for (const message of brought.messages) this.heard(message);
    }));
  }

  private guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.failed(error as Error);
    }
  }
}

/**
 * The clients of one server. If the server has several processes, each client uses one of them, in
 * turn.
 */
export class Crowd {
  readonly clients: Client[] = [];
  /** A promise that is rejected when a client fails. */
  readonly failure: Promise<never>;
  private fail!: (error: Error) => void;

  constructor(private readonly ports: number[], private readonly make: MakeClient) {
    this.failure = new Promise((_, reject) => { this.fail = reject; });
    this.failure.catch(() => undefined);
  }

  /**
   * Adds clients.
   * @param together the number of clients that connect at the same time
   * @returns the time that each client took to open its session, ms
   */
  async add(count: number, together = 50): Promise<number[]> {
    const times: number[] = [];
    const line = async () => {
      while (count > 0) {
        count -= 1;
        const client = this.make(this.ports[this.clients.length % this.ports.length]!, this.fail);
        this.clients.push(client);
        const start = performance.now();
        await this.orFailure(client.open());
        times.push(performance.now() - start);
      }
    };
    await Promise.all(Array.from({ length: together }, line));
    return times;
  }

  /** Waits for a promise. @throws Error at once if a client fails */
  async orFailure<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.failure]);
  }

  close(): void {
    for (const client of this.clients) client.close();
  }
}
