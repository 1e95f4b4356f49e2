/*
 * The door of Socket.IO 0.9, made fit for IIS: src/server.ts and src/app.ts import from here, and
 * from nothing else in this folder. README.md says which file does what.
 */
import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'http';
import type { Duplex } from 'stream';
import type { Server } from './api';
import { alone, Backplane } from './backplane';
import { now } from './clock';
import { Serve } from './http/serve';
import { toPath } from './http/target';
import { asksForWebSocket } from './http/upgrades';
import { Manager } from './io/manager';
import type { Log } from './logging';
import type { RealtimeOptions } from './options';

export * from './api';
export type { AnyEvents, View } from './old-api';
export { atMostOneASecond, Log } from './logging';
export { RealtimeOptions, Trust } from './options';

/** A function that makes what several processes share: cluster/ has one. */
export type MakeBackplane = (manager: Manager) => Backplane;

export interface Realtime {
  /** Socket.IO itself, for app.ts. */
  io: Server<any, any, any>;
  /**
   * Whether a request is Socket.IO's: it is under the resource, and does not ask for the client
   * script.
   */
  owns: (req: IncomingMessage) => boolean;
  /** A request that is Socket.IO's is answered. */
  handle: (req: IncomingMessage, res: ServerResponse) => void;
  /** A listener of a server's 'upgrade', where WebSockets are offered. */
  upgrade: (this: HttpServer, req: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** How many clients are connected, to all processes. */
  clients: () => number;
  /** Whether Redis answers; undefined if there is none to ask. */
  redis: () => 'ok' | 'gone' | undefined;
  /** The waiting polls end, so that their clients come back at once, and no more are taken. */
  close: () => void;
}

/**
 * `createRealtime` makes Socket.IO, for a server that hands the requests to it.
 * @param backplane makes what several processes share; one process needs none
 */
export function createRealtime(
  options: RealtimeOptions, log: Log, backplane: MakeBackplane = alone,
): Realtime {
  const manager = new Manager(options, log, backplane);
  const serve = new Serve(options, manager, log);
  const sweeping = setInterval(() => {
    const time = now();
    serve.sweep(time);
    manager.limits.sweep();
    manager.backplane.sweep(time);
    for (const session of manager.sessions.values()) session.sweep(time);
  }, 1000);

  return {
    io: manager as unknown as Server<any, any, any>,
    owns: req => serve.owns(req),
    handle: (req, res) => serve.request(req, res),
    upgrade(req, socket, head) {
      serve.upgrade(this, req, socket, head);
    },
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

/**
 * `listen` makes Socket.IO, and lets it answer its requests of a server. As with 0.9's own
 * `listen`, the listeners of 'request' that the server has get all others.
 * @param backplane makes what several processes share; one process needs none
 */
export function listen(
  server: HttpServer, options: RealtimeOptions, log: Log, backplane?: MakeBackplane,
): Realtime {
  const realtime = createRealtime(options, log, backplane);
  const others = server.listeners('request');
  server.removeAllListeners('request');
  server.on('request', (req: IncomingMessage, res: ServerResponse) => {
    toPath(req);
    if (realtime.owns(req)) realtime.handle(req, res);
    else for (const other of others) other.call(server, req, res);
  });
  offerUpgrades(server, realtime);
  return realtime;
}

/** The server hands on upgrades for as long as io.set('transports') offers WebSockets. */
function offerUpgrades(server: HttpServer, { io, upgrade }: Realtime): void {
  const manager = io as unknown as Manager;
  const listener = (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    toPath(req);
    upgrade.call(server, req, socket, head);
  };
  manager.on('set:transports', transports => {
    server.removeListener('upgrade', listener);
    if ((transports as string[]).includes('websocket')) server.on('upgrade', listener);
  });
  // From 24.9 on node asks which requests are for the listener of 'upgrade'. Older ones hand it all
  // that ask for anything, h2c for example, and it gives back the others (http/upgrades.ts).
  Object.assign(server, {
    shouldUpgradeCallback: (req: IncomingMessage) => {
      return server.listenerCount('upgrade') > 0 && asksForWebSocket(req);
    },
  });
}
