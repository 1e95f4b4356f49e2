/*
 * Runs `npm run verify` against sites with faults. The right checks must fail, and verify must name
 * the cure of each fault. This test has one fault for each check and each place of a cure: a file,
 * the server, the proxy in front. Several faults are in one site if they do not hide each other.
 * faults.long.test.ts has all faults, each in a site of its own.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { all, findEach } from './faults';

/** The place of the cure in the first line of the list of changes. */
const PLACE = /web\\\.config|iisnode\\\.yml|on the server|at the proxy|src|here/;

const firstOfEach = new Map<string, typeof all[number]>();
for (const fault of [...all].reverse()) {
  firstOfEach.set(`${fault.fails[0]} ${PLACE.exec(fault.cure.source)![0]}`, fault);
}

/**
 * The faults of a list are in one site. A fault has the name of its check and the place of its
 * cure.
 */
const TOGETHER = [
  [
    'addresses web\\.config', 'compression web\\.config', 'debugger web\\.config',
    'files of the folder web\\.config', 'headers web\\.config', 'health on the server',
    'held polls web\\.config', 'large headers iisnode\\.yml', 'logs web\\.config',
    'many polls at once web\\.config', 'message, xhr-polling src', 'origins of pages web\\.config',
    'size of a message web\\.config',
  ],
  ['page web\\.config', 'texts of errors web\\.config', 'many polls at once iisnode\\.yml'],
  ['health web\\.config', 'message, xhr-polling web\\.config'],
  ['large headers web\\.config', 'many polls at once on the server'],
  // The front of this site applies these faults in this order: it compresses after other changes.
  [
    'message, xhr-polling at the proxy', 'texts of errors at the proxy', 'compression at the proxy',
    'large headers at the proxy', 'size of a message at the proxy',
  ],
  ['large headers on the server', 'status of errors at the proxy'],
  ['page at the proxy', 'origins of pages at the proxy', 'held polls at the proxy'],
];
const alone = new Map(firstOfEach);
const sites = TOGETHER.map(keys => keys.map(key => {
  alone.delete(key);
  return firstOfEach.get(key) ?? assert.fail(`there is no such fault: ${key}`);
}));

// verify can tell these two faults apart only by the time of an answer.
const byTime = all.filter(({ what }) => /each start|each 500/.test(what));

findEach([...sites, ...[...alone.values(), ...byTime].map(fault => [fault])]);

test('there are no two faults of one name, and at least 40 are tried here', () => {
  assert(firstOfEach.size >= 40, String(firstOfEach.size));
  assert.equal(new Set(all.map(({ name }) => name)).size, all.length);
});
