/*
 * Parts of 0.9's server API that only applications of 0.9 need. docs/from-0.9.md lists all calls of
 * 0.9, and the replacements of those that are gone. api.ts has the rest of the API.
 */
import type { Log } from './logging';

/**
 * The events of code that has no types yet: any name with any arguments. `Server` without event
 * maps uses this type.
 */
export interface AnyEvents { [event: string]: (...args: any[]) => any }

/**
 * A view of this process at the moment of reading, by name. To change a view throws an Error with
 * one line.
 */
export interface View<T> { readonly [name: string]: T | undefined }

/** Sends several clients messages that are no events. A page gets such a message by 'message'. */
export interface SendsText {
  send(text: string): this;
  /** The next send may send anything that JSON can say. */
  readonly json: this & SendsJson;
}

export interface SendsJson {
  send(data: unknown): this;
}

/** The JSON messages to one client. */
export interface SendsClientJson {
  /** @param taken called when the client has it */
  send(data: unknown, taken?: () => void): this;
  readonly broadcast: SendsJson;
}

/**
 * The parts of a client.
 * @typeParam Home its namespace
 * @typeParam Io `io`
 * @typeParam Others everyone else
 */
export interface OldSocket<Home, Io, Others> {
  readonly namespace: Home;
  /** The same as `io`. */
  readonly manager: Io;
  /** 'xhr-polling' or 'websocket'; undefined for a client that is not with this process. */
  readonly transport: string | undefined;
  readonly log: Log;
  /** @param taken called when the client has it */
  send(text: string, taken?: () => void): this;
  readonly json: this & SendsClientJson;
  /** The room that the next broadcast is for: `socket.to('a room').broadcast.emit('news')`. */
  to(room: string): { readonly broadcast: Others };
  in(room: string): { readonly broadcast: Others };
  /**
   * Calls the handlers of an event, as if the client had sent the event. An application may replace
   * this method: then its function gets the name and the arguments of each event of the client.
   */
  $emit: (event: string, ...args: any[]) => unknown;
}

/** The parts of a namespace. */
export interface OldNamespace<Client, Io> {
  /** The same as `io`. */
  readonly manager: Io;
  /** The clients of the namespace that this process has, by their ids. */
  readonly sockets: View<Client>;
  readonly log: Log;
}

/** The parts of `io`. All views are of this process only. */
export interface OldServer<Home, Came> {
  /**
   * The ids of the clients in each room: '' is all who are connected, '/tea' the room tea, '/side'
   * the namespace of that name, '/side/tea' a room of it.
   */
  readonly rooms: View<string[]>;
  /** By a client's id: the rooms that it is in, with the names that `rooms` has. */
  readonly roomClients: View<{ [room: string]: true }>;
  /** By a client's id: whether it is connected. */
  readonly connected: View<true>;
  /** By a client's id: the handshake it came with, whether it is connected yet or not. */
  readonly handshaken: View<Came>;
  readonly namespaces: { readonly [name: string]: Home };
  readonly log: Log;
}
