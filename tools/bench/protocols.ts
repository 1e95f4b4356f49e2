/* How a client of each protocol talks: the requests that it makes, and what it reads in the answers. */
import { appPath, resource } from './paths';

/** What a server sends: an event and its text. 'answer' is what an acknowledgement brings. */
export type Message = [event: string, text: string];

/** What a poll, or a frame of a WebSocket, brought. */
export interface Brought {
  messages: Message[];
  /** Whether it says that the session is open. */
  opened: boolean;
  /** Whether it asks for a sign of life. */
  pinged?: boolean;
}

/** A client's side of a session. Requests are texts that go over the wire as they are. */
export interface Session {
  /** What is asked before the first poll. */
  open: (ask: (request: string) => Promise<string>) => Promise<void>;
  poll: () => string;
  /** @param asks whether it asks for an acknowledgement */
  post: (event: string, text: string, asks: boolean) => string;
  /** The status and text that a POST is answered with. */
  posted: string;
  /** @throws if the server answers wrongly */
  read: (text: string) => Brought;
  /** A sign of life. */
  pong?: () => string;
}

export type Protocol = (port: number) => Session;

let counter = 0;
/** Makes each URL another one, as client libraries do, so that nothing keeps the answer. */
const fresh = () => `t=${counter += 1}`;

export function get(port: number, path: string): string {
  return `GET ${path} HTTP/1.1\r\n${headers(port)}\r\n`;
}

function post(port: number, path: string, body: string): string {
  return `POST ${path} HTTP/1.1\r\n${headers(port)}Origin: http://localhost:${port}\r\nContent-Type: text/plain;charset=UTF-8\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** Those of a browser. All servers get the same. */
export function headers(port: number): string {
  return `Host: localhost:${port}\r\nConnection: keep-alive\r\nUser-Agent: Mozilla/5.0 (Windows NT 6.1; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) ` +
    `Chrome/109.0.0.0 Safari/537.36\r\nAccept: */*\r\nReferer: http://localhost:${port}${appPath}/\r\nAccept-Encoding: gzip, deflate\r\n` +
    'Accept-Language: en-US,en;q=0.9\r\n';
}

/** Socket.IO 0.9 as its own client talks. So does the floor. */
export const legacy: Protocol = port => {
  let path = '';
  let number = 0;
  return {
    open: async ask => { path = `${resource}/1/xhr-polling/${readId(await ask(get(port, `${resource}/1/?${fresh()}`)))}`; },
    poll: () => get(port, `${path}?${fresh()}`),
    post: (event, text, asks) => post(port, `${path}?${fresh()}`, packet(event, text, asks ? `${number += 1}+` : '')),
    posted: '200 1',
    read: text => readPayload(text, () => ''),
  };
};

/** Socket.IO 0.9 as public/realtime.js talks: messages are numbered both ways, and each request says which have arrived. */
export const numbered: Protocol = port => {
  let path = '';
  let [sent, got] = [0, 0];
  return {
    open: async ask => { path = `${resource}/1/xhr-polling/${readId(await ask(get(port, `${resource}/1/?got=0&${fresh()}`)))}`; },
    poll: () => get(port, `${path}?got=${got}&${fresh()}`),
    post: (event, text, asks) => post(port, `${path}?got=${got}&${fresh()}`, packet(event, text, `${sent += 1}${asks ? '+' : ''}`)),
    posted: '200 1',
    read: text => readPayload(text, () => String(got += 1)),
  };
};

export function readId(text: string): string {
  const parts = /^([\w-]{18,20}):\d*:\d*:(?:websocket,)?xhr-polling$/.exec(text);
  if (!parts) throw new Error(`a handshake brought ${text}`);
  return parts[1]!;
}

export function packet(event: string, text: string, id: string): string {
  return `5:${id}::${JSON.stringify({ name: event, args: [text] })}`;
}

/** @param id the id that the next packet has to have */
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
      path += `&sid=${(JSON.parse((await ask(get(port, url()))).slice(1)) as { sid: string }).sid}`;
      await ask(post(port, url(), '40'));
    },
    poll: () => get(port, url()),
    post: (event, text, asks) => post(port, url(), `42${asks ? number += 1 : ''}${JSON.stringify([event, text])}`),
    posted: '200 ok',
    read: readEngine,
    pong: () => post(port, url(), '3'),
  };
};

export function readEngine(text: string): Brought {
  const brought: Brought = { messages: [], opened: false };
  for (const one of text.split('\x1e')) {
    const parts = /^4([23])\d*(\[.*)$/.exec(one);
    if (one === '2') brought.pinged = true;
    else if (one.startsWith('40{')) brought.opened = true;
    else if (parts) brought.messages.push((parts[1] === '3' ? ['answer', ...JSON.parse(parts[2]!) as [string]] : JSON.parse(parts[2]!)) as Message);
    else if (one !== '6') throw new Error(`a poll brought ${one}`);
  }
  return brought;
}

/** SockJS 0.3 over xhr. Its messages are texts; what is in them is up to the application: here an event and a text. */
export const sockjs: Protocol = port => {
  const path = `${resource}/000/${(counter += 1).toString(36).padStart(8, 'x')}`;
  return {
    open: () => Promise.resolve(),
    poll: () => post(port, `${path}/xhr`, ''),
    post: (event, text) => post(port, `${path}/xhr_send`, JSON.stringify([JSON.stringify([event, text])])),
    posted: '204 ',
    read: text => {
      if (text === 'o\n' || text === 'h\n') return { messages: [], opened: text === 'o\n' };
      if (!text.startsWith('a[')) throw new Error(`a poll brought ${text}`);
      return { messages: (JSON.parse(text.slice(1)) as string[]).map(one => JSON.parse(one) as Message), opened: false };
    },
  };
};
