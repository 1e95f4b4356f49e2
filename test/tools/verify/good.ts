/* The part that good.test.ts and good.long.test.ts share. */
import assert from 'node:assert/strict';
import { report } from '../../../tools/verify/table';
import { Options, verify } from '../../../tools/verify/verify';
import type { Deployed } from '../../support/iis';
import { setting, webConfig } from './config';

/** Edits of a site that offers WebSockets. */
export const webSockets = [
  setting('TRANSPORTS', 'websocket,xhr-polling'),
  webConfig(config => config.set('webSocket', { enabled: 'false' })),
];

/** Expects all checks to pass. @returns the state of each check, with its finding, by its name */
export async function passes(
  { folder }: Deployed, address: string, options: Partial<Options> = {},
): Promise<Record<string, string>> {
  const results = await verify(address, { hold: 2, clients: 4, folder, ...options });
  const failed = results.filter(({ state }) => state === 'failed').map(({ name }) => name);
  assert.deepEqual(failed, [], report(results, folder));
  return Object.fromEntries(results.map(({ name, state, saw }) => [name, `${state}: ${saw}`]));
}
