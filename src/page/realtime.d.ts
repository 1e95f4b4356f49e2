/** What public/realtime.js gives to a page, with the events of src/events.ts. */
interface RealtimeLibrary {
  connect(options?: ConnectOptions): Connection;
}

type In = import('../events').ServerToClientEvents;
type Out = import('../events').ClientToServerEvents;
type Heard = In & { status: (status: ConnectionStatus) => void };
type EventArgs<Map, E extends keyof Map> = Map[E] extends (...args: infer A) => void ? A : never;

interface Connection {
  /** Handlers of 'status' are called at once with the status there is, and at each change. */
  on<E extends keyof Heard>(event: E, handler: (...args: EventArgs<Heard, E>) => void): void;
  /** While there is no connection, it is kept and sent when there is one. */
  emit<E extends keyof Out>(event: E, ...args: EventArgs<Out, E>): void;
  /** Ends the connection for good. */
  close(): void;
}

interface ConnectionStatus {
  state: 'connecting' | 'connected' | 'reconnecting' | 'disconnected';
  /** Which try is under way or comes next: 1, 2, … */
  attempt: number;
  /** What carries the events, once connected: 'xhr-polling'. */
  transport?: string;
  /** Why the last try failed, where the server said so. */
  reason?: string;
}

interface ConnectOptions {
  /** The path that the server's `resource` names: 'myApp/socket'. By default it is told by the address of socket.io.js. */
  resource?: string;
  /** The server's origin. By default it is told by that address too; beside a resource, it is the page's own. */
  url?: string;
  /** Socket.IO's client; the global one by default. */
  io?: ClientLibrary;
}

/** The part of socket.io-client 0.9.17 that realtime.js uses. */
interface ClientLibrary {
  connect(url: string, options: object): ClientSocket;
  Transport: { XHR: { prototype: ClientXHR } };
}

interface ClientSocket {
  socket: ClientSession;
  on(event: string, handler: (...args: any[]) => void): void;
  emit(event: string, ...args: any[]): void;
}

interface ClientSession {
  options: { transports: string[] };
  connected: boolean;
  connecting: boolean;
  open: boolean;
  sessionid?: string;
  transport?: { name: string; prepareUrl(): string; close(): void; clearTimeouts(): void };
  getTransport(): object | null;
  setHeartbeatTimeout(): void;
  isXDomain(): boolean;
  disconnect(): void;
  onDisconnect(reason?: string): void;
  onError(error: { advice?: string; reason?: string } | string): void;
}

interface ClientXHR {
  socket: ClientSession;
  request(method?: string): XMLHttpRequest;
  sendsCookies?: boolean;
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
