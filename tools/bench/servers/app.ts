/* The application of the benchmark, which all servers but the floor run. */
import type { Server } from '../../../src/realtime';

/** The events of the benchmark. */
export interface Events {
  echo: (text: string) => void;
  ask: (text: string, ack: (text: string) => void) => void;
  burst: (text: string) => void;
  tell: (text: string) => void;
}

export interface Answers {
  echo: (text: string) => void;
  response: (text: string) => void;
  item: (text: string) => void;
  news: (text: string) => void;
}

/** Adds the handlers. For these handlers, the API of Socket.IO 0.9 and 4 is the same. */
export function app(io: Pick<Server<Events, Answers>, 'sockets'>): void {
  io.sockets.on('connection', socket => {
    socket.on('echo', text => socket.emit('echo', text));
    // The demo answers with an event and an acknowledgement, too.
    socket.on('ask', (text, ack) => {
      socket.emit('response', 'Got it!');
      ack(text);
    });
    socket.on('burst', text => {
      for (let i = 0; i < 10; i++) socket.emit('item', `${i} ${text}`);
    });
    socket.on('tell', text => io.sockets.emit('news', text));
  });
}
