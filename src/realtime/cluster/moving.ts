/* What requests need where there are several processes: their session may be in another one, and go there at any moment. */
import type { Handshake } from '../api';
import type { Manager } from '../io/manager';
import { notHandshaken } from '../protocol/refusal';
import type { Session } from '../session/session';
import { elusive, Moves, MOST_TRIES } from './moves';
import { sharedOf } from './shared';

/** The cluster, as far as requests need it. */
interface Entering {
  readonly manager: Manager;
  readonly moves: Moves;
}

/**
 * Lets a client in that may have been with another process, and may go to another one with its next request.
 * @returns what it is told
 * @throws Refusal if it may not, or its session goes away each time
 */
export async function enter({ manager, moves }: Entering, handshake: Handshake, admit: () => string): Promise<string> {
  const { session: id, got } = handshake.query;
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    if (typeof id === 'string' && got !== undefined) await moves.fetch(id, '', handshake);
    const admitted = admit();
    const shared = sharedOf(manager.sessions.get(admitted.split(':')[0]!)!);
    if (!shared) return admitted;
    await shared.written();
    if (!shared.elsewhere) return admitted;
  }
  throw elusive();
}

/**
 * Hands on what a client has sent. Only what is written counts: of the rest another process knows nothing, so it is done again here.
 * @param handshakeNumber the handshake that the client came with
 * @param handle takes it
 * @throws Refusal if it does not count, and the client has to send it again
 */
export async function handOn(
  { manager, moves }: Entering, session: Session, handshakeNumber: number | null, handle: (session: Session) => void,
): Promise<void> {
  let now: Session | undefined = session;
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const shared = now ? sharedOf(now) : null;
    const hasMoved = shared !== null && shared.elsewhere;
    if (!now || !(hasMoved || now.isOf(handshakeNumber))) throw notHandshaken();
    if (shared && !hasMoved) {
      handle(now);
      await shared.written();
      if (!shared.elsewhere) return;
    }
    await moves.fetch(session.id, String(handshakeNumber));
    now = manager.sessions.get(session.id);
  }
  throw elusive();
}
