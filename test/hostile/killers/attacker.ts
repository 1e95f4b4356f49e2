import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { resource } from '../../support/template';
import { event, split } from '../../support/raw';

/** What came instead of an answer. */
export const CUT = 'cut';
export const SILENCE = 'silence';

interface Options {
  method?: string;
  headers?: http.OutgoingHttpHeaders;
  body?: string | Buffer;
}

/** A client that keeps to no rule. Paths are those under the resource. */
export class Attacker {
  /** @param patience how long it waits for an answer, ms: until then, silence may be a machine that is busy */
  constructor(readonly port: number, readonly patience: number) {}

  /** One request, on a connection of its own. Gives its status and text, or CUT, or in the end SILENCE. */
  send(path: string, { method = 'GET', headers = {}, body = '' }: Options = {}): Promise<string> {
    return new Promise(resolve => {
      const req = http.request({ port: this.port, path: resource + path, method, headers, agent: false }, res => {
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

  /** A handshake. Gives the session's id. */
  async handshake(): Promise<string> {
    return /^200 ([\w-]{20}):/.exec(await this.send('/1/'))![1]!;
  }

  /** A session over xhr-polling that is connected, and has been asked for an acknowledgement. */
  async session(): Promise<Session> {
    const session = new Session(this, await this.handshake());
    await session.hear(packet => packet.includes('question'));
    return session;
  }

  /** What the handlers of the application saw of a session. */
  async seen(id: string): Promise<string[]> {
    return (await (await this.session()).ask('seen', id))[0] as string[];
  }

  /** The same, when it is as it is to be, or when there is nothing more to wait for. */
  async seenWhen(
    id: string, isSo: (seen: string[]) => boolean, patience = this.patience,
  ): Promise<string[]> {
    let seen: string[] = [];
    for (const end = Date.now() + patience; !isSo(seen) && Date.now() < end; await sleep(50)) seen = await this.seen(id);
    return seen;
  }

  /** By how many bytes the server grows while this is done. */
  async growth(doing: () => Promise<unknown>): Promise<number> {
    const session = await this.session();
    const heap = async () => (await session.ask('heap'))[0] as number;
    const before = await heap();
    await doing();
    return await heap() - before;
  }

  /** All that a connection brings, until this text was in it so many times, or it ends, or there is nothing more to wait for. */
  async receive(socket: net.Socket, what: string, times = 1, patience = this.patience): Promise<string> {
    let all = '';
    let over = false;
    socket.on('data', data => all += data.toString('latin1')).on('close', () => over = true).on('end', () => over = true);
    for (const end = Date.now() + patience; !over && all.split(what).length <= times && Date.now() < end; await sleep(10));
    return all;
  }

  /** A connection that has sent this. It does not close when the server does. */
  async connection(text: string | Buffer): Promise<net.Socket> {
    const socket = net.connect({ port: this.port, allowHalfOpen: true }).on('error', () => undefined);
    await once(socket, 'connect');
    socket.write(text);
    return socket;
  }

  /** Asks for an upgrade, at any path, with the first bytes of what comes after it. */
  upgrade(path: string, headers: object = WEBSOCKET, head = Buffer.alloc(0)): Promise<net.Socket> {
    const lines = Object.entries({ Host: `localhost:${this.port}`, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
    return this.connection(Buffer.concat([Buffer.from(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`), head]));
  }

  /** A WebSocket of a session, open. */
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

  /** Posts what arrives in two pieces. */
  async postInPieces(first: Buffer, second: Buffer): Promise<void> {
    const length = first.length + second.length;
    const socket = await this.attacker.connection(`POST ${resource}${this.path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n\r\n`);
    socket.write(first);
    await sleep(100);
    socket.write(second);
    await this.attacker.receive(socket, '\r\n\r\n');
    socket.destroy();
  }

  /** Sends an event, and gives what its acknowledgement brings. */
  async ask(name: string, ...args: unknown[]): Promise<unknown[]> {
    const ack = `6:::${this.asked += 1}+`;
    await this.post(event(name, args, `${this.asked}+`));
    const packets = await this.hear(packet => packet.startsWith(ack));
    return JSON.parse(packets.find(packet => packet.startsWith(ack))!.slice(ack.length)) as unknown[];
  }

  /** Polls until a packet looks so, and gives all packets until then. */
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

/** A WebSocket frame, whole by default: 0x81 is text, 0x89 a ping. */
export function frame(first: number, text: string): Buffer {
  const data = Buffer.from(text);
  const mask = Buffer.from([1, 2, 3, 4]);
  const length = Buffer.alloc(data.length < 126 ? 1 : data.length < 65536 ? 3 : 9);
  length[0] = 0x80 | (length.length === 1 ? data.length : length.length === 3 ? 126 : 127);
  if (length.length > 1) length.writeUIntBE(data.length, length.length === 3 ? 1 : 5, length.length === 3 ? 2 : 4);
  return Buffer.concat([Buffer.from([first]), length, mask, data.map((byte, i) => byte ^ mask[i % 4]!)]);
}
