/* How a client of each protocol talks over a WebSocket. */
import { resource } from './paths';
import { Brought, get, headers, packet, readEngine, readId, readPayload } from './protocols';

/** A client's side of a session. */
export interface SocketSession {
  /** Asks what comes before the WebSocket, and gives the request for it. */
  open: (ask: (request: string) => Promise<string>) => Promise<string>;
  /** What is said once the WebSocket is open, '' for nothing. Where it is missing, the session is open along with the WebSocket. */
  first?: string;
  /** @param asks whether it asks for an acknowledgement */
  message: (event: string, text: string, asks: boolean) => string;
  /** @throws if the server sends what it should not */
  read: (text: string) => Brought;
  /** A sign of life. */
  pong?: string;
  /** Says which messages have arrived. */
  acknowledge?: () => string;
}

export type SocketProtocol = (port: number) => SocketSession;

/** As browsers ask, but for compression, which no server here has by default. */
function upgrade(port: number, path: string): string {
  return `GET ${path} HTTP/1.1\r\n${headers(port).replace('keep-alive', 'Upgrade')}Origin: http://localhost:${port}\r\nUpgrade: websocket\r\n` +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
}

/** The floor: packets of 0.9 go there and come back as they are. */
export const bareSocket: SocketProtocol = port => ({
  open: () => Promise.resolve(upgrade(port, '/')),
  message: (event, text) => packet(event, text, ''),
  read: text => readPayload(text, () => ''),
});

/** Socket.IO 0.9. */
export const legacySocket: SocketProtocol = port => {
  let number = 0;
  return {
    open: async ask => upgrade(port, `${resource}/1/websocket/${readId(await ask(get(port, `${resource}/1/?t=1`)))}`),
    first: '',
    message: (event, text, asks) => packet(event, text, asks ? `${number += 1}+` : ''),
    read: text => readLegacy(text, () => ''),
    pong: '2::',
  };
};

/** Socket.IO 0.9 as public/realtime.js talks: messages are numbered both ways. */
export const numberedSocket: SocketProtocol = port => {
  let [sent, got] = [0, 0];
  return {
    open: async ask => upgrade(port, `${resource}/1/websocket/${readId(await ask(get(port, `${resource}/1/?got=0&try=1&t=1`)))}?got=0&try=1`),
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
