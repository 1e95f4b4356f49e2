/*
 * These are the events between pages and server. Each event has one line: its name, and the
 * arguments of its handler. Any other event does not compile in app.ts and in the page's script. An
 * acknowledgement is an optional function, the last argument. Do not use the name `status`:
 * public/realtime.js uses that name to tell the page about the connection.
 */

/**
 * The events that a page may send. The types are a promise, not a check: a hostile client can send
 * any values under these names.
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
