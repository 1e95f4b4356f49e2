/*
 * Socket.IO 0.9's server API as app.ts sees it. 0.9 has no published types. These cover what an
 * application uses, and are generic over the event maps of events.ts: In is what a client sends,
 * Out is what it is sent, Data is what socket.set and socket.get keep.
 */
import type { IncomingHttpHeaders } from 'http';
import type { AnyEvents, OldNamespace, OldServer, OldSocket, SendsText } from './old-api';

type Name<Map> = Extract<keyof Map, string>;
/** The arguments of an event. For a map of type any, the arguments are any, too. */
type Args<Map, E extends keyof Map> =
  0 extends 1 & Map ? any[] : Map[E] extends (...args: infer A) => any ? A : never;
/** The default type of the values of socket.set. For events of type any, the values are any. */
type AnyData<In> = Record<string, string extends keyof In ? any : unknown>;
/** Where 0.9 answers later: with an error, or with what was asked for. */
type Callback<T> = (error: Error | null, value: T) => void;

/**
 * A handler may be async. One that throws, or rejects, is logged; a sender that waits for an
 * acknowledgement gets { error: … }.
 */
type Handler<This, A extends unknown[]> = (this: This, ...args: A) => unknown;

/** The events that a handler on the server can be for: the client's, and its end. */
type Heard<In> = In & { disconnect: (reason: string) => void };
/** The arguments of an event, without an acknowledgement. */
type ArgsWithoutAck<Map, E extends keyof Map> =
  Required<Args<Map, E>> extends [...infer A, (...args: any[]) => any] ? A : Args<Map, E>;

/**
 * Several clients: everyone else, a room, a namespace. 0.9 brings back no acknowledgements from
 * several.
 */
export interface Broadcast<Out> extends SendsText {
  emit<E extends Name<Out>>(event: E, ...args: ArgsWithoutAck<Out, E>): void;
  /** The next emit goes to a room only. */
  to(room: string): this;
  in(room: string): this;
  /**
   * The next emit sends a value that a newer value replaces. A client that is between two polls
   * gets the newest value of each event and room with its next poll.
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
   * With several processes: whether the session goes on from another one, with its rooms and what
   * socket.set kept there.
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
  /** The session ends. The client does not come back by itself. */
  disconnect(): this;
}

/** The clients of a namespace: io.sockets is that of all who connect. */
export interface Namespace<In = AnyEvents, Out = AnyEvents, Data = AnyData<In>> extends
  Broadcast<Out>, OldNamespace<Socket<In, Out, Data>, Server<In, Out, Data>> {
  readonly name: string;
  on(event: 'connection', handler: Handler<this, [socket: Socket<In, Out, Data>]>): this;
  once(event: 'connection', handler: Handler<this, [socket: Socket<In, Out, Data>]>): this;
  removeListener(
    event: 'connection', handler: Handler<this, [socket: Socket<In, Out, Data>]>,
  ): this;
  /** The next emit is for the clients of this process only. */
  readonly local: this;
  /** The next emit leaves out the client of this id. */
  except(id: string): this;
  /** The clients of the namespace, or of a room of it, of this process. */
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
  /** A namespace, made at its first use. It may have events of its own. */
  of<In2 = In, Out2 = Out, Data2 = Data>(name: string): Namespace<In2, Out2, Data2>;
  /**
   * How many clients are connected, to all processes. Told when that has changed, or a client has
   * come: at once after a quiet second, otherwise once a second, as telling everybody costs
   * something.
   */
  on(event: 'clients', handler: Handler<this, [clients: number]>): this;
  /** The same as io.sockets.on('connection', …). */
  on(event: 'connection', handler: Handler<this, [socket: Socket<In, Out, Data>]>): this;
  /** A setting has been set, 'set:transports'. */
  on<K extends keyof Settings>(
    event: `set:${K}`, handler: Handler<this, [value: Settings[K], name: K]>,
  ): this;
  /** The function, which sets things, is called at once. */
  configure(settings: (this: this) => void): this;
  /** The same, only if NODE_ENV is that environment; 'development' where NODE_ENV is not set. */
  configure(environment: string, settings: (this: this) => void): this;
  /**
   * The setting has that value from now on.
   * @throws Error with one line, if the value is not one of that setting, if the setting changes
   * nothing here, or if there is no such setting
   */
  set<K extends keyof Settings>(name: K, value: Settings[K]): this;
  get<K extends keyof Settings>(name: K): Settings[K];
  /** The same as set(name, true). */
  enable(name: 'heartbeats'): this;
  /** The same as set(name, false). */
  disable(name: 'heartbeats' | 'authorization' | 'same user'): this;
  /** Whether a setting is there and not false. */
  enabled(name: keyof Settings): boolean;
  disabled(name: keyof Settings): boolean;
  /**
   * Middleware of Express (express-session, cookie-parser, passport, or a whole `express()`) runs
   * for each handshake, in the order of the calls, before authorization. The properties that
   * middleware puts on the request are on socket.handshake. Middleware refuses a client if it
   * answers by itself, or calls next with an error of status 401 or 403. docs/sign-in.md says more.
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
 * The handshake that a client came with. It is kept for as long as the session lasts, or until a
 * client of realtime.js comes back: then socket.handshake is the new one.
 */
export interface Handshake {
  headers: IncomingHttpHeaders;
  /**
   * The client's own address: behind iisnode it is taken from what IIS says of it. The port is
   * unknown there.
   */
  address: { address: string; port: number | undefined };
  /** The query string, from the page's address of the server. */
  query: { [name: string]: string | string[] | undefined };
  url: string;
  time: string;
  /** Whether the request named an origin. */
  xdomain: boolean;
  /** Whether the client came by https: behind iisnode IIS says so. */
  secure: boolean;
  /** Milliseconds since 1970. */
  issued: number;
  /** Your authorization can add more, for the handlers to read: handshake.user = … */
  [added: string]: unknown;
}

/**
 * A function that decides whether a client may connect, or join a namespace: accept(null, true)
 * lets it in, accept(null, false) answers 403. accept(error) says that it could not be decided:
 * 500, and realtime.js tries again.
 */
export type Authorization = (handshake: Handshake, accept: Accept) => unknown;

export type Accept = (
  error: Error | string | null | undefined, authorized?: boolean, refused?: Partial<Refused>,
) => void;

/** The answer to a page with realtime.js whose handshake is refused. */
export interface Refused {
  /**
   * The page's `status.reason`: one line, up to 200 letters. 'handshake unauthorized' by default.
   */
  reason: string;
  /**
   * Whether the page may try again: after a while it may be let in. false by default: it stays
   * disconnected.
   */
  again: boolean;
}

/**
 * A function that decides whether a session of realtime.js, whose client has come back, is still
 * the same user's. Called with its handshakes, as authorization has left them. With several
 * processes, the one of before may have come through JSON.
 */
export type SameUser = (before: Handshake, now: Handshake) => boolean;

/**
 * The settings of 0.9 that mean something here (io/settings.ts has what each takes). Times are in
 * seconds.
 */
export interface Settings {
  /**
   * The transports that are offered: 'xhr-polling', and 'websocket' on IIS 8 and later.
   * src/server.ts sets what TRANSPORTS says. A session that has another one keeps it.
   */
  transports: string[];
  /**
   * The path that Socket.IO's requests begin with, '/app/socket'. src/server.ts sets it from
   * APP_PATH; the rewrite rules in web.config have to say the same.
   */
  resource: string;
  authorization: Authorization | false;
  /**
   * Whether a session may go on with the handshake that its client came back with. By default:
   * where `handshake.user` is deeply equal.
   */
  'same user': SameUser | false;
  /** Events from clients that are not handed to handlers. */
  blacklist: string[];
  /**
   * Whether a handshake's answer says how often a heartbeat is due. Leave it on: without it 0.9's
   * client drops every connection.
   */
  heartbeats: boolean;
  /** Heartbeats are for WebSockets only: how long after the last one the next is sent. */
  'heartbeat interval': number;
  /** How long the answer to a heartbeat is waited for. */
  'heartbeat timeout': number;
  /** How long a client that does not poll is waited for. */
  'close timeout': number;
  /**
   * How long a poll waits for something to say. Shorter than gracefulShutdownTimeout in
   * iisnode.yml.
   */
  'polling duration': number;
}
