import type { Message, Protocol, Session } from './protocols';
import { Wire } from './wire';

export interface Client {
  /** Polls that brought messages. */
  readonly polls: number;
  /** Takes how long a poll waited that brought nothing, ms. */
  rested: (time: number) => void;
  /** The client calls it for each message. Unless it is set, a message is an error. */
  heard: (message: Message) => void;
  /** Opens the session. */
  open: () => Promise<void>;
  /**
   * Sends an event.
   * @param done is called when it has been taken, as far as the client is told
   */
  send: (event: string, text: string, asks: boolean, done?: () => void) => void;
  close: () => void;
}

/** Makes a client of a server. `failed` takes an error: a server that answers wrongly is not measured. */
export type MakeClient = (port: number, failed: (error: Error) => void) => Client;

/** Clients that poll. */
export const polling = (protocol: Protocol): MakeClient => (port, failed) => new PollClient(port, protocol, failed);

/** A client whose poll always waits, as a page has it: one connection for polls, and once it has sent something another for that. */
class PollClient implements Client {
  polls = 0;
  rested: (time: number) => void = () => undefined;
  heard: (message: Message) => void = message => { throw new Error(`nobody waits for ${message.join(' ')}`); };

  private readonly session: Session;
  private readonly polling: Wire;
  private readonly posting: Wire;

  constructor(port: number, protocol: Protocol, private readonly failed: (error: Error) => void) {
    this.session = protocol(port);
    this.polling = new Wire(port, failed);
    this.posting = new Wire(port, failed);
  }

  /** Opens the session, and polls from then on. */
  async open(): Promise<void> {
    await this.session.open(async request => {
      const { status, text } = await this.polling.ask(request);
      if (status !== 200) throw new Error(`opening a session brought ${status} ${text}`);
      return text;
    });
    await new Promise<void>(resolve => this.poll(resolve));
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
      if (`${status} ${text}` !== this.session.posted) throw new Error(`a POST brought ${status} ${text}`);
      if (done) done();
    }));
  }

  private poll(opened?: () => void): void {
    const start = performance.now();
    this.polling.send(this.session.poll(), ({ status, text }) => this.guard(() => {
      if (status !== 200) throw new Error(`a poll brought ${status} ${text}`);
      const brought = this.session.read(text);
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

/** The clients of one server. Of several processes they take the ports in turn, and each stays with its own. */
export class Crowd {
  readonly clients: Client[] = [];
  /** Rejected if one of them fails. */
  readonly failure: Promise<never>;
  private fail!: (error: Error) => void;

  constructor(private readonly ports: number[], private readonly make: MakeClient) {
    this.failure = new Promise((_, reject) => { this.fail = reject; });
    this.failure.catch(() => undefined);
  }

  /** Adds so many, `together` at a time. Gives how long each took to open, ms. */
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

  /** Waits for this, unless a client fails. */
  async orFailure<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.failure]);
  }

  close(): void {
    for (const client of this.clients) client.close();
  }
}
