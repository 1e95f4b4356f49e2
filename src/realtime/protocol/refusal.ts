/* The error that refuses a request or a packet of a client. */

/**
 * The reason why the server does not serve a request, or does not take a packet. Any code on the
 * way of a request can throw a Refusal. http/exchange.ts answers the request with it.
 */
export class Refusal extends Error {
  /**
   * @param status the status of the answer
   * @param reason one line of text for the client. It repeats no part of the request
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
 * Makes the refusal that tells a client to come back with a handshake at once. To each version of
 * 0.9's client, every status but 200 means that the server has not taken the packet, and that the
 * client has to come back. 0.9's own answer to a poll, 200 with error 1+0, means the same, but the
 * client says goodbye in return. If a POST of the client is on its way then, the client says
 * goodbye to its next session, and that session ends for good.
 */
export const notHandshaken = () => new Refusal(404, 'client not handshaken');
