/* The clients of the benchmark that use WebSockets. */
import { Client, MakeClient, refuseMessage } from './client';
import { Frames } from './frames';
import type { Message } from './protocols';
import type { SocketProtocol, SocketSession } from './socket-protocols';
import { Wire } from './wire';

/** The time after which public/realtime.js acknowledges a message, ms. */
const ACKNOWLEDGE_AFTER = 500;

/** Makes clients that have a WebSocket each. */
export function webSocket(protocol: SocketProtocol): MakeClient {
  return (port, failed) => new SocketClient(port, protocol, failed);
}

class SocketClient implements Client {
  readonly polls = 0;
  messages = 0;
  rested = () => undefined;
  heard: (message: Message) => void = refuseMessage;

  private readonly session: SocketSession;
  private frames: Frames | null = null;
  private acknowledging: NodeJS.Timeout | null = null;

  constructor(
    private readonly port: number,
    protocol: SocketProtocol,
    private readonly failed: (error: Error) => void,
  ) {
    this.session = protocol(port);
  }

  async open(): Promise<void> {
    const { session, port } = this;
    const wire = new Wire(port, this.failed);
    const upgrade = await session.open(async request => {
      const { status, text } = await wire.ask(request);
      if (status !== 200) throw new Error(`opening a session brought ${status} ${text}`);
      return text;
    });
    wire.close();
    await new Promise<void>(opened => {
      const begin = () => {
        if (session.first === undefined) opened();
        else if (session.first !== '') this.frames!.send(session.first);
      };
      this.frames = new Frames(port, upgrade, begin, text => this.hear(text, opened), this.failed);
    });
  }

  send(event: string, text: string, asks: boolean, done?: () => void): void {
    this.frames!.send(this.session.message(event, text, asks));
    if (done) done();
  }

  close(): void {
    if (this.acknowledging) clearTimeout(this.acknowledging);
    if (this.frames) this.frames.close();
  }

  private hear(text: string, opened: () => void): void {
    const { session } = this;
    const brought = session.read(text);
    this.messages += brought.messages.length;
    if (brought.opened) opened();
    if (brought.pinged) this.frames!.send(session.pong!);
    for (const message of brought.messages) this.heard(message);
    const { acknowledge } = session;
    if (acknowledge && brought.messages.length > 0) this.acknowledging ??= setTimeout(() => {
      this.acknowledging = null;
      this.frames!.send(acknowledge());
    }, ACKNOWLEDGE_AFTER);
  }
}
