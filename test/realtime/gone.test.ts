/* A poll whose client has gone, before the server's next look at it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { now } from '../../src/realtime/clock';
import { Transport, TransportHost, TransportSession } from '../../src/realtime/session/transport';
import type { Poll } from '../../src/realtime/session/connection';

const SETTINGS: Record<string, number> = { 'polling duration': 20, 'close timeout': 60 };

/** Makes a transport whose poll waits, and a poll that has gone. */
function gonePoll() {
  const answers: string[] = [];
  const host = {
    sessionTimeout: 120,
    limits: { maySend: () => true },
    get: (name: string) => SETTINGS[name],
    turn: { flush: () => undefined },
  } as unknown as TransportHost;
  const outbox = { onGot: () => undefined, isDue: () => false, collect: () => [], size: 0 };
  const session = { phase: 'open', isUsed: true, delivery: {}, outbox, onConnection: () => undefined } as unknown as TransportSession;
  const stream = { destroyed: false, writableLength: 0 };
  const poll = { res: { socket: stream }, stream, answer: (text: string) => answers.push(text) } as unknown as Poll;
  const transport = new Transport(session, host);
  transport.onPoll(poll, { got: 0, wait: Infinity });
  stream.destroyed = true;
  return { transport, answers };
}

/** Says whether the transport waits for its client for SESSION_TIMEOUT from now on. */
function waitsForClient(transport: Transport): boolean {
  return !transport.isDue(now() + 115000) && transport.isDue(now() + 125000);
}

test('a client that is sent away has the whole SESSION_TIMEOUT to come back', () => {
  const { transport, answers } = gonePoll();
  transport.sendAway();
  assert.deepEqual(answers, []);
  assert(waitsForClient(transport));
});

test('the look at each client finds that the poll has gone', () => {
  const { transport } = gonePoll();
  assert(!transport.isReady());
  assert(!waitsForClient(transport));
  transport.noteGone();
  assert.equal(transport.connection, null);
  assert(waitsForClient(transport));
});

test('the last packets and the end of a poll do not go to a poll that has gone', () => {
  const { transport, answers } = gonePoll();
  transport.drop();
  assert.equal(gonePoll().transport.flushLast(), false);
  assert.deepEqual(answers, []);
});
