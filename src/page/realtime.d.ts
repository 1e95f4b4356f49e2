/** What public/realtime.js gives to a page, with the events of src/events.ts. */
interface RealtimeLibrary {
  connect(options?: ConnectOptions): Connection;
}

type In = import('../events').ServerToClientEvents;
type Out = import('../events').ClientToServerEvents;
type Heard = In & { status: (status: ConnectionStatus) => void };
type EventArgs<Map, E extends keyof Map> = Map[E] extends (...args: infer A) => void ? A : never;
/** An acknowledgement brings { error: … } instead, where the server failed to answer. */
type OrError<F> = F extends (...args: infer A) => void ? (...args: { [I in keyof A]: A[I] & { error?: string } }) => void : F;
type EmitArgs<Map, E extends keyof Map> =
  Map[E] extends (...args: infer A extends any[]) => void ? { [I in keyof A]: OrError<A[I]> } : never;

interface Connection {
  /** Handlers of 'status' are called at once with the status there is, and at each change. */
  on<E extends keyof Heard>(event: E, handler: (...args: EventArgs<Heard, E>) => void): void;
  /**
   * Sends an event. It is kept until the server has it, whatever becomes of the connection. The acknowledgement gets { error: … } where the
   * server failed to answer. Throws if the connection is closed, the message too large, or too many wait already.
   */
  emit<E extends keyof Out>(event: E, ...args: EmitArgs<Out, E>): void;
  /** Ends the connection for good. */
  close(): void;
}

interface ConnectionStatus {
  state: 'connecting' | 'connected' | 'reconnecting' | 'disconnected';
  /** Which try is under way or comes next: 1, 2, … */
  attempt: number;
  /** What carries the events, once connected: 'xhr-polling'. */
  transport?: string;
  /**
   * Once connected: true if the server still has the session, so that nothing was lost; false if it is a new one, the first or because
   * the server was restarted. Then what the page shows of the server's state is to be fetched anew.
   */
  recovered?: boolean;
  /**
   * reconnecting: why the last try failed or the connection ended, for a person to read.
   * disconnected: why the application does not let this page in; missing if the page has closed
   * the connection, or the server has.
   * connected: 'another user has signed in', where the session before this one was another user's.
   */
  reason?: string;
}

interface ConnectOptions {
  /**
   * The path that the server's `resource` names: 'app/socket'. By default the address of
   * socket.io.js says it.
   */
  resource?: string;
  /**
   * The server's origin, 'http://server'. By default the address of socket.io.js says it; beside a
   * `resource` it is the page's own.
   */
  url?: string;
  /**
   * What the server reads in `handshake.query`, at each handshake: { token: 'a b' }, or as text,
   * 'token=a%20b'. Each name once; got, try, wait, session, t, jsonp and disconnect are taken.
   */
  query?: string | { [name: string]: string | number | boolean };
  /** Socket.IO's client; the global one by default. */
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

/** A packet, as 0.9 takes it apart. */
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
  /** 0 where there is none. */
  status: number;
  text: string;
  /** Why it is not one of our server's, if it is not, for a person to read. */
  fault: string;
}

/** Where the server is. */
interface ServerAddress {
  /** Its origin, '' for the page's own. */
  url: string;
  /** What the application adds to the query of each request. */
  query?: string;
  /** Without slashes around it. */
  resource: string;
}

/** When this tab may poll. */
interface Places {
  /**
   * Calls `poll` when it is time to poll, with what the query of the poll says of it; and `end`
   * where the poll has to end before it is answered.
   */
  schedule(poll: (wait: string) => void, end: () => void): void;
  /** A message has been sent: its answer is not paused for. */
  hurry(): void;
  /** There is no poll, nor a pause before one. */
  stop(): void;
  /** Gives back what other tabs can use. */
  leave(): void;
}

/** A message of the page, on its way. */
interface Message {
  /** As in a packet: 5 an event, 6 an acknowledgement. */
  type: number;
  /** Its number. */
  id?: number;
  /** What follows its head, as it was when it was emitted. */
  data: string;
  /** Of its text, in characters. */
  size?: number;
  /** The function that its acknowledgement calls; null if the page has given none. */
  callback: any;
}

/** What a try tells of itself. */
interface LinkListener {
  /**
   * @param pollingUrl where polls of the session go; null if the server takes none
   * @param isAnotherUser whether the session that the page had was another user's
   */
  onHandshake(sessionId: string, pollingUrl: string | null, isAnotherUser: boolean): void;
  onConnect(transport: string): void;
  onPacket(packet: ClientPacket): void;
  onTooMuch(): void;
  /** @param reason for a person to read */
  onFail(reason: string): void;
  /** The server has ended the session for good. */
  onEnd(): void;
  /** The application does not let the page in. @param again whether it may try again */
  onRefused(reason: string, again: boolean): void;
}

/** Scripts without annotations cannot say which element they have: these are for inputs. */
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
