/*
 * Parts of 0.9's server API that only applications of 0.9 need. docs/from-0.9.md lists all calls of
 * 0.9, and a replacement for each call that is gone. api.ts has the rest of the API.
 */
import type { Log } from './logging';

/**
 * The events of code that has no types yet: any name with any arguments. `Server` without event
 * maps uses this type.
 */
export interface AnyEvents { [event: string]: (...args: any[]) => any }

/**
 * A table of values by name. When the application reads the table, it shows the state of this
 * process at that moment. An application that changes the table gets an Error with one line.
 */
export interface View<T> { readonly [name: string]: T | undefined }

/**
 * Several clients, to which an application sends messages that are no events. A page gets such a
 * message as the event 'message'.
 */
export interface SendsText {
  send(text: string): this;
  /** The next send takes any value that JSON can express. */
  readonly json: this & SendsJson;
}

export interface SendsJson {
  send(data: unknown): this;
}

/** The JSON messages to one client. */
export interface SendsClientJson {
  /** @param taken called when the client has the message */
  send(data: unknown, taken?: () => void): this;
  readonly broadcast: SendsJson;
}

/**
 * The parts of a socket that only applications of 0.9 need.
 * @typeParam Home the type of the socket's namespace
 * @typeParam Io the type of `io`
 * @typeParam Others the type of everyone else
 */
export interface OldSocket<Home, Io, Others> {
  readonly namespace: Home;
  /** The same as `io`. */
  readonly manager: Io;
  /** 'xhr-polling' or 'websocket'; undefined if this process does not have the client. */
  readonly transport: string | undefined;
  readonly log: Log;
  /** @param taken called when the client has the message */
  send(text: string, taken?: () => void): this;
  readonly json: this & SendsClientJson;
  /** Chooses the room of the next broadcast: `socket.to('a room').broadcast.emit('news')`. */
  to(room: string): { readonly broadcast: Others };
  in(room: string): { readonly broadcast: Others };
  /**
   * Calls the handlers of an event, as if the client had sent the event. An application may replace
   * this method: then its function gets the name and the arguments of each event of the client.
   */
  $emit: (event: string, ...args: any[]) => unknown;
}

/** The parts of a namespace that only applications of 0.9 need. */
export interface OldNamespace<Client, Io> {
  /** The same as `io`. */
  readonly manager: Io;
  /** By the id of a client: its socket, if this process has the client. */
  readonly sockets: View<Client>;
  readonly log: Log;
}

/** The parts of `io` that only applications of 0.9 need. All views show this process only. */
export interface OldServer<Home, Came> {
  /**
   * The ids of the clients in each room. The room '' has all clients that are connected, '/tea' is
   * the room tea, '/side' is the namespace /side, and '/side/tea' is the room tea of that
   * namespace.
   */
  readonly rooms: View<string[]>;
  /** By the id of a client: the rooms that the client is in, with the names that `rooms` has. */
  readonly roomClients: View<{ [room: string]: true }>;
  /** By the id of a client: true if the client is connected. */
  readonly connected: View<true>;
  /** By the id of a client: its handshake, even if the client is not connected yet. */
  readonly handshaken: View<Came>;
  readonly namespaces: { readonly [name: string]: Home };
  readonly log: Log;
}
