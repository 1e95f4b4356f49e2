/* Reads and writes frames at the client's side of a WebSocket. */
import net from 'node:net';
import { traffic } from './wire';

const NOTHING = Buffer.alloc(0);
const [TEXT, CLOSE, PING, PONG] = [0x81, 0x88, 0x89, 0x8a];

/**
 * A WebSocket that costs as little as possible, so that the machine is free for the server. It
 * knows only uncompressed texts in frames of less than 64 KB, pings and the end.
 */
export class Frames {
  private readonly socket: net.Socket;
  private parts: Buffer = NOTHING;
  private open = false;
  private closed = false;

  /**
   * @param request the whole text of the upgrade request
   * @param opened the function that is called when the WebSocket is open
   * @param heard the function that is called with each text
   * @param failed the function that is called with an error: the server refuses the request, the
   *   connection ends, or a frame of another kind comes
   */
  constructor(
    port: number,
    request: string,
    private readonly opened: () => void,
    private readonly heard: (text: string) => void,
    private readonly failed: (error: Error) => void,
  ) {
    this.socket = net.connect({ host: '127.0.0.1', port, noDelay: true });
    this.socket.once('connect', () => this.write(Buffer.from(request)));
    this.socket.on('data', data => {
      try {
        this.read(data);
      } catch (error) {
        this.failed(error as Error);
      }
    });
    this.socket.on('error', error => this.lost(error));
    this.socket.on('close', () => this.lost(new Error('a WebSocket was closed')));
  }

  send(text: string): void {
    this.write(frame(TEXT, Buffer.from(text)));
  }

  close(): void {
    this.closed = true;
    this.socket.resetAndDestroy();
  }

  private lost(error: Error): void {
    if (!this.closed) this.failed(error);
    this.closed = true;
  }

  private write(data: Buffer): void {
    traffic.bytes += data.length;
    this.socket.write(data);
  }

  private read(data: Buffer): void {
    traffic.bytes += data.length;
    let rest = this.parts.length === 0 ? data : Buffer.concat([this.parts, data]);
    if (!this.open) rest = this.readHead(rest);
    while (this.open && !this.closed) {
      const start = rest[1] === 126 ? 4 : 2;
      if (rest.length < start) break;
      const size = start === 4 ? rest.readUInt16BE(2) : rest[1]!;
      if (size === 127 && start === 2) throw new Error('a frame of 64 KB or more, or a masked one');
      if (rest.length < start + size) break;
      this.handle(rest[0]!, rest.subarray(start, start + size));
      rest = rest.subarray(start + size);
    }
    this.parts = rest.length === 0 ? NOTHING : rest;
  }

  /** Reads the answer to the upgrade request. @returns the bytes behind it */
  private readHead(bytes: Buffer): Buffer {
    const end = bytes.indexOf('\r\n\r\n');
    if (end < 0) return bytes;
    const head = bytes.toString('latin1', 0, end);
    if (!head.startsWith('HTTP/1.1 101 ')) {
      throw new Error(`a request for a WebSocket brought ${head}`);
    }
    this.open = true;
    this.opened();
    return bytes.subarray(end + 4);
  }

  private handle(kind: number, content: Buffer): void {
    if (kind === TEXT) this.heard(content.toString());
    else if (kind === PING) this.write(frame(PONG, content));
    else if (kind === CLOSE) throw new Error('the server closed a WebSocket');
    else throw new Error(`a frame that begins with ${kind}`);
  }
}

/** Makes a frame. A client's frame must have a mask. A mask of zero does not change the content. */
function frame(kind: number, content: Buffer): Buffer {
  const head = content.length < 126
    ? [kind, 0x80 | content.length, 0, 0, 0, 0]
    : [kind, 0x80 | 126, content.length >> 8, content.length & 0xff, 0, 0, 0, 0];
  return Buffer.concat([Buffer.from(head), content]);
}
