import { EventEmitter } from 'events';
import type { IncomingMessage, ServerResponse } from 'http';
import type { Duplex } from 'stream';
import type { Config } from '../config';
import type { Log } from '../log';
import { clientAddress } from './address';
import type { Server } from './api';
import { Manager } from './manager';
import { mayConnect } from './origins';

export * from './api';

export interface Realtime {
  /** Socket.IO itself, for app.ts. */
  io: Server<any, any, any>;
  /** Whether a request is Socket.IO's: it is under the resource, and does not ask for the client script. */
  owns: (req: IncomingMessage) => boolean;
  handle: (req: IncomingMessage, res: ServerResponse) => void;
  upgrade: (req: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** How many clients are connected. */
  clients: () => number;
  /** Ends the waiting polls, so that their clients come back at once, and takes no more. */
  close: () => void;
}

/** Socket.IO 0.9, made fit for IIS. */
export function createRealtime(config: Config, log: Log): Realtime {
  // IIS's rewrite rule does not look at case, so nor does this. Stock 0.9 compares a prefix, and would take
  // /myApp/socket.html for its own: the resource ends where a path segment does.
  const resource = new RegExp(`^${escape(config.resource)}(?=[/?]|$)`, 'i');
  const script = new RegExp(`^${escape(config.resource)}/socket\\.io\\.js(?=[?]|$)`, 'i');

  // Socket.IO takes a server's request listeners away and puts its own in front. Here server.ts says who gets which
  // request, so Socket.IO is given a door of its own.
  const door = new EventEmitter();
  const manager = new Manager(door, {
    resource,
    transports: config.transports,
    // Its info is one line a client and more: debug, by any other name. So is the warning that each client which comes back
    // after a restart would cause.
    logger: {
      error: log.error,
      warn: (what: string, ...more: unknown[]) => (what === 'client not handshaken' ? log.debug : log.warn)(what, ...more),
      info: log.debug,
      debug: log.debug,
    },
    origins: '*:*', // refuse() looks at the origin, and looks at all of it
    'browser client': false, // pages.ts serves it
    'destroy buffer size': config.maxMessageBytes + 1, // from which 0.9 cuts the connection
    'destroy upgrade': true,
  });
  manager.handshakeData = function handshakeData(data) {
    const handshake = Manager.prototype.handshakeData.call(this, data);
    return { ...handshake, address: clientAddress(data.request) };
  };
  // 0.9 keeps its transports as properties of this method, which all servers of a process would share.
  manager.transports = ((data: object) => Manager.prototype.transports.call(manager, data)) as typeof manager.transports;
  door.emit('listening'); // starts the collection of handshakes that were never used

  let closing = false;

  /** Why a request is not for Socket.IO: the status and a line of text; null if nothing is wrong with it. */
  function refuse(req: IncomingMessage): [status: number, reason: string] | null {
    if (closing) return [503, 'the server is stopping'];
    if (!mayConnect(req, config.allowedOrigins)) return [403, `pages of ${req.headers.origin} may not connect`];
    if (Number(req.headers['content-length']) > config.maxMessageBytes) {
      return [413, `a message may have ${config.maxMessageBytes} bytes`];
    }
    return null;
  }

  return {
    io: manager,

    owns: req => resource.test(req.url!) && !script.test(req.url!),

    handle(req, res) {
      const refusal = refuse(req);
      if (!refusal) {
        res.setHeader('Vary', 'Origin');
        door.emit('request', req, res);
        return;
      }
      const [status, reason] = refusal;
      log.debug('refused', status, reason, clientAddress(req).address);
      // A page elsewhere can read why it was refused. The answer holds nothing else, and says nothing of the visitor.
      if (req.headers.origin) {
        res.setHeader('Access-Control-Allow-Origin', req.headers.origin);
        res.setHeader('Access-Control-Allow-Credentials', 'true');
        res.setHeader('Vary', 'Origin');
      }
      if (closing) res.setHeader('Connection', 'close');
      res.writeHead(status, { 'Content-Type': 'text/plain; charset=UTF-8', 'Content-Length': Buffer.byteLength(reason) });
      res.end(reason);
    },

    upgrade(req, socket, head) {
      const refusal = resource.test(req.url!) ? refuse(req) : [404, 'not found'] as const;
      if (!refusal) door.emit('upgrade', req, socket, head);
      else socket.end(`HTTP/1.1 ${refusal[0]} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    },

    clients: () => Object.keys(manager.connected).length,

    close() {
      closing = true;
      door.emit('close');
      for (const transport of Object.values(manager.transports)) {
        if (!transport) continue;
        if (transport.open) transport.packet({ type: 'error', reason: 'client not handshaken', advice: 'reconnect' });
        transport.clearTimeouts(); // 0.9 would wait a minute for the client's next poll
      }
    },
  };
}

function escape(text: string): string {
  return text.replace(/[.~-]/g, '\\$&');
}
