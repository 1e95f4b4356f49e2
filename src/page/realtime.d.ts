/** What public/realtime.js gives to a page. In is what the server sends, Out what the page may send. */
interface Connection<In, Out> {
  /** While there is no connection, it is kept and sent when there is one. */
  emit<E extends keyof Out & string>(event: E, ...args: EventArgs<Out, E>): void;
  on<E extends keyof In & string>(event: E, handler: (...args: EventArgs<In, E>) => void): void;
  /** Called at once with the status there is, and at each change. */
  on(event: 'status', handler: (status: ConnectionStatus) => void): void;
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
  /** The path that the server's `resource` names, without a slash in front: 'myApp/socket'. */
  resource: string;
  /** The server's origin; the page's own by default. */
  url?: string;
  /** Socket.IO's client; the global one by default. */
  io?: ClientLibrary;
}

interface RealtimeLibrary {
  connect<In, Out>(options: ConnectOptions): Connection<In, Out>;
}

type EventArgs<Map, E extends keyof Map> = Map[E] extends (...args: infer A) => void ? A : never;

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
  transport?: { name: string; prepareUrl(): string };
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

interface Window {
  io: ClientLibrary;
}

declare const Realtime: RealtimeLibrary;
declare const module: { exports: RealtimeLibrary } | undefined;
