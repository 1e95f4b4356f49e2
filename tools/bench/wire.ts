/* Sends requests over a connection for HTTP. */
import net from 'node:net';

export interface Answer {
  status: number;
  text: string;
}

type Done = (answer: Answer) => void;

/**
 * The traffic of all connections so far: the requests of clients, and the bytes in both directions,
 * with headers.
 */
export const traffic = { requests: 0, bytes: 0 };

/** The buffer of all connections. One buffer is enough, because its bytes are used at once. */
const shared = Buffer.allocUnsafe(65536);
const NOTHING = Buffer.alloc(0);

/** The time within which a connection is used again, ms. node's server closes idle ones at 5 s. */
const FRESH = 3000;

/**
 * A connection that stays open. It has one request at a time, and further requests wait in a line.
 * A Wire costs a fraction of node's http client, so the machine is free for the server.
 */
export class Wire {
  private socket: net.Socket | null = null;
  private done: Done | null = null;
  private readonly line: [request: string, done: Done][] = [];
  private parts = NOTHING;
  private used = 0;

  /** @param failed the function that is called if the connection is refused, or cut in a request */
  constructor(private readonly port: number, private readonly failed: (error: Error) => void) {}

  /**
   * Sends a request.
   * @param done the function that is called with the answer
   */
  send(request: string, done: Done): void {
    if (this.done) {
      this.line.push([request, done]);
      return;
    }
    this.done = done;
    const now = Date.now();
    if (this.socket && now - this.used > FRESH) this.close();
    this.used = now;
    this.socket ??= this.connect();
    this.socket.write(request);
    traffic.requests += 1;
    traffic.bytes += Buffer.byteLength(request);
  }

  /**
   * Sends a request.
   * @returns the answer
   */
  ask(request: string): Promise<Answer> {
    return new Promise(resolve => this.send(request, resolve));
  }

  close(): void {
    const { socket } = this;
    this.socket = null;
    if (socket) socket.resetAndDestroy();
  }

  private connect(): net.Socket {
    const socket: net.Socket = net.connect({
      host: '127.0.0.1',
      port: this.port,
      noDelay: true,
      onread: {
        buffer: shared,
        callback: size => {
          if (this.socket === socket) this.read(shared.subarray(0, size));
          return true;
        },
      },
    });
    const lost = (error?: Error) => {
      if (this.socket !== socket) return;
      this.socket = null;
      if (this.done) this.failed(error ?? new Error('a connection was cut within a request'));
    };
    return socket.on('error', lost).on('close', () => lost());
  }

  private read(data: Buffer): void {
    traffic.bytes += data.length;
    const all = this.parts.length === 0 ? data : Buffer.concat([this.parts, data]);
    const answer = readAnswer(all);
    // The next read overwrites the shared buffer, so an incomplete answer is copied.
    this.parts = answer ? NOTHING : Buffer.from(all);
    if (!answer) return;
    const { done } = this;
    this.done = null;
    this.used = Date.now();
    if (!done) {
      this.failed(new Error(`an answer that nobody asked for: ${answer.status} ${answer.text}`));
      return;
    }
    const next = this.line.shift();
    if (next) this.send(...next);
    done(answer);
  }
}

/** Reads an answer. @returns null if the answer is not complete */
function readAnswer(data: Buffer): Answer | null {
  const end = data.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const head = data.toString('latin1', 0, end);
  const status = Number(head.slice(9, 12));
  const start = end + 4;
  const length = /\r\ncontent-length: (\d+)/i.exec(head);
  if (length) {
    const stop = start + Number(length[1]);
    return data.length < stop ? null : { status, text: data.toString('utf8', start, stop) };
  }
  if (status === 204) return { status, text: '' };
  if (!/\r\ntransfer-encoding: chunked/i.test(head)) {
    throw new Error(`an answer with no length: ${head}`);
  }
  const text = readChunks(data, start);
  return text === null ? null : { status, text };
}

/** Reads a body in chunks. @returns null if the body is not complete */
function readChunks(data: Buffer, start: number): string | null {
  let text = '';
  for (let at = start; ;) {
    const line = data.indexOf('\r\n', at);
    if (line < 0) return null;
    const size = parseInt(data.toString('latin1', at, line), 16);
    const next = line + 2 + size + 2;
    if (data.length < next) return null;
    if (size === 0) return text;
    text += data.toString('utf8', line + 2, line + 2 + size);
    at = next;
  }
}
