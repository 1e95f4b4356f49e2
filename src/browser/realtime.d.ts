/** The library of public/realtime.js, with the events of src/events.ts. */
interface RealtimeLibrary {
  connect(options?: ConnectOptions): Connection;
}

type In = import('../events').ServerToClientEvents;
type Out = import('../events').ClientToServerEvents;
type Heard = In & { status: (status: ConnectionStatus) => void };
type EventArgs<Map, E extends keyof Map> = Map[E] extends (...args: infer A) => void ? A : never;
/** If the server fails to answer, the acknowledgement brings { error: … } instead. */
type OrError<F> = F extends (...args: infer A) => void
  ? (...args: { [I in keyof A]: A[I] & { error?: string } }) => void
  : F;
type EmitArgs<Map, E extends keyof Map> =
  Map[E] extends (...args: infer A extends any[]) => void
    ? { [I in keyof A]: OrError<A[I]> }
    : never;

interface Connection {
  /** A handler of 'status' is called at once with the present status, and at each change. */
  on<E extends keyof Heard>(event: E, handler: (...args: EventArgs<Heard, E>) => void): void;
  /**
   * Sends an event. The connection keeps the event until the server has it. A connection that
   * breaks comes back. If the server fails to answer, the acknowledgement gets { error: … }.
   * @throws if the connection is closed, the message is too large, or too many messages wait
   */
  emit<E extends keyof Out>(event: E, ...args: EmitArgs<Out, E>): void;
  /** Ends the connection for good. */
  close(): void;
}

interface ConnectionStatus {
  state: 'connecting' | 'connected' | 'reconnecting' | 'disconnected';
  /** The number of the try that is under way or comes next: 1, 2, … */
  attempt: number;
  /** connected: the name of the transport that carries the events, 'xhr-polling' or 'websocket'. */
  transport?: string;
  /**
   * connected: true if the server still has the session, so that nothing was lost; false if the
   * session is new, as the first one or because the server was restarted. If false, the page has to
   * fetch again all data of the server that it shows.
   */
  recovered?: boolean;
  /**
   * reconnecting: the reason why the last try failed or the connection ended, for a person to read.
   * disconnected: the reason why the application does not let this page in; missing if the page or
   * the server has closed the connection.
   * connected: 'another user has signed in', if the session before this one was another user's.
   */
  reason?: string;
}

interface ConnectOptions {
  /**
   * The path that the server's `resource` names: 'app/socket'. The default is the path of
   * socket.io.js.
   */
  resource?: string;
  /**
   * The server's origin, 'http://server'. The default is the origin of socket.io.js or, if there is
   * a `resource`, the page's own.
   */
  url?: string;
  /**
   * The values of `handshake.query` on the server, sent with each handshake: { token: 'a b' }, or
   * as text, 'token=a%20b'. Each name may come once. The names got, try, wait, session, t, jsonp
   * and disconnect are taken.
   */
  query?: string | { [name: string]: string | number | boolean };
  /** Socket.IO's client. The default is the global `io`. */
  io?: ClientLibrary;
}

/** The part of socket.io-client 0.9.17 that realtime.js uses. */
interface ClientLibrary {
  protocol: number;
  connect(url: string, options: object): ClientSocket;
  parser: {
    encodePacket(packet: object): string;
    encodePayload(packets: string[]): string;
    decodePacket(text: string): ClientPacket;
  };
  util: {
    request(crossOrigin: boolean): XMLHttpRequest;
    query(one: string, other: string): string;
    ua: { hasCORS: boolean };
  };
}

interface ClientSocket {
  socket: ClientSession;
  on(event: string, handler: (...args: any[]) => void): void;
  packet(packet: object): void;
}

/** A packet that 0.9 has decoded. */
interface ClientPacket {
  type: string;
  endpoint: string;
  args: any[];
  name?: any;
  data?: any;
  id?: any;
  ack?: true | 'data';
  ackId?: any;
}

interface ClientSession {
  options: {
    transports: string[];
    query: string;
    secure: boolean;
    host: string;
    port: number;
    resource: string;
  };
  connected: boolean;
  connecting: boolean;
  open: boolean;
  sessionid: string;
  transport?: ClientTransport;
  heartbeatTimeoutTimer: any;
  connect(): void;
  handshake(proceed: (...parts: string[]) => void): void;
  setHeartbeatTimeout(): void;
  setBuffer(buffers: boolean): void;
  isXDomain(): boolean;
  disconnect(): void;
  onDisconnect(reason?: string): void;
  onPacket(packet: ClientPacket): void;
  onError(error: any): void;
}

/** A transport of 0.9: xhr-polling, or websocket. */
interface ClientTransport {
  name: string;
  isOpen: boolean;
  open(): void;
  /** The poll under way. */
  xhr?: XMLHttpRequest;
  websocket?: any;
  get(): void;
  post(text: string): void;
  send(text: string): void;
  onData(text: string): void;
  onClose(): void;
  prepareUrl(): string;
  close(): void;
  clearTimeouts(): void;
  clearCloseTimeout(): void;
  setCloseTimeout(): void;
  onPacket(packet: ClientPacket): void;
}

/** The answer to a request. */
interface Answer {
  /** 0 if no answer has come. */
  status: number;
  text: string;
  /** The fault, for a person to read, if the answer is not one that our server should give. */
  fault: string;
}

/** The address of a server. */
interface ServerAddress {
  /** The server's origin, '' for the page's own. */
  url: string;
  /** The query that the page adds to each handshake. */
  query?: string;
  /** The path of Socket.IO there, without slashes around it. */
  resource: string;
}

/** The object that says when this tab may poll. */
interface Places {
  /**
   * Calls `poll` when it is time to poll, with a part of the query of the poll. Calls `giveWay` if
   * the poll has to end before it is answered.
   */
  schedule(poll: (wait: string) => void, giveWay: () => void): void;
  /** Ends the pause before a poll: a message has been sent, and may be answered. */
  hurry(): void;
  /** Forgets the poll, and the pause before a poll: the link has ended. */
  stop(): void;
  /** Gives the place back, so that another tab can take it. */
  leave(): void;
}

/** A message of the page, on its way. */
interface Message {
  /** The type of its packet: 5 for an event, 6 for an acknowledgement. */
  type: number;
  /** The number of the message. */
  id?: number;
  /** The text that follows the head of the packet, made when the page emitted the message. */
  data: string;
  /** The length of the packet in characters. */
  size?: number;
  /** The function that the page gave for the acknowledgement; null if there is none. */
  callback: any;
}

/** The functions that a link calls. */
interface LinkListener {
  /**
   * @param pollingUrl the address for polls of the session; null if the server takes none
   * @param isAnotherUser whether the session that the page had was another user's
   */
  onHandshake(sessionId: string, pollingUrl: string | null, isAnotherUser: boolean): void;
  onConnect(transport: string): void;
  onPacket(packet: ClientPacket): void;
  onTooMuch(): void;
  onTooSlow(): void;
  /** @param reason for a person to read */
  onFail(reason: string): void;
  /** Hears that the server has ended the session for good. */
  onEnd(): void;
  /**
   * Hears that the application does not let the page in.
   * @param again whether the page may try again
   */
  onRefused(reason: string, again: boolean): void;
}

/** A script without annotations cannot say that an element is an input. So any element may be. */
interface HTMLElement {
  value: any;
  checked: any;
  disabled: any;
}

interface Window {
  io: ClientLibrary;
}

declare const Realtime: RealtimeLibrary;
declare const module: { exports: RealtimeLibrary } | undefined;
