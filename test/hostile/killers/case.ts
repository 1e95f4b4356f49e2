import type { Attacker } from './attacker';

/** Something that a client can do, and what comes of it. */
export interface Case {
  name: string;
  /** Whether the server offers WebSockets as well. */
  websocket?: true;
  /** Settings of 0.9 that the application makes, on both. */
  settings?: Record<string, number>;
  /** What stock 0.9 is started with beside the usual. */
  options?: Record<string, number>;
  attack: (attacker: Attacker) => Promise<unknown>;
  /** What it does to stock: the error that ends the process, 'hangs', or what `attack` gives. */
  stock: { dies: RegExp } | 'hangs' | { gives: unknown };
  /** What `attack` gives on ours; a RegExp for text. By default anything but no answer. */
  ours?: unknown;
}

/** Bodies, posted in a session one after the other. Gives the answers. */
export function post(...bodies: (string | Buffer)[]): Case['attack'] {
  return async attacker => {
    const session = await attacker.session();
    const answers: string[] = [];
    for (const body of bodies) answers.push(await session.post(body));
    return answers;
  };
}

/** The same, and gives what the handlers saw of it. */
export function seenAfter(...bodies: string[]): Case['attack'] {
  return async attacker => {
    const session = await attacker.session();
    for (const body of bodies) await session.post(body);
    return attacker.seen(session.id);
  };
}
