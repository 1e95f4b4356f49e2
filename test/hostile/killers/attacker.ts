import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { resource } from '../../support/template';
import { event, split } from '../../support/raw';
import { here } from '../../support/request';

/** The outcome of a request that got no answer. */
export const CUT = 'cut';
export const SILENCE = 'silence';

interface Options {
  method?: string;
  headers?: http.OutgoingHttpHeaders;
  body?: string | Buffer;
}

/**
 * A client that keeps to no rule. The path of a request is the part under the resource, except for
 * upgrade().
 */
export class Attacker {
  /**
   * @param patience how long the client waits for an answer, in ms; a busy machine may be silent
   * for a while
   */
  constructor(readonly port: number, readonly patience: number) {}

  /**
   * Sends one request, on a connection of its own.
   * @returns the status and the text, or CUT, or SILENCE when the patience is over
   */
  send(path: string, { method = 'GET', headers = {}, body = '' }: Options = {}): Promise<string> {
    return new Promise(resolve => {
      const req = http.request({ port: this.port, path: resource + path, method, headers, agent: false, lookup: here }, res => {
        let text = '';
        res.setEncoding('utf8').on('data', data => text += data);
        res.on('end', () => resolve(`${res.statusCode} ${text}`)).on('error', () => resolve(CUT));
      });
      req.on('upgrade', (res, socket) => {
        socket.destroy();
        resolve(`${res.statusCode} `);
      });
      req.on('error', () => resolve(CUT));
      req.setTimeout(this.patience, () => {
        resolve(SILENCE);
        req.destroy();
      });
      req.end(body);
    });
  }

  /** Makes a handshake. @returns the id of the session */
  async handshake(): Promise<string> {
    return /^200 ([\w-]{20}):/.exec(await this.send('/1/'))![1]!;
  }

  /**
   * @returns a connected session over xhr-polling, which the server has asked for an
   * acknowledgement
   */
  async session(): Promise<Session> {
    const session = new Session(this, await this.handshake());
    await session.hear(packet => packet.includes('question'));
    return session;
  }

  /** @returns the list of all that the application's handlers saw of a session */
  async seen(id: string): Promise<string[]> {
    return (await (await this.session()).ask('seen', id))[0] as string[];
  }

  /** Waits until isSo() accepts the list, or until the patience is over. @returns the last list */
  async seenWhen(
    id: string, isSo: (seen: string[]) => boolean, patience = this.patience,
  ): Promise<string[]> {
    let seen: string[] = [];
    for (const end = Date.now() + patience; !isSo(seen) && Date.now() < end; await sleep(50)) seen = await this.seen(id);
    return seen;
  }

  /** @returns by how many bytes the server grows while doing() runs */
  async growth(doing: () => Promise<unknown>): Promise<number> {
    const session = await this.session();
    const heap = async () => (await session.ask('heap'))[0] as number;
    const before = await heap();
    await doing();
    return await heap() - before;
  }

  /**
   * @returns all that a connection brings until it has brought the text `what` so many times, until
   * it ends, or until the patience is over
   */
  async receive(socket: net.Socket, what: string, times = 1, patience = this.patience): Promise<string> {
    const parts: string[] = [];
    let left = times;
    // The end of the data, from the last `what` on. The next one may begin there.
    let rest = '';
    await new Promise<void>(resolve => {
      const tooLong = setTimeout(resolve, patience);
      const end = () => {
        clearTimeout(tooLong);
        resolve();
      };
      socket.on('close', end).on('end', end).on('data', (data: Buffer) => {
        const text = data.toString('latin1');
        parts.push(text);
        const found = (rest + text).split(what);
        left -= found.length - 1;
        rest = found.at(-1)!;
        if (left <= 0) end();
      });
    });
    return parts.join('');
  }

  /**
   * Opens a connection, and sends the text. The connection stays open when the server ends its
   * side.
   */
  async connection(text: string | Buffer): Promise<net.Socket> {
    const socket = net.connect({ port: this.port, allowHalfOpen: true }).on('error', () => undefined);
    await once(socket, 'connect');
    socket.write(text);
    return socket;
  }

  /** Asks for an upgrade, at any path. `head` has the first bytes that come after the request. */
  upgrade(path: string, headers: object = WEBSOCKET, head = Buffer.alloc(0)): Promise<net.Socket> {
    const lines = Object.entries({ Host: `localhost:${this.port}`, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
    return this.connection(Buffer.concat([Buffer.from(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`), head]));
  }

  /** @returns an open WebSocket of a session */
  async websocket(id: string, headers: object = WEBSOCKET, head?: Buffer): Promise<net.Socket> {
    const socket = await this.upgrade(`${resource}/1/websocket/${id}`, headers, head);
    await Promise.race([once(socket, 'data'), once(socket, 'end').then(() => { throw new Error('no WebSocket'); })]);
    return socket;
  }
}

export const WEBSOCKET = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' };

export class Session {
  readonly path: string;
  private asked = 0;

  constructor(readonly attacker: Attacker, readonly id: string) {
    this.path = `/1/xhr-polling/${id}`;
  }

  poll(): Promise<string> {
    return this.attacker.send(this.path);
  }

  post(body: string | Buffer): Promise<string> {
    return this.attacker.send(this.path, { method: 'POST', body });
  }

  /** Posts a body that arrives in two pieces. */
  async postInPieces(first: Buffer, second: Buffer): Promise<void> {
    const length = first.length + second.length;
    const socket = await this.attacker.connection(`POST ${resource}${this.path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n\r\n`);
    socket.write(first);
    await sleep(100);
    socket.write(second);
    await this.attacker.receive(socket, '\r\n\r\n');
    socket.destroy();
  }

  /** Sends an event. @returns the arguments of its acknowledgement */
  async ask(name: string, ...args: unknown[]): Promise<unknown[]> {
    const ack = `6:::${this.asked += 1}+`;
    await this.post(event(name, args, `${this.asked}+`));
    const packets = await this.hear(packet => packet.startsWith(ack));
    return JSON.parse(packets.find(packet => packet.startsWith(ack))!.slice(ack.length)) as unknown[];
  }

  /** Polls until `what` accepts a packet. @returns all packets of these polls */
  async hear(what: (packet: string) => boolean): Promise<string[]> {
    const all: string[] = [];
    while (!all.some(what)) {
      const answer = await this.poll();
      if (!answer.startsWith('200 ')) throw new Error(`a poll brought ${answer} after ${all.join(' ')}`);
      all.push(...split(answer.slice(4)));
    }
    return all;
  }
}

/** Makes a whole WebSocket frame. @param first its first byte: 0x81 for a text, 0x89 for a ping */
export function frame(first: number, text: string): Buffer {
  const data = Buffer.from(text);
  const mask = Buffer.from([1, 2, 3, 4]);
  const length = Buffer.alloc(data.length < 126 ? 1 : data.length < 65536 ? 3 : 9);
  length[0] = 0x80 | (length.length === 1 ? data.length : length.length === 3 ? 126 : 127);
  if (length.length > 1) length.writeUIntBE(data.length, length.length === 3 ? 1 : 5, length.length === 3 ? 2 : 4);
  return Buffer.concat([Buffer.from([first]), length, mask, data.map((byte, i) => byte ^ mask[i % 4]!)]);
}
