/*
 * The types of Socket.IO 0.9's server API, as app.ts sees it. 0.9 has no published types. The types
 * here are generic over the event maps of events.ts: In has the events that clients send, and Out
 * has the events that the server sends. Data has the values of socket.set and socket.get.
 */
import type { IncomingHttpHeaders } from 'http';
import type { AnyEvents, OldNamespace, OldServer, OldSocket, SendsText } from './old-api';

type Name<Map> = Extract<keyof Map, string>;
/** The arguments of an event. For a map of type any, the arguments are any, too. */
type Args<Map, E extends keyof Map> =
  0 extends 1 & Map ? any[] : Map[E] extends (...args: infer A) => any ? A : never;
/** The default type of the values of socket.set. For events of type any, the values are any. */
type AnyData<In> = Record<string, string extends keyof In ? any : unknown>;
/** A function that 0.9 calls later, with an error or with the value that was asked for. */
type Callback<T> = (error: Error | null, value: T) => void;

/**
 * A handler may be async. If a handler throws or rejects, the server logs the error, and a sender
 * that waits for an acknowledgement gets { error: … }.
 */
type Handler<This, A extends unknown[]> = (this: This, ...args: A) => unknown;

/** The events that a socket can have handlers for: the events of the client, and 'disconnect'. */
type Heard<In> = In & { disconnect: (reason: string) => void };
/** The arguments of an event, without the function that acknowledges the event. */
type ArgsWithoutAck<Map, E extends keyof Map> =
  Required<Args<Map, E>> extends [...infer A, (...args: any[]) => any] ? A : Args<Map, E>;

/**
 * Several clients: everyone else, a room, or a namespace. In 0.9, several clients cannot
 * acknowledge an emit.
 */
export interface Broadcast<Out> extends SendsText {
  emit<E extends Name<Out>>(event: E, ...args: ArgsWithoutAck<Out, E>): void;
  /** Limits the next emit to a room. */
  to(room: string): this;
  in(room: string): this;
  /**
   * The next emit sends a value. While a client is between two polls, a newer value of the same
   * event and room replaces this value.
   */
  readonly volatile: this;
}

/**
 * The application's own properties of a socket. Declare each property where the code uses it:
 * `declare module './realtime' { interface SocketProperties { nickname?: string } }`. The
 * properties do not follow a session to another process; values of socket.set do.
 */
export interface SocketProperties {}

/** A client, from its handshake to its disconnect. */
export interface Socket<In = AnyEvents, Out = AnyEvents, Data = AnyData<In>> extends
  OldSocket<Namespace<In, Out, Data>, Server<In, Out, Data>, Broadcast<Out>>, SocketProperties {
  readonly id: string;
  readonly handshake: Handshake;
  readonly disconnected: boolean;
  /**
   * Whether the session comes from another process, with its rooms and its values of socket.set.
   * With one process, it is always false.
   */
  readonly recovered: boolean;
  emit<E extends Name<Out>>(event: E, ...args: Args<Out, E>): this;
  /**
   * The next emit sends a value. While the client is between two polls, a newer value of the same
   * event replaces this value.
   */
  readonly volatile: this;
  /** The next emit goes to everyone but this client. */
  readonly broadcast: Broadcast<Out>;
  on<E extends Name<Heard<In>>>(event: E, handler: Handler<this, Args<Heard<In>, E>>): this;
  once<E extends Name<Heard<In>>>(event: E, handler: Handler<this, Args<Heard<In>, E>>): this;
  removeListener<E extends Name<Heard<In>>>(
    event: E, handler: Handler<this, Args<Heard<In>, E>>,
  ): this;
  removeAllListeners(event?: Name<Heard<In>>): this;
  listeners(event: Name<Heard<In>>): unknown[];
  /** @param done called at once */
  join(room: string, done?: () => void): this;
  leave(room: string, done?: () => void): this;
  set<K extends Name<Data>>(key: K, value: Data[K], done?: (error: Error | null) => void): this;
  get<K extends Name<Data>>(key: K, done: Callback<Data[K] | null>): this;
  has<K extends Name<Data>>(key: K, done: Callback<boolean>): this;
  del<K extends Name<Data>>(key: K, done?: (error: Error | null) => void): this;
  /**
   * Ends the session. The client does not come back by itself. A socket of another namespace than
   * io.sockets only leaves its namespace.
   */
  disconnect(): this;
}

/** The clients of a namespace. Each client that connects is in the namespace io.sockets. */
export interface Namespace<In = AnyEvents, Out = AnyEvents, Data = AnyData<In>> extends
  Broadcast<Out>, OldNamespace<Socket<In, Out, Data>, Server<In, Out, Data>> {
  readonly name: string;
  on(event: 'connection', handler: Handler<this, [socket: Socket<In, Out, Data>]>): this;
  once(event: 'connection', handler: Handler<this, [socket: Socket<In, Out, Data>]>): this;
  removeListener(
    event: 'connection', handler: Handler<this, [socket: Socket<In, Out, Data>]>,
  ): this;
  /** The next emit goes to the clients of this process only. */
  readonly local: this;
  /** Leaves the client of this id out of the next emit. */
  except(id: string): this;
  /**
   * @returns the clients of this process that are in the namespace, or in a room of the namespace
   */
  clients(room?: string): Socket<In, Out, Data>[];
  socket(id: string): Socket<In, Out, Data>;
  authorization(check: Authorization): this;
}

/**
 * `io`. In and Out are the event maps of events.ts. Without these maps, any event with any
 * arguments compiles. So code that has no types yet can use `Server` alone.
 */
export interface Server<In = AnyEvents, Out = AnyEvents, Data = AnyData<In>> extends
  OldServer<Namespace<In, Out, Data>, Handshake> {
  readonly sockets: Namespace<In, Out, Data>;
  /**
   * Returns the namespace of this name, and makes it at the first call. The namespace may have its
   * own events.
   */
  of<In2 = In, Out2 = Out, Data2 = Data>(name: string): Namespace<In2, Out2, Data2>;
  /**
   * Adds a handler for the number of clients that are connected to all processes. The server calls
   * the handler when this number has changed, or a client has come: at once after a quiet second,
   * otherwise once a second. While more than a thousand clients a second come or go, the server
   * waits until this is over, for 6 s at most. More calls would cost too much, because the usual
   * handler tells all clients.
   */
  on(event: 'clients', handler: Handler<this, [clients: number]>): this;
  /** Does the same as io.sockets.on('connection', …). */
  on(event: 'connection', handler: Handler<this, [socket: Socket<In, Out, Data>]>): this;
  /**
   * Adds a handler that is called after io.set: 'set:transports' is for the setting 'transports'.
   */
  on<K extends keyof Settings>(
    event: `set:${K}`, handler: Handler<this, [value: Settings[K], name: K]>,
  ): this;
  /** Calls the function `settings` at once. */
  configure(settings: (this: this) => void): this;
  /**
   * Does the same as configure(settings), but only if NODE_ENV is this environment. If NODE_ENV is
   * not set, the environment is 'development'.
   */
  configure(environment: string, settings: (this: this) => void): this;
  /**
   * Gives a setting a value.
   * @throws Error with one line, if the setting does not take the value, if the setting changes
   * nothing here, or if there is no such setting
   */
  set<K extends keyof Settings>(name: K, value: Settings[K]): this;
  get<K extends keyof Settings>(name: K): Settings[K];
  /** Does the same as set(name, true). */
  enable(name: 'heartbeats'): this;
  /** Does the same as set(name, false). */
  disable(name: 'heartbeats' | 'authorization' | 'same user'): this;
  /** @returns whether the value of the setting counts as true */
  enabled(name: keyof Settings): boolean;
  disabled(name: keyof Settings): boolean;
  /**
   * Adds middleware of Express: express-session, cookie-parser, passport, or a whole `express()`.
   * All middleware runs for each handshake, in the order of the calls, before authorization. The
   * properties that middleware puts on the request are on socket.handshake. Middleware refuses a
   * client if it answers by itself, or calls next with an error of status 401 or 403.
   * docs/sign-in.md says more.
   * @throws Error with one line, if the argument is no function of (req, res, next)
   */
  use(middleware: MiddlewareFunction): this;
}

/**
 * A function that Express's `use` takes, too. The request is the handshake; docs/sign-in.md lists
 * its properties. The types are `any`, because Express has its own types for a request.
 */
export type MiddlewareFunction = (req: any, res: any, next: (error?: any) => void) => unknown;

/**
 * The handshake with which a client came. The session keeps the handshake until a client of
 * realtime.js comes back with another one: then socket.handshake is the new handshake.
 */
export interface Handshake {
  headers: IncomingHttpHeaders;
  /**
   * The client's own address. Behind iisnode, a header from IIS has the address, and the port is
   * not known.
   */
  address: { address: string; port: number | undefined };
  /** The query of the handshake. It includes the query of the URL with which the page connects. */
  query: { [name: string]: string | string[] | undefined };
  url: string;
  time: string;
  /** Whether the request has an Origin header. */
  xdomain: boolean;
  /** Whether the client came by https. Behind iisnode, a header from IIS says so. */
  secure: boolean;
  /** The time of the handshake, ms since 1970. */
  issued: number;
  /** The properties that your authorization adds for the handlers: handshake.user = … */
  [added: string]: unknown;
}

/**
 * A function that decides whether a client may connect, or join a namespace. accept(null, true)
 * lets the client in. accept(null, false) refuses the client; the answer to a handshake is then
 * 403. accept(error) says that the function could not decide: the answer to a handshake is 500, and
 * realtime.js tries again.
 */
export type Authorization = (handshake: Handshake, accept: Accept) => unknown;

export type Accept = (
  error: Error | string | null | undefined, authorized?: boolean, refused?: Partial<Refused>,
) => void;

/** The answer to a page with realtime.js whose handshake is refused. */
export interface Refused {
  /**
   * The page's `status.reason`: one line, up to 200 letters. The default is 'handshake
   * unauthorized'.
   */
  reason: string;
  /**
   * Whether the page tries again, because the server may let it in later. The default is false: the
   * page stays disconnected.
   */
  again: boolean;
}

/**
 * A function that decides whether a client of realtime.js that comes back for its session is still
 * the same user. The function gets the session's handshake and the new handshake, after
 * authorization. With several processes, `before` may be a copy that was JSON on its way.
 */
export type SameUser = (before: Handshake, now: Handshake) => boolean;

/**
 * The settings of io.set: the settings of 0.9 that change something here, and 'same user'.
 * io/settings.ts has the values that each setting takes. Times are in seconds.
 */
export interface Settings {
  /**
   * The transports that the server offers: 'xhr-polling', and 'websocket' on IIS 8 and later.
   * src/server.ts sets this list from TRANSPORTS. If the list changes, WebSockets that are open
   * stay open; polls are refused if 'xhr-polling' is not in the new list.
   */
  transports: string[];
  /**
   * The path with which the requests of Socket.IO begin, '/app/socket'. src/server.ts sets the path
   * from APP_PATH. The rewrite rules in web.config must have the same path.
   */
  resource: string;
  authorization: Authorization | false;
  /**
   * The function that decides whether a session goes on with the handshake of a client that comes
   * back. Without a function (false), the session goes on if `handshake.user` is deeply equal.
   */
  'same user': SameUser | false;
  /** The names of events that clients must not send. Handlers do not get these events. */
  blacklist: string[];
  /**
   * Whether the answer to a handshake has the heartbeat timeout. Leave this setting true: without a
   * heartbeat timeout, 0.9's client drops every connection.
   */
  heartbeats: boolean;
  /**
   * The time between the answer to a heartbeat and the next heartbeat. Only WebSockets have
   * heartbeats.
   */
  'heartbeat interval': number;
  /** The time that a client has to answer a heartbeat. */
  'heartbeat timeout': number;
  /**
   * The time that a client of 0.9 may stay away without a poll. A client of realtime.js may stay
   * away for SESSION_TIMEOUT.
   */
  'close timeout': number;
  /**
   * The time that a poll waits if the server has nothing to send. It must be shorter than
   * gracefulShutdownTimeout in iisnode.yml.
   */
  'polling duration': number;
}
