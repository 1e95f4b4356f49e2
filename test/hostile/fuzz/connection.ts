import { createConnection, Socket } from 'node:net';

/** An answer as it came. Status 0: there was none, and none was owed, since an earlier one on the connection announced its end. */
export interface Answer {
  status: number;
  body: string;
}

/** What ends the head of an answer. */
const END = '\r\n\r\n';

/**
 * A connection to the server, down to the bytes: node's own client would not send what is sent here, and would send
 * again what was cut.
 */
export class Connection {
  readonly socket: Socket;
  /** The server has ended it, or announced that it will: nothing more can be sent. */
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

  /** Sends requests in one piece. Gives the answer to each, null where the connection was cut instead. */
  ask(bytes: Buffer, methods: string[]): Promise<Answer | null>[] {
    const answers = methods.map(method => new Promise<Answer | null>(settle => this.owed.push({ method, settle })));
    this.socket.write(bytes);
    return answers;
  }

  /** Waits until it is closed, or so long. Gives whether it is closed. */
  async closes(within: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<boolean>(resolve => timer = setTimeout(resolve, within, false));
    const closed = await Promise.race([this.closed.then(() => true), tooLong]);
    clearTimeout(timer);
    return closed;
  }

  /** Settles what has been answered in full. */
  private read(closed: boolean): void {
    while (this.owed.length) {
      const answer = this.take(this.owed[0]!.method, closed);
      if (!answer) return;
      if (answer.status < 200 && answer.status !== 101) continue; // 100 Continue: the answer follows
      this.owed.shift()!.settle(answer);
      if (answer.last) for (const { settle } of this.owed.splice(0)) settle({ status: 0, body: '' });
    }
  }

  /** Takes one answer off what was received; undefined if it is not whole yet. */
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

/** The content of a chunked body, and where it ends; undefined if it is not whole yet. */
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
