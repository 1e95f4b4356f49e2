/*
 * A Socket.IO 0.9 session over xhr-polling, request by request, as 0.9's client sends them: what a
 * client library would hide is what is looked at here.
 */
import type http from 'node:http';
import { Answer, Browser, isHtml, Request } from './browser';
import { nginx } from './cures';
import { diagnose, expectOk } from './diagnosis';
import { fault } from './result';
import type { Target } from './target';

/** Heartbeat and disconnect, as 0.9 writes them. */
export const HEARTBEAT = '2::';
export const DISCONNECT = '0::';

/**
 * An event that no application has. The server acknowledges it by itself, because no '+' behind the
 * number leaves that to a handler.
 */
export const acknowledged = (number: number) => `5:${number}::{"name":"(verify)"}`;

export interface Session {
  id: string;
  browser: Browser;
  /** What it is asked by, with another time each. */
  url: (transport?: string) => URL;
  /** One poll. @returns the packets that it brought. @throws Fault if it brought something else */
  poll: (agent?: http.Agent) => Promise<{ packets: string[]; answer: Answer }>;
  post: (body: string, more?: Request) => Promise<Answer>;
  /**
   * The visitor polls until a packet comes.
   * @returns the packet, null if none comes in time
   */
  wait: (is: (packet: string) => boolean, seconds: number) => Promise<string | null>;
  /** Ends it, so that the server does not wait for it. */
  close: () => Promise<void>;
}

/** What a handshake answers: an id, two times, and the transports. */
export const HANDSHAKE = /^([\w-]+):\d*:\d*:([\w,-]*)$/;

/** Asks for a handshake. */
export function askHandshake(target: Target, request: Request = {}): Promise<Answer> {
  const url = new URL(`${target.resource}/1/?t=${Date.now()}`, target.base);
  return target.browser.ask(url, request);
}

/** @throws Fault if the server does not open one */
export async function openSession(target: Target, agent?: http.Agent): Promise<Session> {
  const { browser } = target;
  const answer = await askHandshake(target, { agent });
  await expectOk('handshake', answer, target);
  const [, id] = HANDSHAKE.exec(answer.text) ?? [];
  if (id === undefined) throw await diagnose('handshake', answer, target);
  const url = (transport = 'xhr-polling') =>
    new URL(`${target.resource}/1/${transport}/${id}?t=${Date.now()}`, target.base);
  const post = (body: string, more: Request = {}) => {
    const headers = { 'Content-Type': 'text/plain;charset=UTF-8' };
    return browser.ask(url(), { method: 'POST', body, headers, ...more });
  };
  const poll = async (with_?: http.Agent) => {
    const got = await browser.ask(url(), { agent: with_, seconds: 60 });
    await expectOk('poll', got, target);
    if (isHtml(got)) throw await diagnose('poll', got, target);
    const packets = decode(got.text);
    const strange = packets.find(packet => !/^[0-8]:/.test(packet));
    if (strange !== undefined) {
      throw fault(
        `poll: ${JSON.stringify(strange.slice(0, 60))} is no packet`,
        'something between here and the server changes its answers',
        nginx('sub_filter off; gzip off;'),
      );
    }
    return { packets, answer: got };
  };
  return {
    id,
    browser,
    url,
    poll,
    post,
    async wait(is, seconds) {
      for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
        const { packets } = await poll();
        const found = packets.find(is);
        if (found !== undefined) return found;
      }
      return null;
    },
    close: async () => void await post(DISCONNECT).catch(() => undefined),
  };
}

/** The packets of a payload: one as it is, several with their lengths, between U+FFFD. */
function decode(text: string): string[] {
  return text.startsWith('\ufffd') ? text.split(/\ufffd\d+\ufffd/).slice(1) : [text];
}
