/* What faults.test.ts and faults.long.test.ts share: the faults, and how one is looked for. */
import assert from 'node:assert/strict';
import { test, TestContext } from 'node:test';
import { report } from '../../../tools/verify/table';
import { CHECKS, Result, verify } from '../../../tools/verify/verify';
import type { Deployed } from '../../support/iis';
import type { FaultCase } from './fault';
import { inIisnodeYml, inSettings, inTheApplication, inWebConfig } from './faults-files';
import { ofFiltering, ofIis, ofParents } from './faults-iis';
import { ofProxies } from './faults-proxy';
import { standInFront } from './front';
import { EVENT, parentFile, site } from './site';

const KINDS: Record<string, FaultCase[]> = {
  'what stands in front': ofProxies,
  'web.config': inWebConfig,
  'iisnode.yml': inIisnodeYml,
  settings: inSettings,
  'the application': inTheApplication,
  'request filtering': ofFiltering,
  'IIS\'s own': ofIis,
  'a parent': ofParents,
};

/** So many sites at once: most of a test is waiting. */
const AT_ONCE = 16;

/** The site that works. What stands in front of it is the fault, so that all of these have one. */
let working: Promise<Deployed> | undefined;

async function find(t: TestContext, fault: FaultCase): Promise<void> {
  const node = fault.node?.(t);
  if (node === null) return;
  const { edits, parent } = fault;
  const parents = parent === undefined ? undefined : [parentFile(t, parent)];
  const options = { ...fault.iis, ...node && { node }, ...parents && { parents } };
  const iis = await (edits ?? parent ?? fault.iis ? site(t, edits, options) : working!);
  const front = fault.front ? await standInFront(t, iis, fault.front) : iis.url;
  const address = fault.path === undefined ? front : new URL(fault.path, front).href;
  const results = await verify(address, {
    hold: 2, patience: 0, clients: 4, event: EVENT, folder: iis.folder, ...fault.options,
  });
  const said = report(results, iis.folder, CHECKS);
  const failed = inOrder(results);
  if (fault.more) for (const name of fault.fails) assert(failed.includes(name), `${name}\n${said}`);
  else assert.deepEqual(failed, fault.fails, said);
  const first = said.split('\n').find(line => line.startsWith('1. '))!;
  assert.match(first, fault.cure, said);
  if (fault.says) assert.match(said, fault.says);
}

/** The checks that failed. Two of them run beside each other: their order is that of the table. */
function inOrder(results: Result[]): string[] {
  return results.filter(({ state }) => state === 'failed').map(({ name }) => name);
}

/** All of them, by names that differ. */
export const all = Object.entries(KINDS).flatMap(([kind, faults]) =>
  faults.map(fault => ({ ...fault, name: `${kind}: ${fault.what}` })));

/** Puts each of these faults into a site of its own. */
export function findEach(faults: typeof all): void {
  test('a fault in a site is found, and its cure named', { concurrency: AT_ONCE }, async t => {
    working = site(t);
    await working;
    await Promise.all(faults.map(({ name, ...fault }) => t.test(name, inner => find(inner, fault))));
  });
}
