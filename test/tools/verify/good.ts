/* What good.test.ts and good.long.test.ts share. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { report } from '../../../tools/verify/table';
import { Options, verify } from '../../../tools/verify/verify';
import type { Deployed } from '../../support/iis';
import { Front, standInFront } from './front';
import { site } from './site';

/** Expects all to pass. @returns what each check saw, by its name */
export async function passes(
  { folder }: Deployed, address: string, options: Partial<Options> = {},
): Promise<Record<string, string>> {
  const results = await verify(address, { hold: 2, clients: 4, folder, ...options });
  const failed = results.filter(({ state }) => state === 'failed').map(({ name }) => name);
  assert.deepEqual(failed, [], report(results, folder));
  return Object.fromEntries(results.map(({ name, state, saw }) => [name, `${state}: ${saw}`]));
}

/** A site passes behind what stands in front of it. */
export async function behind(
  t: TestContext, front: Front, options: Partial<Options> = {},
): Promise<void> {
  const iis = await site(t);
  await passes(iis, await standInFront(t, iis, front), options);
}
