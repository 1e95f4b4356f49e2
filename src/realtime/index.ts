/*
 * The door of Socket.IO 0.9, made fit for IIS. The other files of src/ import from here, and from
 * no other file of this folder; only src/server.ts also imports from cluster/. README.md says which
 * file does what.
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
import { inSlices } from './slices';

export * from './api';
export type { AnyEvents, View } from './old-api';
export { atMostOneASecond, Log } from './logging';
export { RealtimeOptions, Trust } from './options';

/** A function that makes the backplane. cluster/ has one for several processes. */
export type MakeBackplane = (manager: Manager) => Backplane;

export interface Realtime {
  /** Socket.IO itself, for app.ts. */
  io: Server<any, any, any>;
  /**
   * Says whether a request is for Socket.IO: whether its URL is under the resource, and is not the
   * URL of the client script.
   */
  owns: (req: IncomingMessage) => boolean;
  /** Answers a request that is for Socket.IO. */
  handle: (req: IncomingMessage, res: ServerResponse) => void;
  /** Handles the event 'upgrade' of a server that offers WebSockets. */
  upgrade: (this: HttpServer, req: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Returns the number of clients that are connected to all processes. */
  clients: () => number;
  /**
   * Returns 'ok' if Redis answers, 'gone' if Redis does not answer, and undefined if the server
   * uses no Redis.
   */
  redis: () => 'ok' | 'gone' | undefined;
  /**
   * Ends the polls that wait, so that their clients come back at once, and refuses all further
   * requests.
   */
  close: () => void;
}

/**
 * Makes Socket.IO, for a server that hands its requests to it.
 * @param backplane makes the backplane of several processes; one process needs none
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
    inSlices(manager.sessions.values(), session => session.sweep(time));
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
      for (const session of manager.sessions.values()) {
        session.transport.flush(); // a broadcast may still be on its way
        session.sendAway();
      }
      manager.backplane.close();
    },
  };
}

/**
 * Makes Socket.IO for a server, and lets Socket.IO answer its own requests. As with 0.9's own
 * `listen`, all other requests go to the listeners of 'request' that the server had before.
 * @param backplane makes the backplane of several processes; one process needs none
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

/** Makes the server hand on upgrades as long as io.set('transports') offers WebSockets. */
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
  // From version 24.9 on, node asks which requests are for the listener of 'upgrade'. Older
  // versions hand the listener all requests that ask for any upgrade, h2c for example.
  // http/upgrades.ts gives these requests back to the server.
  Object.assign(server, {
    shouldUpgradeCallback: (req: IncomingMessage) => {
      return server.listenerCount('upgrade') > 0 && asksForWebSocket(req);
    },
  });
}
