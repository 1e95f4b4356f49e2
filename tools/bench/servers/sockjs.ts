/*
 * SockJS 0.3. SockJS has no events, no acknowledgements and no broadcast, so the application makes
 * all three from texts.
 */
import { createServer } from 'node:http';
import { fromPeers, resource } from '../paths';

interface Connection {
  write: (text: string) => void;
  on: (event: 'data' | 'close', handler: (text: string) => void) => void;
}
const { createServer: createSockJS } = fromPeers('sockjs') as {
  createServer: (options: object) => {
    on: (event: 'connection', handler: (connection: Connection) => void) => void;
    installHandlers: (server: object, options: object) => void;
  };
};

const connections = new Set<Connection>();
const sockets = createSockJS({ log: () => undefined, websocket: false });

sockets.on('connection', connection => {
  const emit = (event: string, text: string) => connection.write(JSON.stringify([event, text]));
  connections.add(connection);
  connection.on('close', () => connections.delete(connection));
  connection.on('data', data => {
    const [event, text] = JSON.parse(data) as [string, string];
    if (event === 'echo') emit('echo', text);
    else if (event === 'ask') {
      emit('response', 'Got it!');
      emit('answer', text);
    } else if (event === 'burst') {
      for (let i = 0; i < 10; i++) emit('item', `${i} ${text}`);
    } else if (event === 'tell') {
      const news = JSON.stringify(['news', text]);
      for (const one of connections) one.write(news);
    }
  });
});

const server = createServer((_req, res) => res.writeHead(404).end());
sockets.installHandlers(server, { prefix: resource });
server.listen(process.env.PORT);
