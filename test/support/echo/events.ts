/* The events of the application of these tests, in the place of src/events.ts. */

export interface ClientToServerEvents {
  message: (text: string, ack?: (answer: string) => void) => void;
}

export interface ServerToClientEvents {
  response: (text: string) => void;
  clients: (count: number) => void;
}
