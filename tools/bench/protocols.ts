/* The protocols over polling: the requests of a client, and the messages in the answers. */
import { appPath, resource } from './paths';

/** A message of a server: an event and its text. The event of an acknowledgement is 'answer'. */
export type Message = [event: string, text: string];

/** The content of an answer to a poll, or of a frame of a WebSocket. */
export interface Brought {
  messages: Message[];
  /** Whether the content tells the client that the session is open. */
  opened: boolean;
  /** Whether the content is a ping, which the client must answer. */
  pinged?: boolean;
}

/** The client's side of a session. Each request is the whole text that goes over the wire. */
export interface Session {
  /** Sends the requests that come before the first poll. */
  open: (ask: (request: string) => Promise<string>) => Promise<void>;
  poll: () => string;
  /** @param asks whether the event asks for an acknowledgement */
  post: (event: string, text: string, asks: boolean) => string;
  /** The POST that must follow the first poll, so that the session opens. */
  hello?: () => string;
  /** The status and the text of a good answer to a POST. */
  posted: string;
  /** @throws Error if the server answers wrongly */
  read: (text: string) => Brought;
  /** The request that answers a ping. */
  pong?: () => string;
}

export type Protocol = (port: number) => Session;

let counter = 0;

/** Makes a new query for each URL, as client libraries do, so that no cache answers. */
function fresh(): string {
  return `t=${counter += 1}`;
}

export function get(port: number, path: string, more = ''): string {
  return `GET ${path} HTTP/1.1\r\n${headers(port)}${more}\r\n`;
}

/** @param more further headers */
function post(port: number, path: string, body: string, more = ''): string {
  const own = `Origin: http://localhost:${port}\r\n`
    + 'Content-Type: text/plain;charset=UTF-8\r\n'
    + `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  return `POST ${path} HTTP/1.1\r\n${headers(port)}${own}${more}\r\n${body}`;
}

const USER_AGENT = 'Mozilla/5.0 (Windows NT 6.1; Win64; x64) AppleWebKit/537.36 '
  + '(KHTML, like Gecko) Chrome/109.0.0.0 Safari/537.36';

/** Makes the headers of a browser, the same for all servers. */
export function headers(port: number): string {
  return `Host: localhost:${port}\r\n`
    + 'Connection: keep-alive\r\n'
    + `User-Agent: ${USER_AGENT}\r\n`
    + 'Accept: */*\r\n'
    + `Referer: http://localhost:${port}${appPath}/\r\n`
    + 'Accept-Encoding: gzip, deflate\r\n'
    + 'Accept-Language: en-US,en;q=0.9\r\n';
}

/** Socket.IO 0.9 with its own client. The floor understands it, too. */
export const legacy: Protocol = port => {
  let path = '';
  let number = 0;
  return {
    open: async ask => {
      const answer = await ask(get(port, `${resource}/1/?${fresh()}`));
      path = `${resource}/1/xhr-polling/${readId(answer)}`;
    },
    poll: () => get(port, `${path}?${fresh()}`),
    post: (event, text, asks) => {
      const body = packet(event, text, asks ? `${number += 1}+` : '');
      return post(port, `${path}?${fresh()}`, body);
    },
    posted: '200 1',
    read: text => readPayload(text, () => ''),
  };
};

/**
 * Socket.IO 0.9 with public/realtime.js: messages are numbered in both directions, and each request
 * has the number of the last message that has arrived.
 */
export const numbered: Protocol = port => {
  let path = '';
  let [sent, got] = [0, 0];
  return {
    open: async ask => {
      const answer = await ask(get(port, `${resource}/1/?got=0&${fresh()}`));
      path = `${resource}/1/xhr-polling/${readId(answer)}`;
    },
    poll: () => get(port, `${path}?got=${got}&${fresh()}`),
    post: (event, text, asks) => {
      const body = packet(event, text, `${sent += 1}${asks ? '+' : ''}`);
      return post(port, `${path}?got=${got}&${fresh()}`, body);
    },
    posted: '200 1',
    read: text => readPayload(text, () => String(got += 1)),
  };
};

/** Reads the session's id in the answer to a handshake of 0.9. */
export function readId(text: string): string {
  const parts = /^([\w-]{18,20}):\d*:\d*:(?:websocket,)?xhr-polling$/.exec(text);
  if (!parts) throw new Error(`a handshake brought ${text}`);
  return parts[1]!;
}

export function packet(event: string, text: string, id: string): string {
  return `5:${id}::${JSON.stringify({ name: event, args: [text] })}`;
}

/**
 * Reads a payload of 0.9.
 * @param id a function that returns the id that the next packet must have
 */
export function readPayload(text: string, id: () => string): Brought {
  const brought: Brought = { messages: [], opened: false };
  for (const one of text.startsWith('\ufffd') ? text.split(/\ufffd\d+\ufffd/).slice(1) : [text]) {
    const parts = /^([56]):(\d*)::(?:\d+\+)?([[{].*)$/.exec(one);
    if (one === '1::') brought.opened = true;
    else if (parts && parts[2] === id()) {
      const data = JSON.parse(parts[3]!) as { name: string; args: [string] } | [string];
      brought.messages.push(Array.isArray(data) ? ['answer', data[0]] : [data.name, data.args[0]]);
    } else if (one !== '8::' && !/^6:::\d+$/.test(one)) throw new Error(`a poll brought ${one}`);
  }
  return brought;
}

/** Socket.IO 4 over the polling of engine.io 4. */
export const engine: Protocol = port => {
  let path = '/socket.io/?EIO=4&transport=polling';
  let number = 0;
  const url = () => `${path}&${fresh()}`;
  return {
    open: async ask => {
      const answer = await ask(get(port, url()));
      const { sid } = JSON.parse(answer.slice(1)) as { sid: string };
      path += `&sid=${sid}`;
      await ask(post(port, url(), '40'));
    },
    poll: () => get(port, url()),
    post: (event, text, asks) => {
      const body = `42${asks ? number += 1 : ''}${JSON.stringify([event, text])}`;
      return post(port, url(), body);
    },
    posted: '200 ok',
    read: readEngine,
    pong: () => post(port, url(), '3'),
  };
};

/** Reads a payload of Socket.IO 4. */
export function readEngine(text: string): Brought {
  const brought: Brought = { messages: [], opened: false };
  for (const one of text.split('\x1e')) {
    const [, type, json] = /^4([23])\d*(\[.*)$/.exec(one) ?? [];
    if (one === '2') brought.pinged = true;
    else if (one.startsWith('40{')) brought.opened = true;
    else if (type === '2') brought.messages.push(JSON.parse(json!) as Message);
    else if (type === '3') brought.messages.push(['answer', ...JSON.parse(json!) as [string]]);
    else if (one !== '6') throw new Error(`a poll brought ${one}`);
  }
  return brought;
}

/** SockJS 0.3 over xhr. Its messages are texts. Here, each text is JSON: an event and its text. */
export const sockjs: Protocol = port => {
  const path = `${resource}/000/${(counter += 1).toString(36).padStart(8, 'x')}`;
  return {
    open: () => Promise.resolve(),
    poll: () => post(port, `${path}/xhr`, ''),
    post: (event, text) => {
      const message = JSON.stringify([event, text]);
      return post(port, `${path}/xhr_send`, JSON.stringify([message]));
    },
    posted: '204 ',
    read: text => {
      if (text === 'o\n' || text === 'h\n') return { messages: [], opened: text === 'o\n' };
      if (!text.startsWith('a[')) throw new Error(`a poll brought ${text}`);
      const texts = JSON.parse(text.slice(1)) as string[];
      return { messages: texts.map(one => JSON.parse(one) as Message), opened: false };
    },
  };
};

/** The headers that SignalR's client adds to each request in a browser. */
const OF_SIGNALR = 'X-Requested-With: XMLHttpRequest\r\nX-SignalR-User-Agent: '
  + 'Microsoft SignalR/10.0 (10.0.0; Unknown OS; Browser; Unknown Runtime Version)\r\n';

/** The character behind each record of SignalR. */
const END = '\x1e';

/**
 * SignalR over long polling, with its JSON protocol, as Microsoft's client for JavaScript speaks
 * it. The first poll is answered at once, and empty. That client waits for the answer to a POST
 * before the next POST, and sends no pings over long polling.
 */
export const signalr: Protocol = port => {
  let path = '/hub';
  let number = 0;
  const poll = () => get(port, `${path}&_=${Date.now()}`, OF_SIGNALR);
  const send = (record: object) => post(port, path, JSON.stringify(record) + END, OF_SIGNALR);
  return {
    open: async ask => {
      const negotiate = post(port, `${path}/negotiate?negotiateVersion=1`, '', OF_SIGNALR);
      const { connectionToken } = JSON.parse(await ask(negotiate)) as { connectionToken: string };
      path += `?id=${connectionToken}`;
      const text = await ask(poll());
      if (text !== '') throw new Error(`the first poll brought ${text}`);
    },
    poll,
    hello: () => send({ protocol: 'json', version: 1 }),
    post: (event, text, asks) => {
      const id = asks ? { invocationId: String(number++) } : {};
      return send({ arguments: [text], ...id, target: event, type: 1 });
    },
    posted: '200 ',
    read: readSignalR,
  };
};

/** Reads the records of SignalR. A poll that has timed out brings none. */
function readSignalR(text: string): Brought {
  const records = text.split(END);
  if (records.pop() !== '') throw new Error(`a poll brought half a record: ${text}`);
  const brought: Brought = { messages: [], opened: false };
  for (const one of records) {
    const { type, target, arguments: args, result, error } = JSON.parse(one) as Partial<{
      type: number; target: string; arguments: [string]; result: string; error: string;
    }>;
    if (one === '{}') brought.opened = true;
    else if (type === 1) brought.messages.push([target!, args![0]]);
    else if (type === 3 && error === undefined) brought.messages.push(['answer', result!]);
    else if (type !== 6) throw new Error(`a poll brought ${one}`);
  }
  return brought;
}
