/* Why something of a client is not served, from wherever that is found to the answer. */

/**
 * Why a request is not served, or a packet not taken. Thrown on the way; http/exchange.ts answers
 * with it.
 */
export class Refusal extends Error {
  /**
   * @param status that of the answer
   * @param reason one line of text for the client, which repeats nothing of the request
   * @param headers more headers for the answer
   */
  constructor(
    readonly status: number,
    readonly reason: string,
    readonly headers: Record<string, string> = {},
  ) {
    super(reason);
  }
}

/**
 * To 0.9's client, every version of it, each status but 200 means: the packet was not taken, come
 * back with a handshake, at once. 0.9's own answer to a poll, 200 with error 1+0, means the same,
 * but the client says goodbye in return; where a POST is on its way then, the client says goodbye
 * to its next session, which ends for good.
 */
export const notHandshaken = () => new Refusal(404, 'client not handshaken');
