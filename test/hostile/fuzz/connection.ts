import { createConnection, Socket } from 'node:net';

/**
 * An answer of the server. Status 0 means that there was no answer, and that the server owed none:
 * an earlier answer on the connection announced the end of the connection.
 */
export interface Answer {
  status: number;
  body: string;
}

/** These bytes end the head of an answer. */
const END = '\r\n\r\n';

/**
 * A connection to the server at the level of bytes. node's own client could not send the bytes of
 * these tests, and would send a request again if its connection was cut.
 */
export class Connection {
  readonly socket: Socket;
  /**
   * Whether the server has ended the connection, or has announced its end. Then nothing more can be
   * sent.
   */
  ended = false;
  readonly closed: Promise<void>;
  private received = Buffer.alloc(0);
  private readonly owed: { method: string; settle: (answer: Answer | null) => void }[] = [];

  constructor(port: number) {
    this.socket = createConnection({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('error', () => undefined); // 'close' follows, and says enough
    this.socket.on('data', data => {
      this.received = this.received.length ? Buffer.concat([this.received, data]) : data;
      this.read(false);
    });
    this.socket.on('end', () => this.ended = true);
    this.closed = new Promise(resolve => {
      this.socket.on('close', () => {
        this.read(true);
        this.ended = true;
        for (const { settle } of this.owed.splice(0)) settle(null);
        resolve();
      });
    });
  }

  /**
   * Sends requests in one piece.
   * @returns the answer to each, or null where the connection was cut instead
   */
  ask(bytes: Buffer, methods: string[]): Promise<Answer | null>[] {
    const answers = methods.map(method => new Promise<Answer | null>(settle => this.owed.push({ method, settle })));
    this.socket.write(bytes);
    return answers;
  }

  /**
   * Waits until the connection is closed, or for `within` ms.
   * @returns whether the connection is closed
   */
  async closes(within: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<boolean>(resolve => timer = setTimeout(resolve, within, false));
    const closed = await Promise.race([this.closed.then(() => true), tooLong]);
    clearTimeout(timer);
    return closed;
  }

  /** Settles the requests whose answers have arrived in full. */
  private read(closed: boolean): void {
    while (this.owed.length) {
      const answer = this.take(this.owed[0]!.method, closed);
      if (!answer) return;
      if (answer.status < 200 && answer.status !== 101) continue; // 100 Continue: the answer follows
      this.owed.shift()!.settle(answer);
      if (answer.last) for (const { settle } of this.owed.splice(0)) settle({ status: 0, body: '' });
    }
  }

  /** Takes one answer off the received bytes. @returns undefined if the answer is not whole yet */
  private take(method: string, closed: boolean): Answer & { last: boolean } | undefined {
    const end = this.received.indexOf(END);
    if (end < 0) return undefined;
    const head = this.received.toString('latin1', 0, end);
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 999);
    const last = /^connection: *close\r?$/im.test(head);
    const start = end + END.length;
    const length = /^content-length: *(\d+)\r?$/im.exec(head)?.[1];
    let body: Buffer;
    let to: number;
    if (method === 'HEAD' || status < 200 || status === 204 || status === 304) {
      [body, to] = [Buffer.alloc(0), start];
    } else if (/^transfer-encoding: *chunked\r?$/im.test(head)) {
      const whole = unchunk(this.received, start);
      if (!whole) return undefined;
      [body, to] = whole;
    } else {
      to = length !== undefined ? start + Number(length) : closed ? this.received.length : Infinity;
      if (this.received.length < to) return undefined;
      body = this.received.subarray(start, to);
    }
    this.received = this.received.subarray(to);
    if (last) this.ended = true;
    return { status, body: body.toString(), last };
  }
}

/**
 * @returns the content of a chunked body, and where the body ends; undefined if it is not whole yet
 */
function unchunk(bytes: Buffer, start: number): [content: Buffer, end: number] | undefined {
  const pieces: Buffer[] = [];
  for (let at = start; ;) {
    const line = bytes.indexOf('\r\n', at);
    if (line < 0) return undefined;
    const from = line + 2;
    const to = from + parseInt(bytes.toString('latin1', at, line), 16);
    if (bytes.length < to + 2) return undefined;
    if (to === from) return [Buffer.concat(pieces), to + 2];
    pieces.push(bytes.subarray(from, to));
    at = to + 2;
  }
}
