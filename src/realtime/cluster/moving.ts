/* What requests need where there are several processes: their session may be in another one, and go there at any moment. serve.ts asks. */
import type { Handshake } from '../api';
import type { Manager } from '../io/manager';
import { notHandshaken, Refusal } from '../protocol/refusal';
import type { Session } from '../session/session';

/** How often something is done that another process makes vain by taking the session. */
export const MOST_TRIES = 3;

export const elusive = () => new Refusal(503, 'the session goes from process to process');

/**
 * Lets a client in that may have been with another process, and may go to another one with its next request.
 * @returns what it is told
 * @throws Refusal if it may not, or its session goes away each time
 */
export async function admit(manager: Manager, handshake: Handshake): Promise<string> {
  const { session: id, got } = handshake.query;
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    if (typeof id === 'string' && got !== undefined) await manager.fetch(id, '', handshake);
    const admitted = manager.admit(handshake);
    const { shared } = manager.sessions.get(admitted.split(':')[0]!)!;
    if (!shared) return admitted;
    await shared.written();
    if (!shared.elsewhere) return admitted;
  }
  throw elusive();
}

/** Ends the session of a handshake that was refused, in whichever process it is. */
export async function shutOut(manager: Manager, handshake: Handshake): Promise<void> {
  const { session: id, got } = handshake.query;
  if (typeof id === 'string' && got !== undefined) await manager.fetch(id, '');
  manager.shutOut(handshake);
}

/**
 * Hands on what a client has sent. Only what is written counts: of the rest another process knows nothing, so it is done again here.
 * @param attempt the handshake that the client came with
 * @param handle takes it
 * @throws Refusal if it does not count, and the client has to send it again
 */
export async function handOn(manager: Manager, session: Session, attempt: string, handle: (session: Session) => void): Promise<void> {
  let now: Session | undefined = session;
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    if (!now || !now.isOf(attempt)) throw notHandshaken();
    const { shared } = now;
    if (shared && !shared.elsewhere) {
      handle(now);
      await shared.written();
      if (!shared.elsewhere) return;
    }
    await manager.fetch(session.id, attempt);
    now = manager.sessions.get(session.id);
  }
  throw elusive();
}
