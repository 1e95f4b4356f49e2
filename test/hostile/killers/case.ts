import type { Attacker } from './attacker';

/** An attack by a client, and its results. */
export interface Case {
  name: string;
  /** Whether the server offers WebSockets as well. */
  websocket?: true;
  /** Settings of 0.9 that the application makes, on stock 0.9 and on this server. */
  settings?: Record<string, number>;
  /** Options with which stock 0.9 is started, besides the usual ones. */
  options?: Record<string, number>;
  attack: (attacker: Attacker) => Promise<unknown>;
  /**
   * The result on stock 0.9: the error that ends the process, 'hangs', or the value of `attack`.
   */
  stock: { dies: RegExp } | 'hangs' | { gives: unknown };
  /**
   * The value of `attack` on this server, or a RegExp for its text. By default, any answer is
   * right, but there must be one.
   */
  ours?: unknown;
}

/**
 * @returns an attack that posts bodies in a session, one after the other. Its value is the answers
 */
export function post(...bodies: (string | Buffer)[]): Case['attack'] {
  return async attacker => {
    const session = await attacker.session();
    const answers: string[] = [];
    for (const body of bodies) answers.push(await session.post(body));
    return answers;
  };
}

/**
 * @returns an attack that posts bodies in a session. Its value is the list of all that the handlers
 * saw
 */
export function seenAfter(...bodies: string[]): Case['attack'] {
  return async attacker => {
    const session = await attacker.session();
    for (const body of bodies) await session.post(body);
    return attacker.seen(session.id);
  };
}
