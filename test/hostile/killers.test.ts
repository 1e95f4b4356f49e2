/*
 * These requests harm Socket.IO 0.9 without changes, and do no harm to this server.
 * killers.long.test.ts shows that each of them harms Socket.IO 0.9, because an attack that harms
 * nobody proves nothing.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ask } from '../support/client';
import { appPath } from '../support/template';
import { Attacker, CUT, SILENCE } from './killers/attacker';
import type { Case } from './killers/case';
import { check, groups } from './killers/groups';
import { answers, ended, Ours, shared, startOurs } from './killers/servers';

/**
 * The longest time for an answer, in ms. This server answers at once, but a busy machine may delay
 * the answer.
 */
const PATIENCE = 30000;

async function sparesOurs(ours: Ours, one: Case): Promise<void> {
  const given = await one.attack(new Attacker(ours.port, PATIENCE)).catch((error: unknown) => error);
  assert(!ended(ours), ours.output());
  assert(await answers(ours.port, `${appPath}/health`, PATIENCE), 'health answers');
  // The client that was there before is still there, has connected only once, and is heard.
  assert.deepEqual(await ask(ours.client, 'message', one.name), [one.name]);
  const [seen] = await ask(ours.client, 'seen', ours.client.socket.sessionid) as [string[]];
  assert.deepEqual(seen.filter(what => what !== 'message'), ['connection']);
  if (given instanceof Error) throw given;
  if ('ours' in one) check(given, one.ours);
  else for (const answer of [given].flat()) assert(answer !== CUT && answer !== SILENCE, String(answer));
}

describe('what kills, blocks or deceives Socket.IO 0.9 does nothing to ours', { concurrency: true }, () => {
  for (const [group, cases] of Object.entries(groups)) {
    test(group, async t => {
      const ours = shared(t, startOurs);
      for (const one of cases) await t.test(one.name, () => ours(one, target => sparesOurs(target, one)));
    });
  }
});
