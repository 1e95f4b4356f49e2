/*
 * `npm run compare` between two previews. The answers of two equal previews do not differ. If one
 * of the two has one of twenty faults ("bends"), compare finds it. compare.long.test.ts sends all
 * requests to each bent server.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { allCases, Case } from '../../tools/compare/cases';
import { compare } from '../../tools/compare/compare';
import { table } from '../../tools/compare/report';
import { hasTerminal, left, nodeLine, shown } from '../support/terminal';
import { root } from '../support/template';
import { BENT, compareBent, isFound, nameOf, serve } from './compare/bends';

test('some 300 requests only read, others are sent with --write only', async t => {
  const { folder } = await serve(t, []);
  const cases = allCases(folder);
  const reading = cases.filter(({ writes }) => !writes);
  assert(reading.length > 300 && reading.length < 450, String(reading.length));
  for (const { method, path: to } of reading) {
    assert(/^(GET|HEAD|OPTIONS|TRACE|PROPFIND|SEARCH|get|FOO)$/.test(method), `${method} ${to}`);
  }
});

test('the command: a table, a file with all answers and no passwords, exit codes', async t => {
  const real = await serve(t, [BENT['headers and files']![1]!]);
  const { side } = real;
  const run = async (...args: string[]) => {
    const child = spawn(process.execPath, [path.join(root, 'build', 'tools', 'compare', 'index.js'), ...args]);
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', part => { text += String(part); });
    const [status] = await once(child, 'close') as [number];
    return { status, text };
  };
  const { folder } = await serve(t, []);
  const given = ['--only', 'request filtering: segments', '--cookie', 'secret=1', side.url.href, folder];
  const { status, text } = await run(...given);
  assert.equal(status, 1, text);
  assert.match(text, /^ {2}GET iisnode\/x$\n {4}x-frame-options: DENY$\n {21}SAMEORIGIN$/m);
  assert.match(text, /^10 requests, 10 of them answered in another way\.$/m);
  const file = readFileSync(path.join(root, 'build', 'compare.json'), 'utf8');
  assert.equal((JSON.parse(file) as { requests: unknown[] }).requests.length, 10);
  assert.doesNotMatch(file, /secret/);

  // With --recycle, compare sends the same requests again to the new process.
  const [before] = real.pids();
  const again = await run('--recycle', real.folder, ...given);
  assert.match(again.text, /^20 requests, 20 of them answered in another way\.$/m);
  assert.equal(again.status, 1);
  assert.notEqual(real.pids()[0], before);
  const wrong = await run('--recycle', path.join(real.folder, 'public'), ...given);
  assert.equal(wrong.status, 2, wrong.text);
  assert.match(wrong.text, /--recycle: \S+public has no dist.server\.js/);

  assert.equal((await run('--only', 'nothing', side.url.href, folder)).status, 2);
  assert.equal((await run('ftp://x')).status, 2);
  assert.equal((await run('http://127.0.0.1:9/')).status, 1);
});

test('compare: progress on a terminal, none in a pipe', async t => {
  if (!hasTerminal(t)) return;
  const [{ side }, { folder }] = [await serve(t, []), await serve(t, [])];
  const line = nodeLine(path.join(root, 'build', 'tools', 'compare', 'index.js'), '--only', 'request filtering: segments', side.url.href, folder);
  const output = await shown('terminal', line, root);
  assert.match(output, /\r\x1b\[K… 10 of 10/); // eslint-disable-line no-control-regex
  assert(!left(output).some(one => one.includes('…')), output);
  const piped = await shown('pipe', line, root);
  assert.match(piped, /^10 requests, /m);
  assert.doesNotMatch(piped, /\r|\x1b|10 of 10/); // eslint-disable-line no-control-regex
});

for (const [name, bends] of Object.entries(BENT)) {
  test(`bent in ${name}: each of ${bends.length} is found`, async t => {
    const shown = (one: Case) => bends.some(({ shows }) => shows[0] === nameOf(one));
    const results = await compareBent(t, bends, shown);
    for (const bend of bends) assert(isFound(bend, results), `${bend.name}\n${table(results)}`);
  });
}

test('two that are the same: each request is answered in the same way', async t => {
  const [one, other] = [await serve(t, []), await serve(t, [])];
  // The first request waits for the start of a process. On a busy machine, this can be so long that
  // compare reports the time as a difference. So each server gets a request before.
  for (const { side } of [one, other]) await fetch(new URL('health', side.url));
  // A poll that waits takes 20 s, so only compare.long.test.ts has such polls.
  const results = await compare(one.side, other.side, allCases(one.folder).filter(({ slow }) => !slow));
  assert.equal(table(results), `\n${results.length} requests, and each is answered in the same way.`);
});
