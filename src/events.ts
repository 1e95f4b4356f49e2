/*
 * The events that travel, one line each: the name, and what its handler takes. Any other event does
 * not compile, in app.ts, in the page's script and in the tests. An acknowledgement is a last,
 * optional function. The name `status` is taken: with it public/realtime.js tells the page of the
 * connection itself.
 */

/**
 * The events that a page may send. Types are a promise, not a check: a hostile client can send
 * anything under these names.
 */
export interface ClientToServerEvents {
  message: (text: string, ack?: (answer: string) => void) => void;
}

/** The events that the server may send. */
export interface ServerToClientEvents {
  response: (text: string) => void;
  message: (text: string) => void;
  clients: (count: number) => void;
}
