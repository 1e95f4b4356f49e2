/*
 * iisnode starts, chooses, fills, recycles and loses its processes. Some tests try the same
 * behaviour as iisnode's own tests.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readdirSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { appPath } from '../support/template';
import { until } from '../support/wait';
import { script, serve, webConfig } from './iis-application';

const pid = script('res.end(String(process.pid));');

/**
 * A script that reads the query string. ?hold writes a file, and waits for a file with the name go.
 * ?die ends the process, and ?cut cuts the connection. All other requests get the number of the
 * process.
 */
const holding = script(`
  const what = req.url.split('?')[1];
  if (what === 'die') return process.exit(1);
  if (what === 'cut') return req.socket.destroy();
  if (what !== 'hold') return res.end(String(process.pid));
  fs.writeFileSync('held-' + process.pid + '-' + ++n, '');
  const timer = setInterval(() => fs.existsSync('go') && (clearInterval(timer), res.end('went on in ' + process.pid)), 10);`,
'const fs = require("fs"); let n = 0;');

/** Returns the number of requests with ?hold that have reached the script above. */
const held = (folder: string) => readdirSync(folder).filter(name => name.startsWith('held-')).length;

test('roundrobin: processes take turns', async t => {
  const files = { 'web.config': webConfig('nodeProcessCountPerApplication="2"'), 'hello.js': script('res.end(`hello ${++n}`);', 'let n = 0;') };
  const { get, iis } = await serve(t, files);
  const answers: string[] = [];
  for (let i = 0; i < 4; i++) answers.push((await get()).text);
  assert.deepEqual(answers, ['hello 1', 'hello 1', 'hello 2', 'hello 2']);
  assert.equal(iis.pids().length, 2);
});

test('sticky processes: the cookie leads back to the process, and turns begin with the second', async t => {
  const { get } = await serve(t, { 'web.config': webConfig('nodeProcessCountPerApplication="3"'), 'iisnode.yml': 'nodeProcessStickySessions: true', 'hello.js': pid });
  const seen: string[] = [];
  for (const ordinal of [1, 2, 0]) {
    const answer = await get();
    assert.match(answer.headers['set-cookie']![0]!, new RegExp(`^iisnode\\.session\\.cookie=${ordinal}(;|$)`));
    seen[ordinal] = answer.text;
  }
  assert.equal(new Set(seen).size, 3);
  for (const [value, ordinal] of [[0, 0], [1, 1], [2, 2], [4, 1]] as const) {
    const answer = await get('hello.js', { headers: { Cookie: `a=b; iisnode.session.cookie=${value}; c=d` } });
    assert.equal(answer.text, seen[ordinal]);
    assert.equal(answer.headers['set-cookie'], undefined);
  }
});

for (const devErrors of [true, false]) {
  test(`a request beyond maxConcurrentRequestsPerProcess is a 503.1002, with devErrorsEnabled=${devErrors}`, async t => {
    const files = { 'web.config': webConfig(`maxConcurrentRequestsPerProcess="2" devErrorsEnabled="${devErrors}"`), 'hello.js': holding };
    const { get, folder, trace } = await serve(t, files);
    const waiting = [get('hello.js?hold'), get('hello.js?hold')];
    await until(() => held(folder) === 2, 'two requests to wait');
    assert.equal((await get()).status, 503);
    assert.match(trace(), /503\.1002/);
    writeFileSync(path.join(folder, 'go'), '');
    for (const answer of await Promise.all(waiting)) assert.match(answer.text, /^went on/);
    assert.equal((await get()).status, 200);
  });
}

test('a client that goes away while node has its request goes unnoticed: the request counts on', async t => {
  const { get, folder, iis } = await serve(t, { 'web.config': webConfig('maxConcurrentRequestsPerProcess="1"'), 'hello.js': holding });
  const req = http.get(`${iis.url}hello.js?hold`, { agent: false }).on('error', () => { /* it is cut below */ });
  await until(() => held(folder) === 1, 'the request to wait');
  req.destroy();
  await sleep(100);
  assert.equal((await get()).status, 503);
  writeFileSync(path.join(folder, 'go'), '');
  await until(async () => (await get()).status === 200, 'the request to be over');
});

for (const [what, flush] of [['large', 'false'], ['flushed', 'true']] as const) {
  test(`a client that goes away within a ${what} answer does not count for ever`, async t => {
    const large = script('if (!req.url.endsWith("?large")) return res.end("free"); for (let n = 0; n < 200; n++) res.write("x".repeat(65536)); res.end();');
    const { get, iis } = await serve(t, { 'web.config': webConfig(`maxConcurrentRequestsPerProcess="2" flushResponse="${flush}"`), 'hello.js': large });
    for (let n = 0; n < 4; n++) {
      const req = http.get(`${iis.url}hello.js?large`, { agent: false });
      const [res] = await once(req, 'response') as [http.IncomingMessage];
      await once(res, 'data');
      req.on('error', () => undefined).destroy();
      await until(async () => (await get()).status === 200, 'the process to be free');
    }
  });
}

test('a process that dies takes its requests with it as 500.1013, and the next request starts another', async t => {
  const { get, folder, trace } = await serve(t, { 'web.config': webConfig('devErrorsEnabled="false"'), 'hello.js': holding });
  const first = (await get()).text;
  const waiting = get('hello.js?hold');
  await until(() => held(folder) === 1, 'a request to wait');
  assert.equal((await get('hello.js?die')).status, 500);
  assert.equal((await waiting).status, 500);
  assert.equal(trace().match(/500\.1013/g)?.length, 2);
  const next = await until(async () => { const now = await get(); return now.status === 200 ? now.text : null; }, 'another process');
  assert.notEqual(next, first);
});

test('a connection that node cuts without an answer is a 500.1013, or a page with status 200', async t => {
  const off = await serve(t, { 'web.config': webConfig('devErrorsEnabled="false"'), 'hello.js': holding });
  assert.equal((await off.get('hello.js?cut')).status, 500);
  assert.match(off.trace(), /500\.1013/);
  const on = await serve(t, { 'web.config': webConfig(), 'hello.js': holding });
  const answer = await on.get('hello.js?cut');
  assert.equal(answer.status, 200);
  assert.match(answer.text, /HRESULT: 0x6d\s+HTTP status: 500\s+HTTP subStatus: 1013/);
});

test('a kept connection that node has closed is replaced, unseen', async t => {
  const files = { 'web.config': webConfig('devErrorsEnabled="false"'), 'hello.js': script('res.end("answered"); setTimeout(() => req.socket.destroy(), 30);') };
  const { get } = await serve(t, files);
  for (let n = 0; n < 3; n++) {
    assert.equal((await get()).status, 200);
    await sleep(100);
  }
});

test('a kept connection that turns out closed when the request is written is replaced, unseen', async t => {
  const closing = script('res.end("answered"); setTimeout(() => req.socket.destroy(), 300);');
  const { get, iis } = await serve(t, { 'web.config': webConfig('devErrorsEnabled="false"'), 'hello.js': closing });
  for (let n = 0; n < 3; n++) {
    await get();
    const socket = net.connect(iis.port, 'localhost');
    t.after(() => socket.destroy());
    await once(socket, 'connect');
    await sleep(50);
    socket.write(`GET ${appPath}/hello.js HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    // The stand-in runs in this process, which now does nothing for 600 ms. In this time, node
    // closes its connection. Afterwards, the stand-in reads the request first, and then learns of
    // the close.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600);
    const [answer] = await once(socket, 'data') as [Buffer];
    assert.match(String(answer), /^HTTP\/1\.1 200 /);
  }
});

test('connections are kept for maxNamedPipePooledConnectionAge, and as many as maxNamedPipeConnectionPoolSize', async t => {
  const answer = script('connections.add(req.socket); res.end(String(connections.size));', 'const connections = new Set();');
  for (const [attributes, expected] of [['', '1'], ['maxNamedPipePooledConnectionAge="0"', '3'], ['maxNamedPipeConnectionPoolSize="0"', '3']] as const) {
    const { get } = await serve(t, { 'web.config': webConfig(attributes), 'hello.js': answer });
    await get();
    await get();
    assert.equal((await get()).text, expected, attributes);
  }
});

test('while node starts the request waits; when the retries are used up it is a 500.1001', async t => {
  const slow = pid.replace('http.createServer', 'setTimeout(() => http.createServer').replace(/;\s*$/, ', 300);');
  const patient = await serve(t, { 'web.config': webConfig('namedPipeConnectionRetryDelay="20"'), 'hello.js': slow });
  assert.equal((await patient.get()).status, 200);
  const attributes = 'namedPipeConnectionRetryDelay="10" maxNamedPipeConnectionRetry="2" devErrorsEnabled="false"';
  const hasty = await serve(t, { 'web.config': webConfig(attributes), 'hello.js': 'setInterval(() => {}, 1000);' });
  assert.equal((await hasty.get()).status, 500);
  assert.match(hasty.trace(), /500\.1001/);
});

test('watchedFiles: folders that are not there do no harm, and one above the script\'s takes the application down', async t => {
  const fine = await serve(t, { 'web.config': webConfig(String.raw`watchedFiles="*.js;no-such-folder\*"`), 'hello.js': pid });
  assert.equal((await fine.get()).status, 200);
  const wrong = await serve(t, { 'web.config': webConfig(String.raw`watchedFiles="..\web.config.txt"`, { script: 'sub/hello.js' }), 'sub/hello.js': pid });
  assert.equal((await wrong.get('sub/hello.js')).status, 500);
  assert.match(wrong.trace(), /500\.1000/);
});

test('watchedFiles: after a change new requests go to a new process, and the old one ends when it has answered its own', async t => {
  const files = { 'web.config': webConfig(String.raw`watchedFiles="*.js;lib\*.txt"`), 'hello.js': holding, 'lib/words.txt': 'before' };
  const { get, folder, iis } = await serve(t, files);
  const first = (await get()).text;
  const waiting = get('hello.js?hold');
  await until(() => held(folder) === 1, 'a request to wait');
  writeFileSync(path.join(folder, 'lib', 'words.txt'), 'and after');
  const second = await until(async () => { const now = (await get()).text; return now === first ? null : now; }, 'a new process');
  assert.deepEqual(iis.pids().map(String), [second, first]);
  writeFileSync(path.join(folder, 'go'), '');
  assert.equal((await waiting).text, `went on in ${first}`);
  await until(() => iis.pids().map(String).join() === second, 'the old process to end');
  writeFileSync(path.join(folder, 'hello.js'), script('res.end("another script");'));
  await until(async () => (await get()).text === 'another script', 'the script itself to be seen');
});

test('watchedFiles: iisnode hears of writes only, and compares times only', async t => {
  const files = { 'web.config': webConfig('watchedFiles="hello.js"'), 'hello.js': pid, 'next/hello.js': pid };
  const { get, folder } = await serve(t, files);
  utimesSync(path.join(folder, 'next', 'hello.js'), 1000, 1000);
  const first = (await get()).text;
  const same = async (why: string) => {
    // The system reports a change at once, so the stand-in would see it during these requests.
    for (let n = 0; n < 5; n++) assert.equal((await get()).text, first, why);
  };
  renameSync(path.join(folder, 'next', 'hello.js'), path.join(folder, 'hello.js'));
  await same('a file that is put in place by a rename is not seen');
  // A write to another file makes iisnode compare times. The renamed file has another time.
  writeFileSync(path.join(folder, 'beside.txt'), 'x');
  const second = await until(async () => { const now = (await get()).text; return now === first ? null : now; }, 'a new process');
  const { atime, mtime } = statSync(path.join(folder, 'hello.js'));
  writeFileSync(path.join(folder, 'hello.js'), `${pid}// longer`);
  utimesSync(path.join(folder, 'hello.js'), atime, mtime);
  const third = (await get()).text;
  // iisnode may have seen the write before utimesSync set the time back. After that, it sees no
  // change.
  for (let n = 0; n < 5; n++) assert.equal((await get()).text, third);
  assert.notEqual(second, first);
});

test('many starts beside many old log files: none dies of a file that another has deleted', async t => {
  const attributes = 'nodeProcessCountPerApplication="8" devErrorsEnabled="false" maxLogFiles="2"';
  const old = Array.from({ length: 200 }, (_, n) => [`iisnode/old-${n}.txt`, 'old']);
  const files = { 'web.config': webConfig(attributes), 'hello.js': pid, ...Object.fromEntries(old) as Record<string, string> };
  const { get, trace } = await serve(t, files);
  for (let n = 0; n < 8; n++) assert.equal((await get()).status, 200, trace());
});

test('a log file that cannot be deleted is left alone', async t => {
  const files = { 'web.config': webConfig('maxLogFiles="1" devErrorsEnabled="false"'), 'hello.js': pid, 'iisnode/a.txt': 'old' };
  const { get, folder } = await serve(t, files);
  mkdirSync(path.join(folder, 'iisnode', 'a-folder'));
  assert.equal((await get()).status, 200);
});

test('a process that does not start: its last lines and its log are told on the console', async t => {
  for (const [logging, said] of [['true', /its log: .*-stderr-\d+\.txt/], ['false', /^(?![^]*its log:)/]] as const) {
    const lines: string[] = [];
    const broken = 'console.error("starting"); require("./not-there");';
    const attributes = `namedPipeConnectionRetryDelay="10" devErrorsEnabled="false" loggingEnabled="${logging}"`;
    const { get, folder } = await serve(t, { 'web.config': webConfig(attributes), 'hello.js': broken }, { log: line => lines.push(line) });
    assert.equal((await get()).status, 500);
    await until(() => lines.some(line => line.includes('not-there')), 'the last lines');
    const text = lines.join('\n');
    const [, words] = text.split('ended before it listened; its last output:\n');
    assert.match(words!, /^ {2}\| .*Cannot find module '\.\/not-there'/m);
    assert.match(text, /process \d+ ended\n/);
    if (logging === 'true') await until(() => lines.some(line => line.startsWith('its log:')), 'the path');
    assert.match(lines.join('\n'), said);
    if (logging === 'true') assert(lines.join('\n').includes(path.join(folder, 'iisnode')));
  }
});

test('a script that is not there is told at the start, with the command that makes it', async t => {
  const told = async (files: Record<string, string>) => {
    const lines: string[] = [];
    const config = webConfig('devErrorsEnabled="false" debuggingEnabled="false"', { script: 'dist/server.js' });
    await serve(t, { 'web.config': config, ...files }, { log: line => lines.push(line) });
    return lines.join('\n');
  };
  const built = JSON.stringify({ scripts: { build: 'tsc' } });
  assert.match(await told({ 'package.json': built }), /^there is no dist\/server\.js in .*: npm run build makes it$/);
  assert.match(await told({}), /^there is no dist\/server\.js in .*handler runs$/);
  assert.equal(await told({ 'dist/server.js': pid }), '');
});

test('gracefulShutdownTimeout: a request that waits longer is cut with a 500.1013', async t => {
  const { get, folder, iis, trace } = await serve(t, { 'web.config': webConfig('gracefulShutdownTimeout="100" devErrorsEnabled="false"'), 'hello.js': holding });
  const first = (await get()).text;
  const waiting = get('hello.js?hold');
  await until(() => held(folder) === 1, 'a request to wait');
  writeFileSync(path.join(folder, 'more.js'), '// more');
  const second = await until(async () => { const now = (await get()).text; return now === first ? null : now; }, 'a new process');
  assert.equal((await waiting).status, 500);
  assert.match(trace(), /500\.1013/);
  await until(() => iis.pids().map(String).join() === second, 'the old process to end');
});

test('the pool\'s own recycling is overlapped: new requests go to a new process, the old one answers its own', async t => {
  const { get, iis, folder } = await serve(t, { 'web.config': webConfig(), 'hello.js': holding });
  const first = (await get()).text;
  const waiting = get('hello.js?hold');
  await until(() => held(folder) === 1, 'the request to wait');
  iis.recycle();
  assert.notEqual((await get()).text, first);
  writeFileSync(path.join(folder, 'go'), '');
  assert.equal((await waiting).text, `went on in ${first}`);
  await until(() => iis.pids().length === 1, 'the old process to be ended');
});

test('recycle signal: with recycleSignalEnabled a script that writes "recycle" to the control pipe is replaced', async t => {
  const { get } = await serve(t, { 'web.config': webConfig('recycleSignalEnabled="true"'), 'hello.js': script(`
    if (req.url.endsWith('recycle')) require('net').connect(process.env.IISNODE_CONTROL_PIPE).end('recycle');
    res.end(String(process.pid));`) });
  const first = (await get()).text;
  assert.equal((await get()).text, first);
  assert.equal((await get('hello.js?recycle')).text, first);
  await until(async () => { const now = await get(); return now.status === 200 && now.text !== first; }, 'another process');
});
