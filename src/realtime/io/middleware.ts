/*
 * Runs middleware of Express at handshakes (io.use). manager.ts has one Middleware. http/serve.ts
 * runs the middleware for each handshake. When a session comes from another process, the middleware
 * runs again on the stored handshake. Polls and messages do not run middleware.
 *
 * The handshake itself is the request that middleware gets. So properties that middleware puts on
 * the request are on socket.handshake, and later changes (session.reload) are seen there, too. A
 * real request would keep its connection in memory as long as the client is there. The response has
 * no connection; its cookies go with the answer to the handshake.
 */
import { IncomingMessage, ServerResponse } from 'http';
import type { Handshake, MiddlewareFunction, Refused } from '../api';
import { Refusal } from '../protocol/refusal';
import { callHandlers } from './handlers';

/**
 * The longest time for all middleware together, ms. Middleware has the same time again to end its
 * response.
 */
const LONGEST = 30000;

/** The properties of a handshake that come from its client. */
const OF_THE_CLIENT = [
  'headers', 'address', 'query', 'url', 'time', 'xdomain', 'secure', 'issued',
];

/** Properties that Express puts on a request for its own use. Each would keep memory. */
const EXPRESS_OWN = ['res', 'next', '_parsedUrl', '_parsedOriginalUrl'];

/** The decision of the middleware on a handshake. */
export type Decision =
  | { is: 'let in' }
  | { is: 'refused'; why?: Partial<Refused> }
  | { is: 'failed' };

/** The part of the manager that Middleware needs. */
export interface MiddlewareHost {
  failed(what: string, error: unknown): void;
}

export class Middleware {
  private readonly functions: MiddlewareFunction[] = [];
  /** The number of handshakes that are in middleware at the moment. */
  private underWay = 0;
  /** By handshake, the names of the properties that middleware has put there. */
  private readonly put = new WeakMap<Handshake, string[]>();

  /** @param most the number of handshakes that may be in middleware at once (MAX_HANDSHAKES) */
  constructor(private readonly host: MiddlewareHost, private readonly most: number) {}

  get isEmpty(): boolean {
    return this.functions.length === 0;
  }

  /** @throws Error with one line, if the argument is no function of (req, res, next) */
  add(middleware: MiddlewareFunction): void {
    if (typeof middleware !== 'function' || middleware.length > 3) {
      throw new Error('io.use takes a function of (req, res, next); an error is a refusal here');
    }
    this.functions.push(middleware);
  }

  /**
   * Runs all middleware for a handshake, one function after the other.
   * @param done called once, with the decision and the response of the middleware
   * @throws Refusal if too many handshakes are in middleware already
   */
  run(
    handshake: Handshake, done: (decision: Decision, response: HandshakeResponse) => void,
  ): void {
    if (this.underWay >= this.most) throw new Refusal(503, 'too many handshakes at once');
    this.underWay += 1;
    const before = new Set(Object.keys(handshake));
    const request = asRequest(handshake);
    let decided = false;
    const decide = (decision: Decision) => {
      if (decided) return;
      decided = true;
      clearTimeout(tooLong);
      this.underWay -= 1;
      for (const name of EXPRESS_OWN) if (!before.has(name)) delete handshake[name];
      this.put.set(handshake, Object.keys(handshake).filter(name => !before.has(name)));
      done(decision, response);
    };
    const response: HandshakeResponse = new HandshakeResponse(request, () => {
      decide(decisionOf(response.res.statusCode));
    });
    let current = '';
    const tooLong = setTimeout(() => {
      this.host.failed('middleware', new Error(`${current} has not called next in time`));
      decide({ is: 'failed' });
    }, LONGEST);
    tooLong.unref();
    const fail = (error: unknown) => {
      const refused = refusalOf(error);
      if (!refused) this.host.failed('middleware', error);
      decide(refused ? { is: 'refused', why: refused } : { is: 'failed' });
    };
    const step = (index: number) => {
      const middleware = this.functions[index];
      if (!middleware) return decide({ is: 'let in' });
      current = middleware.name || `middleware ${index + 1}`;
      let isOver = false;
      const onError = (error: unknown) => {
        // This error comes after the decision. For example, middleware could not save a session.
        if (isOver || decided) this.host.failed('middleware', error);
        else {
          isOver = true;
          fail(error);
        }
      };
      const next = (error?: unknown) => {
        if (error) return onError(error);
        if (isOver || decided) return;
        isOver = true;
        step(index + 1);
      };
      callHandlers([middleware], undefined, [request, response.res, next], error => {
        onError(error || new Error(`${current} failed`));
      });
    };
    step(0);
  }

  /**
   * @returns a handshake as text, for another process. The text has the properties that the client
   * sent, the properties of authorization that JSON can express, and middleware's property `user`.
   * Middleware in the other process sets its properties again
   */
  pack(handshake: Handshake): string {
    const put = this.put.get(handshake) || [];
    const packed: { [name: string]: unknown } = {};
    for (const name of Object.keys(handshake)) {
      const isClients = OF_THE_CLIENT.includes(name);
      const value = handshake[name];
      if (isClients || (!put.includes(name) && canBeJson(value))) packed[name] = value;
    }
    if (put.includes('user') && canBeJson(handshake.user)) packed[SIGNED_IN] = handshake.user;
    return JSON.stringify(packed);
  }

  /** @returns the handshake of a text that pack has made, without middleware's properties */
  unpack(text: string): Handshake {
    const { [SIGNED_IN]: user, ...handshake } = JSON.parse(text) as Handshake;
    if (user !== undefined) handshake.user = user;
    return handshake;
  }

  /**
   * Runs all middleware again, for a session that comes from another process.
   * @param text as pack has made it
   * @returns the handshake with which the session goes on, and whether the middleware lets its
   * client in. The handshake also has the properties that middleware set before it refused
   */
  again(text: string): Promise<{ handshake: Handshake; isIn: boolean }> {
    const packed = JSON.parse(text) as Handshake;
    delete packed[SIGNED_IN];
    const handshake = {} as Handshake;
    for (const name of OF_THE_CLIENT) handshake[name] = packed[name];
    return new Promise(resolve => {
      this.run(handshake, ({ is }) => {
        for (const name of Object.keys(packed)) {
          if (!(name in handshake)) handshake[name] = packed[name];
        }
        resolve({ handshake, isIn: is === 'let in' });
      });
    });
  }
}

/** The name of the property of a packed handshake that has the `user` of middleware. */
const SIGNED_IN = 'signed in';

/** A response without a connection. It calls a function when middleware ends it. */
export class HandshakeResponse {
  readonly res: ServerResponse;
  private isEnded = false;
  private onEnd: () => void;

  /** @param onEnd called if middleware answers by itself */
  constructor(request: IncomingMessage, onEnd: () => void) {
    this.onEnd = onEnd;
    const res = new ServerResponse(request);
    this.res = res;
    // Express replaces the prototype of a response, so these functions are the object's own.
    // Middleware such as express-session wraps them.
    res.write = () => {
      if (!res.headersSent) res.writeHead(res.statusCode);
      return true;
    };
    res.end = ((...args: unknown[]) => {
      if (this.isEnded) return res;
      this.isEnded = true;
      if (!res.headersSent) res.writeHead(res.statusCode);
      (res as { finished: boolean }).finished = true;
      process.nextTick(() => res.emit('finish'));
      const callback = args[args.length - 1];
      if (typeof callback === 'function') res.once('finish', callback as () => void);
      this.onEnd();
      return res;
    }) as typeof res.end;
  }

  /**
   * Ends the response before the handshake is answered. Some middleware waits for this end, and
   * saves a session or sets a cookie then.
   * @param then called once with the cookies, when middleware has finished or takes too long
   */
  end(status: number, then: (cookies: string[]) => void): void {
    const { res } = this;
    const answer = () => {
      clearTimeout(tooLong);
      this.onEnd = () => undefined;
      const cookies = res.getHeader('Set-Cookie');
      then(cookies === undefined ? [] : ([] as string[]).concat(cookies as string | string[]));
    };
    const tooLong = setTimeout(answer, LONGEST);
    tooLong.unref();
    if (this.isEnded) return answer();
    this.onEnd = answer;
    if (!res.headersSent) res.statusCode = status;
    res.end();
  }
}

/** Gives a handshake the properties of a request, so that middleware can use it as a request. */
function asRequest(handshake: Handshake): IncomingMessage {
  const { address: { address, port }, secure, url } = handshake;
  const socket = { remoteAddress: address, remotePort: port, encrypted: secure };
  const more: { [name: string]: unknown } = {
    method: 'GET',
    originalUrl: url,
    httpVersion: '1.1',
    httpVersionMajor: 1,
    httpVersionMinor: 1,
    complete: true,
    ip: address,
    protocol: secure ? 'https' : 'http',
    socket,
    connection: socket,
  };
  for (const name of Object.keys(more)) {
    // These properties are not enumerable, because `pack` takes all enumerable properties.
    Object.defineProperty(handshake, name, {
      value: more[name], writable: true, configurable: true,
    });
  }
  return handshake as unknown as IncomingMessage;
}

/** @param status the status of middleware's own answer */
function decisionOf(status: number): Decision {
  if (status >= 500) return { is: 'failed' };
  return { is: 'refused', why: { again: status === 429 } };
}

/**
 * @returns the refusal of the client, if the error has the status 401 or 403; undefined if the
 * error is a fault of the server
 */
function refusalOf(error: unknown): Partial<Refused> | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { status, statusCode = status, message } = error as { [name: string]: unknown };
  return statusCode === 401 || statusCode === 403 ? { reason: message as string } : undefined;
}

function canBeJson(value: unknown): boolean {
  try {
    return JSON.stringify(value) !== undefined;
  } catch {
    return false;
  }
}
