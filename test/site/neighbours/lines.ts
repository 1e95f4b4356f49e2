/*
 * Each part of web.config and iisnode.yml is needed. neighbours.test.ts and neighbours.long.test.ts
 * share these tests.
 */
import assert from 'node:assert/strict';
import { describe, test, TestContext } from 'node:test';
import { Without, withoutEach, withoutEachLine } from '../../support/config-lines';
import { below, Files, moving, plain, SHIPPED, withYmlOnly, within, World, worlds } from './worlds';

/** Parts that no test misses if they are taken away, and why they are there. */
const NOT_SEEN: Record<string, string> = {
  'location/@path': '"." is the default; IIS\'s own files write it',
  'appSettings/add[NODE_PENDING_PIPE_INSTANCES]': 'iisnode 0.2.21 and later set it themselves, as does the stand-in',
  'system.webServer/rewrite/rules/rule[socket]': 'the rule behind it takes the same URLs; this one is there to be found',
  'system.webServer/rewrite/rules/rule[socket]/@stopProcessing': 'the rule behind it leads to the same place',
  'system.webServer/rewrite/rules/rule[socket]/match': 'without it a rule takes every URL',
  'system.webServer/rewrite/rules/rule[socket]/match/@url': 'the same',
  'system.webServer/rewrite/rules/rule[pages]/@stopProcessing': 'no rule comes behind it, until one is added',
  'system.webServer/rewrite/rules/rule[pages]/match': 'without it a rule takes every URL',
  'system.webServer/rewrite/rules/rule[pages]/match/@url': 'the same',
};

/**
 * @param files the two files, without one part
 * @returns the first world where a visitor sees a difference; undefined if there is none
 */
async function whereSeen(t: TestContext, files: Files, from: World[]): Promise<string | undefined> {
  for (const world of from) {
    try {
      assert.deepEqual(await within(t, world, files, world.look), world.expected);
    } catch {
      return world.what;
    }
  }
  return undefined;
}

const all: [keyof Files, Without, World[]][] = [
  ...withoutEach(SHIPPED['web.config']).map((one): [keyof Files, Without, World[]] => ['web.config', one, worlds]),
  // Most lines of iisnode.yml make a difference only below another site. The world that starts two
  // processes is the last.
  ...withoutEachLine(SHIPPED['iisnode.yml']).map((one): [keyof Files, Without, World[]] =>
    ['iisnode.yml', one, [below, withYmlOnly, moving]]),
];

/**
 * @returns whether a part says one thing: an entry (<add …>), an attribute of another element, an
 * element with nothing in it, or a line of iisnode.yml. Other parts are the attributes of an entry,
 * which needs them, and elements whose own parts are taken away one by one.
 */
function saysOneThing(part: string): boolean {
  const isEntry = /\/(add|remove)\[[^\]]*\]$/.test(part);
  const isOfEntry = /\/(add|remove)\[[^\]]*\]\/@/.test(part);
  const hasParts = all.some(([, other]) => other.part.startsWith(`${part}/`));
  return isEntry || (!isOfEntry && !hasParts);
}

/**
 * Takes each part away, and expects that something fails.
 * @param single true: the parts that say one thing; false: all others
 */
export function eachIsNeeded(single: boolean): void {
  describe('Each part is needed: without it, something fails', { concurrency: 3 }, () => {
    for (const [file, { part, text }, from] of all) {
      if (saysOneThing(part) !== single) continue;
      test(`${file}: ${part}`, async t => {
        const reason = NOT_SEEN[part];
        const where = await whereSeen(t, { ...SHIPPED, [file]: text }, reason ? [plain] : from);
        if (reason) assert.equal(where, undefined, `${part}: ${reason}`);
        else assert(where, `nothing fails without ${part}`);
      });
    }
  });
}
