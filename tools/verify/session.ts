/* A Socket.IO 0.9 session over xhr-polling, request by request: what a client library would hide is what is looked at here. */
import type http from 'node:http';
import { Answer, ask, isHtml, Request } from './http';
import { expectOk, Fault, unexpected, unknownSession } from './result';
import type { Target } from './target';

/** Heartbeat and disconnect, as 0.9 writes them. */
export const HEARTBEAT = '2::';
export const DISCONNECT = '0::';
/** An event that no application has. The server acknowledges it by itself, because no '+' leaves that to a handler. */
export const ACKNOWLEDGED = '5:1::{"name":"(verify)"}';

export interface Session {
  id: string;
  /** One poll. Gives the packets that it brought. Throws Fault if it brought something else. */
  poll: (agent: http.Agent) => Promise<{ packets: string[]; answer: Answer }>;
  post: (body: string, more?: Request) => Promise<Answer>;
  /** Ends it, so that the server does not wait for it. */
  close: () => Promise<void>;
}

/** @throws Fault if the server does not open one */
export async function openSession(target: Target, agent?: http.Agent): Promise<Session> {
  const answer = await ask(new URL(`${target.resource}/1/?t=${Date.now()}`, target.base), { agent });
  expectOk('handshake', answer);
  const [id] = answer.text.split(':');
  if (!/^[\w-]+:\d*:\d*:/.test(answer.text)) throw unexpected('handshake', answer);
  const url = () => new URL(`${target.resource}/1/xhr-polling/${id}?t=${Date.now()}`, target.base);
  const post = (body: string, more: Request = {}) => ask(url(), { method: 'POST', body, ...more });
  return {
    id: id!,
    async poll(agent) {
      const poll = await ask(url(), { agent, seconds: 60 });
      if (poll.status === 404 && poll.text === 'client not handshaken') throw unknownSession('poll');
      expectOk('poll', poll);
      if (isHtml(poll)) throw unexpected('poll', poll);
      const packets = decode(poll.text);
      const strange = packets.find(packet => !/^[0-8]:/.test(packet));
      if (strange !== undefined) {
        throw new Fault(`poll: ${JSON.stringify(strange.slice(0, 60))} is no packet`, 'something between here and the server changes its answers');
      }
      return { packets, answer: poll };
    },
    post,
    close: async () => void await post(DISCONNECT).catch(() => undefined),
  };
}

/** The packets of a payload: one as it is, several with the length of each before it, between U+FFFD. */
function decode(text: string): string[] {
  return text.startsWith('\ufffd') ? text.split(/\ufffd\d+\ufffd/).slice(1) : [text];
}
