/* The loads of messages: echo, acknowledgements, bursts, broadcasts. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, Crowd } from './client';
import { columns, Load, measure, polled, withCrowd } from './load';
import type { Message } from './protocols';

/** An event that a client sends, and the messages that must follow, in this order. */
interface Talk {
  event: string;
  /** Whether the event asks for an acknowledgement. */
  asks?: true;
  answers: (text: string) => Message[];
}

export const echo: Talk = { event: 'echo', answers: text => [['echo', text]] };
export const ask: Talk = {
  event: 'ask',
  asks: true,
  answers: text => [['response', 'Got it!'], ['answer', text]],
};
export const burst: Talk = {
  event: 'burst',
  answers: text => Array.from({ length: 10 }, (_, i) => ['item', `${i} ${text}`]),
};

let texts = 0;

/** Makes a text of 39 characters. No two texts are equal, so no answer fits two messages. */
function makeText(): string {
  return `Message ${String(texts += 1).padStart(8, '0')} to be answered at once`;
}

/** Sends a message, and waits until all of its answers have arrived. */
export function exchange(client: Client, { event, asks, answers }: Talk): Promise<void> {
  return new Promise(resolve => {
    const text = makeText();
    const expected = answers(text);
    let [left, posted] = [expected.length, false];
    client.heard = message => {
      const [name, content] = expected[expected.length - left] ?? [];
      if (message[0] !== name || message[1] !== content) {
        throw new Error(`${event} ${text} brought ${message.join(' ')}`);
      }
      left -= 1;
      if (left === 0 && posted) resolve();
    };
    client.send(event, text, asks ?? false, () => {
      posted = true;
      if (left === 0) resolve();
    });
  });
}

/**
 * Sends `count` messages. Each client sends its next message when the last message has its answers.
 * @returns the time that each message took, ms
 */
export async function exchangeAll(crowd: Crowd, talk: Talk, count: number): Promise<number[]> {
  const times: number[] = [];
  const all = crowd.clients.map(async client => {
    while (count > 0) {
      count -= 1;
      const start = performance.now();
      await exchange(client, talk);
      times.push(performance.now() - start);
    }
  });
  await Promise.all(all);
  return times;
}

/** Makes a load of 200 clients that send messages. */
function talking(talk: Talk, warmUp: number, count: number): Load['run'] {
  return (kind, options) => withCrowd(kind, 200, (server, crowd) => {
    const { scale } = options;
    const act = (measured: boolean) => {
      // The warm-up of a short run has to be nearly as long as the warm-up of a whole run.
      const messages = measured ? count * scale : warmUp * Math.sqrt(scale);
      return exchangeAll(crowd, talk, Math.round(messages));
    };
    return measure(server, crowd, act, options);
  });
}

/**
 * Makes the server send a broadcast, by a message of one client.
 * @returns the time that each client waited for the broadcast, ms
 */
export async function tell(crowd: Crowd): Promise<number[]> {
  const text = makeText();
  const times: number[] = [];
  const start = performance.now();
  await new Promise<void>(resolve => {
    for (const client of crowd.clients) {
      client.heard = ([event, content]) => {
        if (event !== 'news' || content !== text) {
          throw new Error(`a broadcast of ${text} brought ${event} ${content}`);
        }
        client.heard = again => { throw new Error(`a broadcast came again: ${again.join(' ')}`); };
        if (times.push(performance.now() - start) === crowd.clients.length) resolve();
      };
    }
    crowd.clients[0]!.send('tell', text, false);
  });
  return times;
}

/** Sends a broadcast as tell() does, and waits until another broadcast can follow. */
export async function broadcast(crowd: Crowd): Promise<number[]> {
  const times = await tell(crowd);
  // When the server answers this message, it has the polls that came before the message. So at the
  // next broadcast, the polls of all clients wait.
  await sleep(5);
  await exchange(crowd.clients[1]!, echo);
  await sleep(5);
  return times;
}

/** Makes a load of broadcasts. */
function broadcasting(clients: number, warmUp: number, count: number): Load['run'] {
  const repeat = async (crowd: Crowd, left: number) => {
    const times: number[] = [];
    while (left-- > 0) times.push(...await broadcast(crowd));
    return times;
  };
  return (kind, options) => {
    const scaled = Math.round(clients * options.scale);
    return withCrowd(kind, scaled, (server, crowd) => {
      return measure(server, crowd, measured => repeat(crowd, measured ? count : warmUp), options);
    });
  };
}

export const messages: Load[] = [
  {
    name: 'echo',
    title: 'Echo: a message, and its answer',
    columns: polled('message'),
    run: talking(echo, 8000, 12000),
  },
  {
    name: 'websocket-echo',
    title: 'Echo over WebSockets',
    over: 'websocket',
    columns: columns('message', []),
    run: talking(echo, 20000, 40000),
  },
  {
    name: 'ack',
    title: 'Echo with acknowledgement: a message, and an event and an acknowledgement for it',
    columns: polled('message'),
    run: talking(ask, 8000, 12000),
  },
  {
    name: 'burst',
    title: 'Ten emits in one tick',
    columns: polled('burst'),
    run: talking(burst, 4000, 6000),
  },
  {
    name: 'preview',
    title: 'Echo through `npm run preview`, whose process alone is measured: '
      + 'two requests a message',
    alone: true,
    columns: polled('message'),
    run: talking(echo, 2000, 4000),
  },
  {
    name: 'broadcast-1000',
    title: 'Broadcast to 1,000 waiting clients',
    columns: polled('delivery'),
    run: broadcasting(1000, 4, 10),
  },
  {
    name: 'broadcast-5000',
    title: 'Broadcast to 5,000 waiting clients',
    columns: polled('delivery'),
    run: broadcasting(5000, 1, 3),
  },
];
