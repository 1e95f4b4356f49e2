/*
 * `npm run verify` against sites with faults: the checks that fail, and the cure that is named for
 * each. Here there is one fault for each check and each place where its cure is: a file, the server,
 * the proxy in front. Faults that do not hide each other are in one site. faults.long.test.ts has
 * all faults, each in a site of its own.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { all, findEach } from './faults';

/** Where the first line of what to change says that the cure is. */
const PLACE = /web\\\.config|iisnode\\\.yml|on the server|at the proxy|src|here/;

const firstOfEach = new Map<string, typeof all[number]>();
for (const fault of [...all].reverse()) {
  firstOfEach.set(`${fault.fails[0]} ${PLACE.exec(fault.cure.source)![0]}`, fault);
}

/** Faults that are put into one site: a check, and the place of the cure. */
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
  // A proxy looks at answers, replaces them, and compresses them in the end.
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

// From outside, these two are told from each other by the time that an answer takes.
const byTime = all.filter(({ what }) => /each start|each 500/.test(what));

findEach([...sites, ...[...alone.values(), ...byTime].map(fault => [fault])]);

test('there are no two faults of one name, and at least 40 are tried here', () => {
  assert(firstOfEach.size >= 40, String(firstOfEach.size));
  assert.equal(new Set(all.map(({ name }) => name)).size, all.length);
});
