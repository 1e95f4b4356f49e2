import type { ServerResponse } from 'http';
import type WebSocket from 'ws';
import { encodePacket, encodePayload } from './legacy';
import { answer } from './refusal';

const NOOP = encodePacket({ type: 'noop' });
/** What 0.9's client takes for: connect again, at once. */
export const CONNECT_AGAIN = encodePacket({ type: 'error', reason: 'client not handshaken', advice: 'reconnect' });

/** What a client is reached by at the moment: a poll that waits, or a WebSocket. */
export interface Connection {
  readonly name: 'xhr-polling' | 'websocket';
  /** Whether it is over when it has been used: a poll is. */
  readonly once: boolean;
  /** Whether it can take packets now. */
  isReady: () => boolean;
  send: (packets: string[]) => void;
  /** Ends it. The client comes back with a handshake, at once. */
  sendAway: () => void;
  /** Ends it: another has taken its place, or the session is over. */
  end: () => void;
}

/**
 * A poll that waits.
 * @param origin the page of another origin that may read its answer
 */
export function pollConnection(res: ServerResponse, origin: string | null): Connection {
  return {
    name: 'xhr-polling',
    once: true,
    isReady: () => true,
    send: packets => answer(res, 200, packets.length === 0 ? NOOP : encodePayload(packets), origin),
    sendAway: () => answer(res, 200, CONNECT_AGAIN, origin),
    end: () => answer(res, 200, NOOP, origin),
  };
}

/** @param ready is called each time the client has taken what was sent */
export function webSocketConnection(webSocket: WebSocket, ready: () => void): Connection {
  return {
    name: 'websocket',
    once: false,
    isReady: () => webSocket.bufferedAmount === 0,
    send: packets => packets.forEach((packet, i) => webSocket.send(packet, i === packets.length - 1 ? ready : undefined)),
    sendAway: () => webSocket.close(1012),
    end: () => webSocket.close(),
  };
}
