/*
 * This is the table of the reasons for which sessions end. session.ts acts on this table, and no
 * session ends in another way.
 */
export type Reason =
  'booted' | 'goodbye' | 'moved' | 'unused' | 'close timeout' | 'heartbeat timeout' | 'socket end' |
  'a message is missing' | 'its last messages are missing' |
  'too much waits' | 'too much waits for all clients together' |
  'another user' | 'unauthorized';

export interface End {
  /** The reason that handlers of 'disconnect' are told, if it has another name there. */
  says?: string;
  /**
   * The packets that the client is still sent if it can be reached at that moment: all packets that
   * wait, the acknowledgements only, or nothing.
   */
  sends: 'all' | 'acks' | 'nothing';
  /**
   * The things that are kept for a client that is away:
   * - all: every packet. The client can be told until it has been away for too long.
   * - acks: the acknowledgements. Without them, a client of public/realtime.js would send handled
   *   messages again to its next session. If these messages are the cause of the end, each next
   *   session would end, too.
   * - user: the user of the session, and no packet. If the answer to a handshake is lost, the
   *   client names this session again.
   * - nothing: the session is forgotten.
   */
  keeps: 'all' | 'acks' | 'user' | 'nothing';
  /** Whether the client is told not to come back (a packet of type 0). */
  isFarewell?: boolean;
}

export const ENDS: Record<Reason, End> = {
  // The application has called socket.disconnect().
  booted: { sends: 'all', keeps: 'all', isFarewell: true },
  // The client itself has ended the session. A poll that still waits is answered.
  goodbye: { says: 'booted', sends: 'all', keeps: 'nothing', isFarewell: true },
  // Another process goes on with the session, and has the packets that wait.
  moved: { sends: 'nothing', keeps: 'nothing' },

  // No client is there to be told. unused: the handshake was not used in time, or there were too
  // many handshakes. close timeout: the client was away for too long. heartbeat timeout: the
  // WebSocket does not answer.
  unused: { sends: 'all', keeps: 'nothing' },
  'close timeout': { sends: 'all', keeps: 'nothing' },
  'heartbeat timeout': { sends: 'all', keeps: 'nothing' },

  // The WebSocket of a client of 0.9 is closed.
  'socket end': { sends: 'all', keeps: 'acks' },
  // The numbers of the messages show that a message cannot arrive any more. The client begins anew.
  'a message is missing': { sends: 'all', keeps: 'acks' },
  'its last messages are missing': { sends: 'all', keeps: 'acks' },

  // The packets that wait are larger than they may be (limits.ts).
  'too much waits': { sends: 'acks', keeps: 'acks' },
  'too much waits for all clients together': { sends: 'acks', keeps: 'acks' },

  // The client may be another user by now, so the packets that waited go to nobody.
  'another user': { sends: 'nothing', keeps: 'user' },
  unauthorized: { sends: 'nothing', keeps: 'user' },
};
