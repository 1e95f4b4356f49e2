/* Tests how long a session waits before it comes back to a process. The test needs no Redis. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Moves, Moving } from '../../src/realtime/cluster/moves';
import type { StoredSession } from '../../src/realtime/cluster/stored-session';

test('a client comes back within seconds, though the last commit took an hour: the process was paused', async () => {
  let taken = 0;
  const journal = {
    took: 3600000,
    drop: () => undefined,
    take: () => {
      taken += 1;
      return Promise.resolve('none');
    },
  };
  const manager = { sessions: new Map(), clients: 1 };
  const moves = new Moves({ up: true, journal, manager } as unknown as Moving);
  moves.leave({ left: false, session: { id: 'S' }, leave: () => undefined } as unknown as StoredSession);
  const comes = moves.fetch('S', { handshakeNumber: null, got: 0 });
  await sleep(100);
  assert.equal(taken, 0, 'the session stays away for a moment');
  await Promise.race([comes, sleep(30000, undefined, { ref: false })]);
  assert.equal(taken, 1);
});
