/*
 * The part that faults.test.ts and faults.long.test.ts share: all faults, and the test of a fault.
 */
import assert from 'node:assert/strict';
import { test, TestContext } from 'node:test';
import { report } from '../../../tools/verify/table';
import { CHECKS, verify } from '../../../tools/verify/verify';
import type { Deployed } from '../../support/iis';
import type { FaultCase } from './fault';
import { inIisnodeYml, inSettings, inTheApplication, inWebConfig } from './faults-files';
import { ofFiltering, ofIis, ofParents } from './faults-iis';
import { ofProxies } from './faults-proxy';
import { Front, standInFront } from './front';
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

/** The number of sites at a time. A test waits for most of its time. */
const AT_ONCE = 16;

/** The site without a fault. All faults that do not change a site share it. */
let working: Promise<Deployed> | undefined;

/** Puts faults into one site, and expects verify to find each fault and to name its cure. */
async function find(t: TestContext, faults: FaultCase[]): Promise<void> {
  const all = inOne(faults);
  const node = all.node?.(t);
  if (node === null) return;
  const { edits, parent } = all;
  const parents = parent === undefined ? undefined : [parentFile(t, parent)];
  const options = { ...all.iis, ...node && { node }, ...parents && { parents } };
  const iis = await (edits ?? parent ?? all.iis ? site(t, edits, options) : working!);
  const front = all.front ? await standInFront(t, iis, all.front) : iis.url;
  const address = all.path === undefined ? front : new URL(all.path, front).href;
  const results = await verify(address, {
    hold: 2, patience: 0, clients: 4, event: EVENT, folder: iis.folder, ...all.options,
  });
  const said = report(results, iis.folder, CHECKS);
  const failed = results.filter(({ state }) => state === 'failed').map(({ name }) => name);
  if (all.more) for (const name of all.fails) assert(failed.includes(name), `${name}\n${said}`);
  else assert.deepEqual(failed.sort(), all.fails.sort(), said);
  // The first line has the cure. Where there are several faults, each has a line of its own.
  const lines = said.split('\n').filter(line => /^\d+\. /.test(line));
  const entries = faults.length === 1 ? lines.slice(0, 1) : lines;
  for (const { what, cure, says } of faults) {
    assert(entries.some(line => cure.test(line.replace(/^\d+/, '1'))), `${what}\n${said}`);
    if (says) assert.match(said, says);
  }
}

/** Joins faults to one fault, with the edits, fronts, options and checks of all. */
function inOne(faults: FaultCase[]): FaultCase {
  if (faults.length === 1) return faults[0]!;
  const fronts = faults.flatMap(({ front }) => front ?? []);
  const front: Front = {
    request: (req, res) => fronts.some(one => one.request?.(req, res)),
    answer: async (answer, req) => {
      for (const one of fronts) await one.answer?.(answer, req);
    },
  };
  const edits = faults.flatMap(one => one.edits ?? []);
  const own = edits.length > 0
    ? { edits, iis: Object.assign({}, ...faults.map(({ iis }) => iis)) as FaultCase['iis'] }
    : {};
  return {
    ...Object.assign({}, ...faults) as FaultCase,
    ...own,
    ...fronts.length > 0 && { front },
    options: Object.assign({}, ...faults.map(({ options }) => options)) as FaultCase['options'],
    fails: faults.flatMap(({ fails }) => fails),
  };
}

/** All faults. Each has its own name. */
export const all = Object.entries(KINDS).flatMap(([kind, faults]) =>
  faults.map(fault => ({ ...fault, name: `${kind}: ${fault.what}` })));

/** Declares a test for each list of faults. Each list has a site of its own. */
export function findEach(sites: (typeof all)[]): void {
  test('a fault in a site is found, and its cure named', { concurrency: AT_ONCE }, async t => {
    working = site(t);
    await working;
    await Promise.all(sites.map(faults => {
      const name = faults.map(one => one.name).join('; ');
      return t.test(name, inner => find(inner, faults));
    }));
  });
}
