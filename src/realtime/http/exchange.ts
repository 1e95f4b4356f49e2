/*
 * An Exchange is a request with its answer, on the way from serve.ts to a session. It answers the
 * request, refuses it, or waits for something first.
 */
import type { IncomingMessage, ServerResponse } from 'http';
import type { Duplex } from 'stream';
import { Refusal } from '../protocol/refusal';

/** The object that logs each refusal. */
export interface Refuser {
  onRefusal(req: IncomingMessage, refusal: Refusal): void;
}

export class Exchange {
  /** @param origin the other origin whose page may read the answer; null if there is none */
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
   * Answers the request, in one write. Browsers and proxies must not store an answer under the
   * resource, so each answer has `no-store`. A cache that stores an answer all the same must not
   * give it to a page of another origin, so each answer has `Vary`.
   * @param more headers beside those of every answer
   */
  answer(text: string, status = 200, more?: Record<string, string | string[]>): void {
    const { res, origin } = this;
    const headers: Record<string, string | string[] | number> = {
      'Content-Type': 'text/plain;charset=UTF-8',
      'Content-Length': Buffer.byteLength(text),
      'Cache-Control': 'no-store',
      Vary: 'Origin',
    };
    // Without this line, most versions of node also write the header Keep-Alive, with the time of
    // keepAliveTimeout. The time is meant for iisnode, but iisnode hands the header on to browsers.
    if (res.shouldKeepAlive) headers.Connection = 'keep-alive';
    if (more) Object.assign(headers, more);
    if (status === 204) {
      // A status of 204 has no body. So the answer must have no length (RFC 9110, 8.6), and needs
      // no type.
      delete headers['Content-Length'];
      delete headers['Content-Type'];
    }
    if (origin !== null) {
      headers['Access-Control-Allow-Origin'] = origin;
      headers['Access-Control-Allow-Credentials'] = 'true';
    }
    res.writeHead(status, headers);
    // res.end(text) writes a second, empty piece behind the text. If there are two pieces, node
    // takes a slower way, which costs a fifth of an answer.
    const { socket } = res;
    if (socket && !socket.writableCorked && text !== '') {
      socket.cork();
      res.write(text);
      socket.uncork();
      res.end();
    } else res.end(text);
  }

  /** Answers the request with the reason why the server refuses it. */
  refuse(refusal: Refusal): void {
    this.refuser.onRefusal(this.req, refusal);
    this.answer(refusal.reason, refusal.status, refusal.headers);
  }

  /**
   * Answers the request, after the handling of the request has thrown an error.
   * @throws the error, if it is no Refusal: then the program is wrong
   */
  fail(error: unknown): void {
    if (!(error instanceof Refusal)) throw error;
    this.refuse(error);
  }

  /** Calls a function. If the function throws a Refusal, the request is refused. */
  guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.fail(error);
    }
  }

  /**
   * Calls a function when a promise is fulfilled. If the promise is rejected with a Refusal, or the
   * function throws a Refusal, the request is refused.
   */
  later<T>(promise: Promise<T>, act: (value: T) => void): void {
    promise.then(act).catch((error: unknown) => this.fail(error));
  }

  /**
   * Drops the headers of the request. While a poll waits, only its answer is kept, which saves a
   * kilobyte for each client. The URL stays, because a log of requests may read it in the end.
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
  /**
   * Ends the response.
   * @param then takes the cookies to be set, when the middleware has ended the response
   */
  end(status: number, then: (cookies: string[]) => void): void;
}

const NO_HEADERS = {};
const NO_RAW_HEADERS: string[] = [];
