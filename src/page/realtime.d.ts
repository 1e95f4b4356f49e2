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
  /** Why the last try failed, where the server said so. */
  reason?: string;
}

interface ConnectOptions {
  /** The path that the server's `resource` names: 'app/socket'. By default it is told by the address of socket.io.js. */
  resource?: string;
  /** The server's origin. By default it is told by that address too; beside a resource, it is the page's own. */
  url?: string;
  /** Socket.IO's client; the global one by default. */
  io?: ClientLibrary;
}

/** The part of socket.io-client 0.9.17 that realtime.js uses. */
interface ClientLibrary {
  protocol: number;
  connect(url: string, options: object): ClientSocket;
  parser: { encodePacket(packet: object): string; encodePayload(packets: string[]): string };
  util: {
    request(crossOrigin: boolean): XMLHttpRequest;
    query(one: string, other: string): string;
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
  id?: any;
  ack?: true | 'data';
  ackId?: any;
  /** Of its text, in characters. */
  size?: any;
  /** A message of the page: what its acknowledgement is handed to. */
  answer?: any;
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
  /** The last POST. */
  sendXHR?: XMLHttpRequest;
  websocket?: any;
  get(): void;
  post(text: string): void;
  onData(text: string): void;
  onClose(): void;
  prepareUrl(): string;
  close(): void;
  clearTimeouts(): void;
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
  next(poll: (wait: string) => void, end: () => void): void;
  /** A message has been sent: its answer is not paused for. */
  hurry(): void;
  /** There is no poll, nor a pause before one. */
  stop(): void;
  /** Gives back what other tabs can use. */
  leave(): void;
}

/** What a try tells of itself. */
interface LinkListener {
  /** @param pollingUrl where polls of the session go; null if the server takes none */
  onHandshake(sessionId: string, pollingUrl: string | null): void;
  onConnect(transport: string): void;
  onPacket(packet: ClientPacket): void;
  onTooMuch(): void;
  onFail(reason?: string): void;
  onEnd(): void;
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
