import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { compile } from '../../support/compile';
import { root } from '../../support/template';

/** @returns a function that replaces one place of a text, and fails if the place is missing */
const swap = (from: string, to: string) => (text: string) => {
  assert(text.includes(from), `no ${from}`);
  return text.replace(from, to);
};

const appMistakes: [what: string, from: string, to: string, complaint: RegExp][] = [
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

const pageMistakes: typeof appMistakes = [
  ['an event that is not there', `on('clients'`, `on('client'`, /'"client"' is not assignable to parameter of type/],
  ['a message that is not there', `emit('message'`, `emit('mesage'`, /'"mesage"' is not assignable/],
  ['a wrong argument', `emit('message', text`, `emit('message', sent`, /'number' is not assignable to parameter of type 'string'/],
  ['a status that is not there', `=== 'reconnecting'`, `=== 'reconecting'`, /have no overlap/],
];

const asItIs = (text: string) => text;

/** Makes tests: a file compiles as it is, but not with any of the mistakes. */
function check(project: string, file: string, mistakes: typeof appMistakes): void {
  const changes = mistakes.map(([, from, to]) => swap(from, to));
  const [unchanged, ...changed] = compile(project, file, [asItIs, ...changes]);
  test('it compiles as it is', () => assert.deepEqual(unchanged, []));
  mistakes.forEach(([what, , , complaint], i) => {
    test(`it does not compile with ${what}`, () => {
      assert.match(changed[i]!.join('\n'), complaint);
    });
  });
}

describe('app.ts', () => check('tsconfig.json', 'src/app.ts', appMistakes));
describe('the page\'s script', () => check('src/browser/tsconfig.json', 'public/demo.js', pageMistakes));

test('the script in the README passes, and fails the build with an event that is not there', () => {
  const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
  const script = /```js\n([^]*?)```/.exec(readme)![1]!;
  // The function around the script keeps its names apart from those of other scripts.
  const texts = [script, script.replace(`'response'`, `'respones'`)].map(text => `(function () {\n${text}\n})();\n`);
  const [right, wrong] = compile('src/browser/tsconfig.json', 'public/demo.js', texts.map(text => () => text));
  assert.deepEqual(right, []);
  assert.match(wrong!.join('\n'), /'"respones"' is not assignable/);
});
