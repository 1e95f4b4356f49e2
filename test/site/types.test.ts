import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { compile } from '../support/compile';
import { root } from '../support/template';

const appComplaints = (change?: (text: string) => string) => compile('tsconfig.json', 'src/app.ts', change);
const pageComplaints = (change?: (text: string) => string) => compile('src/browser/tsconfig.json', 'public/demo.js', change);

/** A change of one place, which has to be there. */
const swap = (from: string, to: string) => (text: string) => {
  assert(text.includes(from), `no ${from}`);
  return text.replace(from, to);
};

const mistakes: [what: string, from: string, to: string, complaint: RegExp][] = [
  ['an event that is not there', `socket.on('message'`, `socket.on('mesage'`, /'"mesage"' is not assignable to parameter of type .*"message"/],
  ['an answer that is not there', `socket.emit('response'`, `socket.emit('respones'`, /'"respones"' is not assignable to parameter/],
  ['a broadcast that is not there', `emit('clients'`, `emit('client'`, /'"client"' is not assignable to parameter/],
  ['a wrong argument', `'Got it!'`, '42', /'number' is not assignable to parameter of type 'string'/],
  ['an argument too few', `, 'Got it!'`, '', /Expected 2 arguments, but got 1/],
  ['an argument too many', `'Got it!'`, `'Got it!', 1`, /Expected 2 arguments, but got 3/],
  ['a wrong parameter', '(text, ack)', '(text: number, ack)', /Type 'string' is not assignable to type 'number'/],
  ['a wrong answer to an acknowledgement', 'ack(text)', 'ack(1)', /'number' is not assignable to parameter of type 'string'/],
  ['an acknowledgement taken for granted', `if (typeof ack === 'function') ack`, 'ack', /Cannot invoke an object which is possibly 'undefined'/],
  ['a setting that is not there', 'io.sockets.on(', `io.set('authorisation', false); io.sockets.on(`, /'"authorisation"' is not assignable/],
];

test('app.ts compiles as it is', () => {
  assert.deepEqual(appComplaints(), []);
});
for (const [what, from, to, complaint] of mistakes) {
  test(`app.ts does not compile with ${what}`, () => {
    assert.match(appComplaints(swap(from, to)).join('\n'), complaint);
  });
}

test('the page\'s script passes as it is', () => {
  assert.deepEqual(pageComplaints(), []);
});
for (const [what, from, to, complaint] of [
  ['an event that is not there', `on('clients'`, `on('client'`, /'"client"' is not assignable to parameter of type/],
  ['a message that is not there', `emit('message'`, `emit('mesage'`, /'"mesage"' is not assignable/],
  ['a wrong argument', `emit('message', text`, `emit('message', sent`, /'number' is not assignable to parameter of type 'string'/],
  ['a status that is not there', `=== 'reconnecting'`, `=== 'reconecting'`, /have no overlap/],
] as const) {
  test(`the page's script fails the build with ${what}`, () => {
    assert.match(pageComplaints(swap(from, to)).join('\n'), complaint);
  });
}

test('the script in the README passes, and fails the build with an event that is not there', () => {
  const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
  const script = /```js\n([^]*?)```/.exec(readme)![1]!;
  assert.deepEqual(pageComplaints(() => script), []);
  const wrong = script.replace(`'response'`, `'respones'`);
  assert.match(pageComplaints(() => wrong).join('\n'), /'"respones"' is not assignable/);
});
