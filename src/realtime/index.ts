/*
 * Socket.IO 0.9, made fit for IIS. The way of a message: serve.ts takes a request (requests.ts, origins.ts, bodies.ts), packets.ts
 * reads what it carries, receive.ts hands that to a namespace (namespace.ts) and its socket (socket.ts), which call the handlers of
 * app.ts. What they emit is made into text by encode.ts and waits in the client's session (session.ts, outbox.ts; delivery.ts for what
 * has to arrive) for its transport (transport.ts): the next poll, or a WebSocket (connection.ts). manager.ts has all sessions, rooms
 * and namespaces. cluster/ is for several processes. legacy.ts is what is left of 0.9's own server.
 */
import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'http';
import type { Duplex } from 'stream';
import { now } from './clock';
import type { Config } from '../config';
import type { Log } from '../log';
import type { Server } from './api';
import { alone, Backplane } from './backplane';
import { Manager } from './io/manager';
import { createServe } from './http/serve';

export * from './api';
export { asksForWebSocket } from './http/upgrades';

export interface Realtime {
  /** Socket.IO itself, for app.ts. */
  io: Server<any, any, any>;
  /** Whether a request is Socket.IO's: it is under the resource, and does not ask for the client script. */
  owns: (req: IncomingMessage) => boolean;
  handle: (req: IncomingMessage, res: ServerResponse) => void;
  /** For servers that offer WebSockets: a listener of the server's 'upgrade'. */
  upgrade: (this: HttpServer, req: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** How many clients are connected, to all processes. */
  clients: () => number;
  /** Whether Redis answers; undefined if there is none to ask. */
  redis: () => 'ok' | 'gone' | undefined;
  /** Ends the waiting polls, so that their clients come back at once, and takes no more. */
  close: () => void;
}

/** Socket.IO 0.9, made fit for IIS. */
export function createRealtime(config: Config, log: Log, backplane: (core: Manager) => Backplane = alone): Realtime {
  // IIS's rewrite rule does not look at case, so nor does this. Stock 0.9 compares a prefix, and would take
  // …/socket.html for its own: the resource ends where a path segment does.
  const resource = new RegExp(`^${escape(config.resource)}(?=[/?]|$)`, 'i');
  const script = new RegExp(`^${escape(config.resource)}/socket\\.io\\.js(?=[?]|$)`, 'i');
  const usual = `${config.resource}/1/`;
  const owns = ({ url = '' }: IncomingMessage) => url.startsWith(usual) || (resource.test(url) && !script.test(url));
  const manager = new Manager(config, log, backplane);
  const serve = createServe(config, manager, log, owns);
  const sweeping = setInterval(() => {
    const at = now();
    serve.sweep(at);
    manager.limits.sweep();
    manager.backplane.sweep(at);
    for (const session of manager.sessions.values()) session.sweep(at);
  }, 1000);

  return {
    io: manager as unknown as Server<any, any, any>,
    owns,
    handle: serve.request,
    upgrade: serve.upgrade,
    clients: () => manager.total,
    redis: () => manager.backplane.state,
    close() {
      clearInterval(sweeping);
      serve.close();
      for (const session of manager.sessions.values()) session.sendAway();
      manager.backplane.close();
    },
  };
}

function escape(text: string): string {
  return text.replace(/[.~-]/g, '\\$&');
}
