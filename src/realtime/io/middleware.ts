/*
 * Middleware of Express at handshakes, as io.use takes it. manager.ts has one Middleware.
 * http/serve.ts runs it for each handshake. Where a session comes from another process, it runs
 * again on the handshake that came along. Polls and messages do not meet it.
 *
 * The request that middleware gets is the handshake itself: what it puts on the request is on
 * socket.handshake, and what it does later (session.reload) is seen there, too. A real request
 * would keep its connection in memory for as long as the client is there. The response is one
 * without a connection. Its cookies go with the answer to the handshake.
 */
import { IncomingMessage, ServerResponse } from 'http';
import type { Handshake, MiddlewareFunction, Refused } from '../api';
import { Refusal } from '../protocol/refusal';
import { callHandlers } from './handlers';

/** How long all middleware may take together, ms; and then as long to end its response. */
const LONGEST = 30000;

/** What of a handshake comes from its client; all else was put on it. */
const OF_THE_CLIENT = [
  'headers', 'address', 'query', 'url', 'time', 'xdomain', 'secure', 'issued',
];

/** What Express and its parts put on a request for themselves: each would keep memory. */
const EXPRESS_OWN = ['res', 'next', '_parsedUrl', '_parsedOriginalUrl'];

/** How the middleware has decided. */
export type Decision =
  | { is: 'let in' }
  | { is: 'refused'; why?: Partial<Refused> }
  | { is: 'failed' };

/** The manager, as far as this needs it. */
export interface MiddlewareHost {
  failed(what: string, error: unknown): void;
}

export class Middleware {
  private readonly functions: MiddlewareFunction[] = [];
  /** How many handshakes it runs for at the moment. */
  private underWay = 0;
  /** The names of what middleware has put on each handshake. */
  private readonly put = new WeakMap<Handshake, string[]>();

  /** @param most how many handshakes it may run for at once (MAX_HANDSHAKES) */
  constructor(private readonly host: MiddlewareHost, private readonly most: number) {}

  get isEmpty(): boolean {
    return this.functions.length === 0;
  }

  /** @throws Error with one line, if it is no function that takes (req, res, next) */
  add(middleware: MiddlewareFunction): void {
    if (typeof middleware !== 'function' || middleware.length > 3) {
      throw new Error('io.use takes a function of (req, res, next); an error is a refusal here');
    }
    this.functions.push(middleware);
  }

  /**
   * All middleware runs for a handshake, one after the other.
   * @param done takes the decision, once, and the response that the middleware has got
   * @throws Refusal if it runs for too many handshakes already
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
        // Too late to decide anything, as when a session could not be saved.
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
   * @returns a handshake as text, for another process: what its client sent, what authorization
   * has put on it, as far as JSON can say it, and of what middleware has put there `user` only.
   * Middleware puts the rest there again
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

  /** @returns the handshake of a text that pack has made, without what middleware puts there */
  unpack(text: string): Handshake {
    const { [SIGNED_IN]: user, ...handshake } = JSON.parse(text) as Handshake;
    if (user !== undefined) handshake.user = user;
    return handshake;
  }

  /**
   * All middleware runs again, for a session that comes from another process.
   * @param text as pack has made it
   * @returns the handshake that the session goes on with, and whether its client is let in. What
   * middleware has put there until it refused is there, too
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

/** The name that the user has in a packed handshake, if it was middleware that put him there. */
const SIGNED_IN = 'signed in';

/** A response that goes nowhere, and the end of what middleware does with it. */
export class HandshakeResponse {
  readonly res: ServerResponse;
  private isEnded = false;
  private onEnd: () => void;

  /** @param onEnd called if middleware answers by itself */
  constructor(request: IncomingMessage, onEnd: () => void) {
    this.onEnd = onEnd;
    const res = new ServerResponse(request);
    this.res = res;
    // On the object itself: Express replaces its prototype. Middleware wraps these in turn.
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
   * The handshake is about to be answered: middleware that waits for the end of its response, to
   * save a session or to set a cookie, does so.
   * @param then takes the cookies to be set, once, when that is done or takes too long
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

/** A handshake gets what a request has, so that middleware of Express takes it for one. */
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
    // Not enumerable: it is not what somebody has put on the handshake.
    Object.defineProperty(handshake, name, {
      value: more[name], writable: true, configurable: true,
    });
  }
  return handshake as unknown as IncomingMessage;
}

/** @param status of the answer that middleware has given by itself */
function decisionOf(status: number): Decision {
  if (status >= 500) return { is: 'failed' };
  return { is: 'refused', why: { again: status === 429 } };
}

/** @returns how an error refuses a client; undefined if the error is a fault of the server */
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
