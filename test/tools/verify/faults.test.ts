/*
 * `npm run verify` against sites with one fault each: the check that fails, and the cure that the
 * first line names. Here there is one fault for each check and each place where its cure is: a file,
 * the server, the proxy in front. faults.long.test.ts has all of them.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { all, findEach } from './faults';

/** Where the first line of what to change says that the cure is. */
const PLACE = /web\\\.config|iisnode\\\.yml|on the server|at the proxy|src|here/;

const firstOfEach = new Map(all.map(fault => {
  return [`${fault.fails[0]} ${PLACE.exec(fault.cure.source)![0]}`, fault] as const;
}).reverse());

findEach([...firstOfEach.values()]);

test('there are no two faults of one name, and at least 40 are tried here', () => {
  assert(firstOfEach.size >= 40, String(firstOfEach.size));
  assert.equal(new Set(all.map(({ name }) => name)).size, all.length);
});
