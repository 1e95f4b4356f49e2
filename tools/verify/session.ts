/*
 * Opens a Socket.IO 0.9 session over xhr-polling. Each request is the same as a request of 0.9's
 * client. verify cannot use that client, because the client hides the answers, and verify looks at
 * the answers.
 */
import type http from 'node:http';
import { Answer, Browser, isHtml, Request } from './browser';
import { nginx } from './cures';
import { diagnose, expectOk } from './diagnosis';
import { fault } from './result';
import type { Target } from './target';

/** The packets of 0.9 for a heartbeat and a disconnect. */
export const HEARTBEAT = '2::';
export const DISCONNECT = '0::';

/**
 * Makes an event that no application has, with the number of an acknowledgement. The server
 * acknowledges the event by itself. With a '+' behind the number, the server would leave the
 * acknowledgement to a handler.
 */
export const acknowledged = (number: number) => `5:${number}::{"name":"(verify)"}`;

export interface Session {
  id: string;
  browser: Browser;
  /** Makes a URL of the session. The URL has the time in it, as in 0.9's client, against caches. */
  url: (transport?: string) => URL;
  /**
   * Sends one poll.
   * @param ended the function that is called as soon as the answer has come, or the request has
   *   failed. If the answer is bad, the search for its cause begins after this call, and sends
   *   requests of its own
   * @returns the packets in the answer
   * @throws Fault if the answer has no packets
   */
  poll: (agent?: http.Agent, ended?: () => void) => Promise<{ packets: string[]; answer: Answer }>;
  post: (body: string, more?: Request) => Promise<Answer>;
  /**
   * Polls until a packet comes.
   * @returns the packet; null if it does not come in time
   */
  wait: (is: (packet: string) => boolean, seconds: number) => Promise<string | null>;
  /**
   * Disconnects, so that the server does not wait for the next poll.
   * @returns whether the server has answered with status 200
   */
  close: () => Promise<boolean>;
}

/** The form of the answer to a handshake: an id, two times in seconds, the transports. */
export const HANDSHAKE = /^([\w-]+):\d*:\d*:([\w,-]*)$/;

export function askHandshake(target: Target, request: Request = {}): Promise<Answer> {
  const url = new URL(`${target.resource}/1/?t=${Date.now()}`, target.base);
  return target.browser.ask(url, request);
}

/**
 * Opens a session.
 * @param agent the connections to use
 * @throws Fault if the handshake fails
 */
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
  const poll = async (connections?: http.Agent, ended?: () => void) => {
    const got = await browser.ask(url(), { agent: connections, seconds: 60 }).finally(ended);
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
    close: () => post(DISCONNECT).then(({ status }) => status === 200, () => false),
  };
}

/** Splits a payload into packets. If a payload has several, U+FFFD and a length precede each. */
function decode(text: string): string[] {
  return text.startsWith('\ufffd') ? text.split(/\ufffd\d+\ufffd/).slice(1) : [text];
}
