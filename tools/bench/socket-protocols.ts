/* The protocols over a WebSocket: the texts of a client, and the messages in the answers. */
import { resource } from './paths';
import { Brought, get, headers, packet, readEngine, readId, readPayload } from './protocols';

/** The client's side of a session. */
export interface SocketSession {
  /**
   * Sends the requests that come before the WebSocket.
   * @returns the upgrade request
   */
  open: (ask: (request: string) => Promise<string>) => Promise<string>;
  /**
   * The first text over the open WebSocket; '' for none. If `first` is missing, the session is open
   * as soon as the WebSocket is open.
   */
  first?: string;
  /** @param asks whether the event asks for an acknowledgement */
  message: (event: string, text: string, asks: boolean) => string;
  /** @throws Error if the server sends a wrong text */
  read: (text: string) => Brought;
  /** The text that answers a ping. */
  pong?: string;
  /** Makes the text with the number of the last message that has arrived. */
  acknowledge?: () => string;
}

export type SocketProtocol = (port: number) => SocketSession;

/** Makes a browser's upgrade request, without compression: no server here has it by default. */
function upgrade(port: number, path: string): string {
  const own = `Origin: http://localhost:${port}\r\n`
    + 'Upgrade: websocket\r\n'
    + 'Sec-WebSocket-Version: 13\r\n'
    + 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
  const common = headers(port).replace('keep-alive', 'Upgrade');
  return `GET ${path} HTTP/1.1\r\n${common}${own}\r\n`;
}

/** Opens a session of 0.9. @returns the upgrade request */
async function openLegacy(
  port: number, ask: (request: string) => Promise<string>, query: string,
): Promise<string> {
  const answer = await ask(get(port, `${resource}/1/?${query}${query && '&'}t=1`));
  return upgrade(port, `${resource}/1/websocket/${readId(answer)}${query && '?'}${query}`);
}

/** The floor, which sends each packet back unchanged. */
export const bareSocket: SocketProtocol = port => ({
  open: () => Promise.resolve(upgrade(port, '/')),
  message: (event, text) => packet(event, text, ''),
  read: text => readPayload(text, () => ''),
});

/** Socket.IO 0.9. */
export const legacySocket: SocketProtocol = port => {
  let number = 0;
  return {
    open: ask => openLegacy(port, ask, ''),
    first: '',
    message: (event, text, asks) => packet(event, text, asks ? `${number += 1}+` : ''),
    read: text => readLegacy(text, () => ''),
    pong: '2::',
  };
};

/** Socket.IO 0.9 with public/realtime.js: messages are numbered in both directions. */
export const numberedSocket: SocketProtocol = port => {
  let [sent, got] = [0, 0];
  return {
    open: ask => openLegacy(port, ask, 'got=0&try=1'),
    first: '',
    message: (event, text, asks) => packet(event, text, `${sent += 1}${asks ? '+' : ''}`),
    read: text => readLegacy(text, () => String(got += 1)),
    pong: '2::',
    acknowledge: () => `6:::${got}`,
  };
};

function readLegacy(text: string, id: () => string): Brought {
  return text === '2::' ? { messages: [], opened: false, pinged: true } : readPayload(text, id);
}

/** Socket.IO 4 over engine.io 4. */
export const engineSocket: SocketProtocol = port => {
  let number = 0;
  return {
    open: () => Promise.resolve(upgrade(port, '/socket.io/?EIO=4&transport=websocket')),
    first: '40',
    message: (event, text, asks) => `42${asks ? number += 1 : ''}${JSON.stringify([event, text])}`,
    read: text => text.startsWith('0{') ? { messages: [], opened: false } : readEngine(text),
    pong: '3',
  };
};
