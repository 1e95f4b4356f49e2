/*
 * Opens a WebSocket as today's browsers do, and as older Firefoxes did. iisnode passes an upgrade
 * on only if the header is exactly `Connection: Upgrade`. Chromium and today's Firefox send this
 * header. Older Firefoxes send `Connection: keep-alive, Upgrade`. They need a quick refusal, after
 * which they poll.
 */
import type { Socket } from 'node:net';
import { appSetting, cures, nginx } from '../cures';
import { diagnose } from '../diagnosis';
import { fault, Outcome } from '../result';
import { acknowledged, openSession } from '../session';
import type { Target } from '../target';

/** The time for which realtime.js waits for a WebSocket, s. */
const PATIENCE = 5;

export async function webSocket(target: Target): Promise<Outcome> {
  if (!target.transports.includes('websocket')) {
    return { saw: 'websocket is not meant to be offered', skipped: true };
  }
  const ms = await todaysBrowser(target);
  return { saw: `acknowledged in ${ms} ms; an older Firefox ${await olderFirefox(target)}` };
}

/** Sends a message as today's browsers do. @returns the time until its acknowledgement, ms */
async function todaysBrowser(target: Target): Promise<number> {
  const session = await openSession(target);
  const got = await session.browser.upgrade(session.url('websocket'), 'Upgrade', PATIENCE);
  if ('answer' in got) {
    const { answer } = got;
    // These two errors are the server's own. The first one means that a proxy has changed the
    // request, the second one that the server does not offer WebSockets.
    const saw = `a WebSocket: status ${answer.status}, ${answer.text}`;
    if (answer.text === 'a WebSocket is meant here') {
      const line =
        'proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "Upgrade";';
      throw fault(saw, 'a proxy does not hand Upgrade and Connection on', nginx(line));
    }
    if (answer.text === 'this transport is not offered') {
      const cure = appSetting('TRANSPORTS', 'websocket,xhr-polling');
      throw fault(saw, 'the server does not offer it', cure);
    }
    throw await diagnose('a WebSocket', answer, target);
  }
  const { socket, head } = got;
  try {
    const frames = new Frames(socket, head);
    await frames.next(text => text.startsWith('1::'));
    const start = Date.now();
    frames.send(acknowledged(1));
    if (await frames.next(text => text.startsWith('6:::1')) !== null) return Date.now() - start;
  } finally {
    socket.destroy();
  }
  const why = 'the WebSocket opens, and a proxy lets nothing through it';
  throw fault('a message over a WebSocket is not acknowledged', why, nginx('proxy_buffering off;'));
}

/** Describes the answer to an older Firefox. It is no fault if this Firefox has to poll. */
async function olderFirefox(target: Target): Promise<string> {
  const session = await openSession(target);
  const url = session.url('websocket');
  const got = await session.browser.upgrade(url, 'keep-alive, Upgrade', PATIENCE).catch(() => null);
  if (got === null) {
    throw fault(
      `an older Firefox's WebSocket: no answer within ${PATIENCE} s`,
      'the upgrade is neither passed on nor refused: each visitor waits for it', cures.webSocket,
      nginx('proxy_set_header Connection "Upgrade";'),
    );
  }
  if (!('answer' in got)) {
    got.socket.destroy();
    return 'has one, too';
  }
  await session.close();
  return `polls (status ${got.answer.status}, iisnode does not hand its upgrade on)`;
}

/** Reads and writes text frames of less than 64 KB. These messages need no larger frames. */
class Frames {
  #bytes: Buffer;
  #ended = false;

  constructor(private readonly socket: Socket, head: Buffer) {
    this.#bytes = head;
    socket.on('data', (data: Buffer) => { this.#bytes = Buffer.concat([this.#bytes, data]); });
    socket.on('error', () => undefined).on('close', () => { this.#ended = true; });
  }

  /** Sends a text. The mask is zero, so the text does not change (RFC 6455, 5.3). */
  send(text: string): void {
    const payload = Buffer.from(text);
    const head = Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]);
    this.socket.write(Buffer.concat([head, payload]));
  }

  /** @returns the next text that fits; null if none comes within 10 s */
  async next(is: (text: string) => boolean): Promise<string | null> {
    for (const end = Date.now() + 10000; Date.now() < end && !this.#ended;) {
      const text = this.#read();
      if (text !== null && is(text)) return text;
      if (text === null) await new Promise(resolve => setTimeout(resolve, 10));
    }
    return null;
  }

  #read(): string | null {
    const bytes = this.#bytes;
    if (bytes.length < 2) return null;
    const short = bytes[1]! & 0x7f;
    const begin = short === 126 ? 4 : 2;
    if (bytes.length < begin) return null;
    const end = begin + (short === 126 ? bytes.readUInt16BE(2) : short);
    if (bytes.length < end) return null;
    this.#bytes = bytes.subarray(end);
    return bytes.toString('utf8', begin, end);
  }
}
