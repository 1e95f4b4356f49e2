/*
 * Why sessions end, and what happens then: session.ts acts on this table, the only way in which a
 * session ends.
 */
export type Reason =
  'booted' | 'goodbye' | 'moved' | 'unused' | 'close timeout' | 'heartbeat timeout' | 'socket end' |
  'a message is missing' | 'its last messages are missing' |
  'too much waits' | 'too much waits for all clients together' |
  'another user' | 'unauthorized';

export interface End {
  /** The reason that handlers of 'disconnect' are told, where it has another name. */
  says?: string;
  /**
   * How much a client that can be reached at that moment is still sent: all packets that wait, the
   * acknowledgements only, or nothing.
   */
  sends: 'all' | 'acks' | 'nothing';
  /**
   * How much is kept for a client that is away:
   * - all: every packet. The client can be told until it has been away for too long.
   * - acks: the acknowledgements. Without them a client of public/realtime.js would send messages
   *   that have been handled again, to its next session, and for ever if it is these that end
   *   sessions.
   * - user: nothing but whose session it was. If the answer to a handshake is lost, the client
   *   names this session again.
   * - nothing: the session is forgotten.
   */
  keeps: 'all' | 'acks' | 'user' | 'nothing';
  /** Whether the client is told that it is not to come back (a packet of type 0). */
  isFarewell?: boolean;
}

export const ENDS: Record<Reason, End> = {
  // The application has called socket.disconnect().
  booted: { sends: 'all', keeps: 'all', isFarewell: true },
  // The client has ended the session, and knows. A poll of it that still waits is answered.
  goodbye: { says: 'booted', sends: 'all', keeps: 'nothing', isFarewell: true },
  // Another process goes on with the session, and has what waits.
  moved: { sends: 'nothing', keeps: 'nothing' },

  // There is nobody to be told. The handshake was not used in time, or there were too many; the
  // client was away for too long; its WebSocket does not answer.
  unused: { sends: 'all', keeps: 'nothing' },
  'close timeout': { sends: 'all', keeps: 'nothing' },
  'heartbeat timeout': { sends: 'all', keeps: 'nothing' },

  // The WebSocket of a client of 0.9 is closed.
  'socket end': { sends: 'all', keeps: 'acks' },
  // The numbers of messages say that one cannot arrive any more. The client begins anew.
  'a message is missing': { sends: 'all', keeps: 'acks' },
  'its last messages are missing': { sends: 'all', keeps: 'acks' },

  // There is too much of what waits (limits.ts).
  'too much waits': { sends: 'acks', keeps: 'acks' },
  'too much waits for all clients together': { sends: 'acks', keeps: 'acks' },

  // The client may be another user by now: what waited for it goes to nobody.
  'another user': { sends: 'nothing', keeps: 'user' },
  unauthorized: { sends: 'nothing', keeps: 'user' },
};
