/*
 * A request and its answer, on the way from serve.ts to a session: one object that answers,
 * refuses, or waits for something first.
 */
import type { IncomingMessage, ServerResponse } from 'http';
import type { Duplex } from 'stream';
import { Refusal } from '../protocol/refusal';

/** The one that hears of each refusal, to log it. */
export interface Refuser {
  onRefusal(req: IncomingMessage, refusal: Refusal): void;
}

export class Exchange {
  /**
   * @param origin the page of another origin that may read the answer; null if there is none
   */
  constructor(
    readonly req: IncomingMessage,
    readonly res: ServerResponse,
    readonly origin: string | null,
    readonly refuser: Refuser,
  ) {}

  /** The connection that the request came over. */
  get stream(): Duplex {
    return this.req.socket;
  }

  /**
   * The request is answered, in one write. No answer under the resource is to be kept, by a browser
   * or by a proxy: hence no-store. Vary is for those that keep it all the same: not for the page of
   * another origin.
   * @param more headers beside those of every answer
   */
  answer(text: string, status = 200, more?: Record<string, string | string[]>): void {
    const { res, origin } = this;
    const headers: Record<string, string | string[] | number> = {
      'Content-Type': 'text/plain; charset=UTF-8',
      'Content-Length': Buffer.byteLength(text),
      'Cache-Control': 'no-store',
      Vary: 'Origin',
      ...more,
    };
    if (status === 204) {
      // An answer that has no body has no length of one (RFC 9110, 8.6), nor a type.
      delete headers['Content-Length'];
      delete headers['Content-Type'];
    }
    if (origin !== null) {
      headers['Access-Control-Allow-Origin'] = origin;
      headers['Access-Control-Allow-Credentials'] = 'true';
    }
    res.writeHead(status, headers);
    // res.end(text) writes a second, empty piece behind the text. For two pieces node takes a way
    // that costs a fifth of an answer.
    const { socket } = res;
    if (socket && !socket.writableCorked && text !== '') {
      socket.cork();
      res.write(text);
      socket.uncork();
      res.end();
    } else res.end(text);
  }

  /** The request is answered with the reason why it is not served. */
  refuse(refusal: Refusal): void {
    this.refuser.onRefusal(this.req, refusal);
    this.answer(refusal.reason, refusal.status, refusal.headers);
  }

  /**
   * The handling of the request has thrown something: the request is answered.
   * @throws what was thrown, if it is no Refusal: then the program is wrong
   */
  fail(error: unknown): void {
    if (!(error instanceof Refusal)) throw error;
    this.refuse(error);
  }

  /** A function is called. If it throws a Refusal, the request is refused. */
  guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.fail(error);
    }
  }

  /**
   * A function is called when a promise is fulfilled. A promise that is rejected counts as a
   * function that has thrown.
   */
  later<T>(promise: Promise<T>, act: (value: T) => void): void {
    promise.then(act).catch((error: unknown) => this.fail(error));
  }

  /**
   * The exchange forgets what the request said. While a poll waits, nothing but its answer is kept:
   * that saves a kilobyte for each client.
   */
  forgetRequest(): void {
    this.req.headers = NO_HEADERS;
    this.req.rawHeaders = NO_RAW_HEADERS;
  }
}

/**
 * A handshake that middleware has seen (io.use). The answer waits until the middleware has ended
 * its own response, and carries the cookies of that response.
 */
export class MiddlewareExchange extends Exchange {
  constructor(exchange: Exchange, private readonly response: Ending) {
    super(exchange.req, exchange.res, exchange.origin, exchange.refuser);
  }

  override answer(
    text: string, status = 200, more: Record<string, string | string[]> = {},
  ): void {
    this.response.end(status, cookies => {
      super.answer(text, status, cookies.length > 0 ? { ...more, 'Set-Cookie': cookies } : more);
    });
  }
}

/** The response that was given to middleware. */
export interface Ending {
  /** @param then takes the cookies to be set, when the middleware has ended the response */
  end(status: number, then: (cookies: string[]) => void): void;
}

const NO_HEADERS = {};
const NO_RAW_HEADERS: string[] = [];
