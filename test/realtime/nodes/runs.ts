import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { startApplication } from '../../support/application';
import { ask, connect, next } from '../../support/client';
import { oldNode } from '../../support/fetched';
import { appPath } from '../../support/template';

/** The server runs on that node, and says nothing that would make someone ask. */
export async function runsOn(t: TestContext, version: string): Promise<void> {
  const node = oldNode(t, version);
  if (!node) return;
  const { origin, output, stop } = await startApplication(t, { node });
  assert(output().includes(`(node v${version}, `));
  assert.equal((await fetch(`${origin}${appPath}/`)).status, 200);
  const client = connect(t, origin);
  await next(client, 'connect');
  const response = next(client, 'response');
  assert.deepEqual(await ask(client, 'message', 'hello'), ['hello']);
  assert.deepEqual(await response, ['Got it!']);
  assert.equal(await stop(), 0);
  assert.doesNotMatch(output(), /warn|deprecat/i);
}
