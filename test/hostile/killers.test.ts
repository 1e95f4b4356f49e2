/*
 * Requests that harm Socket.IO 0.9 as it comes, and that do no harm to ours. killers.long.test.ts keeps this honest: it shows
 * that each of them does harm there, as an attack that harms nobody proves nothing.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ask } from '../support/client';
import { appPath } from '../support/template';
import { Attacker, CUT, SILENCE } from './killers/attacker';
import type { Case } from './killers/case';
import { check, groups } from './killers/groups';
import { answers, ended, Ours, shared, startOurs } from './killers/servers';

/** How long an answer may take, ms. Ours answers at once; a machine that is busy may not. */
const PATIENCE = 30000;

async function sparesOurs(ours: Ours, one: Case): Promise<void> {
  const given = await one.attack(new Attacker(ours.port, PATIENCE)).catch((error: unknown) => error);
  assert(!ended(ours), ours.output());
  assert(await answers(ours.port, `${appPath}/health`, PATIENCE), 'health answers');
  // Whoever was there before is still there, once, and is heard.
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
