/*
 * iisnode passes a request and its answer on. Some tests have the names of iisnode's own functional
 * tests.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { connect, isIP } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { appPath } from '../support/template';
import { until } from '../support/wait';
import { script, serve, webConfig } from './iis-application';

/** A script that answers with the request that it gets. */
const echo = script(`
  let body = '';
  req.on('data', data => body += data).on('end', () => {
    res.end(JSON.stringify({ method: req.method, url: req.url, headers: req.headers, names: req.rawHeaders, version: req.httpVersion, body }));
  });`);

interface Seen { method: string; url: string; headers: Record<string, string>; names: string[]; version: string; body: string }
const seen = (text: string) => JSON.parse(text) as Seen;

test('helloworld: requests one after the other reach one process', async t => {
  const { get, iis } = await serve(t, { 'web.config': webConfig(), 'hello.js': script('res.end(`hello ${++n}`);', 'let n = 0;') });
  for (const n of [1, 2, 3]) {
    const answer = await get();
    assert.equal(answer.status, 200);
    assert.equal(answer.text, `hello ${n}`);
  }
  assert.equal(iis.pids().length, 1);
});

test('defaultdocument: the folder itself is answered by the script that is its default document', async t => {
  const server = '<defaultDocument enabled="true"><files><add value="start.js" /></files></defaultDocument>';
  const { get } = await serve(t, { 'web.config': webConfig('', { script: 'start.js', server }), 'start.js': script('res.end("from the start");') });
  const answer = await get('');
  assert.equal(answer.status, 200);
  assert.equal(answer.text, 'from the start');
});

for (const app of [appPath, '/']) {
  test(`urlrewrite: node sees the URL that was asked for, in an application at ${app}`, async t => {
    const server = '<rewrite><rules><rule name="greet"><match url="greet/*" /><action type="Rewrite" url="hello.js" /></rule></rules></rewrite>';
    const { get, iis } = await serve(t, { 'web.config': webConfig('', { server }), 'hello.js': echo }, { app });
    const base = new URL(iis.url).pathname;
    for (const path of ['greet', 'greet/', 'greet?name=value', 'greet/a/b/c', 'greet/a/b/c/', 'greet/a%20b?x=%2F&y', 'hello.js', 'hello.js?x=1']) {
      const answer = await get(path);
      assert.equal(answer.status, 200, path);
      assert.equal(seen(answer.text).url, base + path);
    }
    assert.equal(seen((await get('greet/you?x=1')).text).headers['x-original-url'], `${base}greet/you?x=1`);
  });
}

test('X-Original-URL is believed whoever sent it, where no rule rewrites', async t => {
  const { get } = await serve(t, { 'web.config': webConfig(), 'hello.js': echo });
  assert.equal(seen((await get('hello.js', { headers: { 'X-Original-URL': '/elsewhere?x=1' } })).text).url, '/elsewhere?x=1');
});

test('echo: the body of a request arrives', async t => {
  const { get } = await serve(t, { 'web.config': webConfig(), 'hello.js': echo });
  const body = 'a few words';
  const answer = seen((await get('hello.js', { method: 'POST', headers: { 'Content-Length': body.length } }, body)).text);
  assert.equal(answer.method, 'POST');
  assert.equal(answer.body, body);
});

test('filesystem: the working directory is the script\'s, which an interceptor loads', async t => {
  const answer = script(`
    res.end(JSON.stringify([fs.readFileSync('words.txt', 'utf8'), require.main === module, process.argv[1] === __filename, process.argv.length,
      req.socket.remoteAddress || null]));`, 'const fs = require("fs");');
  const { get } = await serve(t, { 'web.config': webConfig('', { script: 'sub/hello.js' }), 'sub/hello.js': answer, 'sub/words.txt': 'read' });
  assert.deepEqual(JSON.parse((await get('sub/hello.js')).text), ['read', false, true, 2, null]);
});

test('encoding: answers with a length, in one chunk and in ten arrive whole', async t => {
  const { get } = await serve(t, { 'web.config': webConfig(), 'hello.js': script(`
    const kind = req.url.split('?')[1];
    if (kind === 'length') return res.writeHead(200, { 'Content-Length': 6 }), res.end('length');
    if (kind === 'close') return res.writeHead(200, { Connection: 'close' }), res.end('until the end');
    if (kind === 'one') return res.write('one chunk'), res.end();
    let n = 0;
    const timer = setInterval(() => n < 9 ? res.write(String(n++)) : (clearInterval(timer), res.end('9')), 5);`) });
  const length = await get('hello.js?length');
  assert.equal(length.text, 'length');
  assert.equal(length.headers['content-length'], '6');
  assert.equal((await get('hello.js?one')).text, 'one chunk');
  const ten = await get('hello.js?ten');
  assert.equal(ten.text, '0123456789');
  assert.equal(ten.headers['transfer-encoding'], 'chunked');
  assert.equal((await get('hello.js?close')).text, 'until the end');
});

/**
 * A script with three kinds of requests. ?begin gets an answer in two parts. ?ask asks whether the
 * first part was sent. All other requests make the script send the second part.
 */
const inParts = script(`
  if (req.url.endsWith('begin')) return res.write('first '), held = res;
  if (req.url.endsWith('ask')) return res.end(String(Boolean(held)));
  held.end('second');
  res.end('let go');`, 'let held;');

test('flushResponse=true hands on each part of an answer when it comes', async t => {
  const { get, iis } = await serve(t, { 'web.config': webConfig('flushResponse="true"'), 'hello.js': inParts });
  const req = http.get(`${iis.url}hello.js?begin`, { agent: false, signal: AbortSignal.timeout(60000) });
  const [res] = await once(req, 'response') as [http.IncomingMessage];
  let text = String((await once(res, 'data'))[0]);
  assert.equal(text, 'first ');
  const ended = once(res.on('data', data => text += String(data)), 'end');
  assert.equal((await get()).text, 'let go');
  await ended;
  assert.equal(text, 'first second');
});

test('without flushResponse nothing of a chunked answer arrives before its end', async t => {
  const { get, iis } = await serve(t, { 'web.config': webConfig(), 'hello.js': inParts });
  let arrived = false;
  const req = http.get(`${iis.url}hello.js?begin`, { agent: false, signal: AbortSignal.timeout(60000) });
  const answer = once(req.on('response', () => arrived = true), 'response');
  while ((await get('hello.js?ask')).text !== 'true') assert(!arrived);
  // If the stand-in passed the first part on, it would arrive before the answers to these requests.
  for (let n = 0; n < 3; n++) await get('hello.js?ask');
  assert(!arrived);
  await get('hello.js?end');
  let text = '';
  for await (const data of (await answer)[0] as http.IncomingMessage) text += String(data);
  assert.equal(text, 'first second');
});

test('customheaders: headers of one\'s own pass both ways, empty ones too', async t => {
  const { get } = await serve(t, { 'web.config': webConfig(), 'hello.js': script(`
    res.setHeader('x-answer', req.headers['x-question']);
    res.setHeader('x-was-there', String('x-question' in req.headers));
    res.statusMessage = 'Quite Fine';
    res.end();`) });
  for (const [question, more] of [['why', {}], ['', {}], ['', { 'x-other': 'why' }]] as const) {
    const { headers } = await get('hello.js', { method: 'POST', headers: { 'x-question': question, 'Content-Length': 0, ...more } });
    assert.equal(headers['x-answer'], question);
    assert.equal(headers['x-was-there'], 'true');
  }
});

test('the Connection headers are of each side\'s own connection', async t => {
  const { get } = await serve(t, { 'web.config': webConfig(), 'hello.js': script(`
    res.setHeader('Connection', 'close');
    res.end(req.headers.connection);`) });
  const answer = await get('hello.js', { agent: new http.Agent({ keepAlive: true, timeout: 1000, maxFreeSockets: 0 }) });
  assert.equal(answer.text, 'keep-alive');
  assert.notEqual(answer.headers.connection, 'close');
  assert.equal((await get('hello.js', { headers: { Connection: 'close' } })).text, 'keep-alive');
});

test('xff: with enableXFF node is told the client\'s address and protocol', async t => {
  const { get } = await serve(t, { 'web.config': webConfig('enableXFF="true"'), 'hello.js': echo });
  const ask = async (headers: Record<string, string> = {}) => {
    const got = seen((await get('hello.js', { headers })).text).headers;
    return [got['x-forwarded-for'], got['x-forwarded-proto']];
  };
  const [address, protocol] = await ask();
  assert(isIP(address!), address);
  assert.equal(protocol, 'http');
  // iisnode keeps a client's own X-Forwarded-Proto. In X-Forwarded-For, only the last entry
  // comes from IIS.
  assert.deepEqual(await ask({ 'X-Forwarded-Proto': 'https' }), [address, 'https']);
  assert.deepEqual(await ask({ 'x-forwarded-for': '192.0.2.1' }), [`192.0.2.1, ${address}`, 'http']);
  assert.deepEqual(await ask({ 'X-Forwarded-For': address! }), [address, 'http']);
});

test('xff: a text that ends with the client\'s address stays as it is, whatever stands before that', async t => {
  const { get } = await serve(t, { 'web.config': webConfig('enableXFF="true"'), 'hello.js': echo });
  const ask = async (said: string | string[]) => {
    return seen((await get('hello.js', { headers: { 'X-Forwarded-For': said } })).text).headers['x-forwarded-for'];
  };
  const address = (await ask('evil'))!.replace('evil, ', '');
  assert(isIP(address), address);
  for (const said of [`evil${address}`, `9${address}`, `192.0.2.1,${address}`]) assert.equal(await ask(said), said);
  assert.equal(await ask(`${address}, 192.0.2.1`), `${address}, 192.0.2.1, ${address}`);
});

test('headers of one name reach iisnode as one, at the place of the first: http.sys joins them', async t => {
  const { get } = await serve(t, { 'web.config': webConfig('enableXFF="true"'), 'hello.js': echo });
  const said = { 'X-One': ['a', 'b'], 'X-Two': 'c', 'x-three': ['d', 'e', 'd'], 'X-Forwarded-For': ['192.0.2.1', '192.0.2.2'] };
  const { headers, names } = seen((await get('hello.js', { headers: said })).text);
  assert.deepEqual([headers['x-one'], headers['x-two'], headers['x-three']], ['a, b', 'c', 'd, e, d']);
  assert.match(headers['x-forwarded-for']!, /^192\.0\.2\.1, 192\.0\.2\.2, [^,]+$/);
  assert.deepEqual(names.filter(name => /^x-(one|two|three|forwarded-for)$/i.test(name)), ['X-One', 'X-Two', 'x-three', 'X-Forwarded-For']);
});

test('xff: without enableXFF node is told nothing, and gets what the client says', async t => {
  const { get } = await serve(t, { 'web.config': webConfig(), 'hello.js': echo });
  const { headers } = seen((await get()).text);
  assert.equal(headers['x-forwarded-for'], undefined);
  assert.equal(headers['x-forwarded-proto'], undefined);
  assert.equal(seen((await get('hello.js', { headers: { 'X-Forwarded-For': '192.0.2.1' } })).text).headers['x-forwarded-for'], '192.0.2.1');
});

test('servervars: promoteServerVars arrive as X-iisnode- headers, behind those that a client made up', async t => {
  const { get } = await serve(t, { 'web.config': webConfig('promoteServerVars="REQUEST_METHOD,SERVER_PORT"'), 'hello.js': echo });
  const { headers, names } = seen((await get('hello.js', { headers: { 'X-iisnode-REQUEST_METHOD': 'MADE-UP' } })).text);
  assert.equal(headers['x-iisnode-request_method'], 'MADE-UP, GET');
  assert.match(headers['x-iisnode-server_port']!, /^\d+$/);
  assert.deepEqual(names.filter(name => /^x-iisnode/i.test(name)), ['X-iisnode-REQUEST_METHOD', 'X-iisnode-SERVER_PORT', 'X-iisnode-REQUEST_METHOD']);
});

test('multipleResponseHeaders: a header that node sends twice arrives twice', async t => {
  const { iis } = await serve(t, { 'web.config': webConfig(), 'hello.js': script(`
    res.setHeader('Foo', ['Val1', 'Val2']);
    res.setHeader('Set-Cookie', ['a=1; Path=/', 'b=2']);
    res.end();`) });
  const res = await new Promise<http.IncomingMessage>(resolve => { http.get(`${iis.url}hello.js`, { agent: false }, resolve); });
  res.resume();
  const values = (name: string) => res.rawHeaders.filter((_, i) => i % 2 === 1 && res.rawHeaders[i - 1]!.toLowerCase() === name);
  assert.deepEqual(values('foo'), ['Val1', 'Val2']);
  assert.deepEqual(values('set-cookie'), ['a=1; Path=/', 'b=2']);
});

test('upload: a body with a length, in chunks, or empty arrives as it was sent', async t => {
  const { get, iis } = await serve(t, { 'web.config': webConfig(), 'hello.js': echo });
  const post = async (headers: http.OutgoingHttpHeaders, body: string) => {
    const got = seen((await get('hello.js', { method: 'POST', headers }, body)).text);
    return `${got.headers['transfer-encoding'] ?? got.headers['content-length']} ${got.body}`;
  };
  assert.equal(await post({ 'Transfer-Encoding': 'chunked' }, 'abc'), 'chunked abc');
  assert.equal(await post({ 'Content-Length': 3 }, 'def'), '3 def');
  assert.equal(await post({ 'Transfer-Encoding': 'chunked' }, ''), 'chunked ');
  assert.equal(await post({ 'Content-Length': 0 }, ''), '0 ');
  const parts = http.request(`${iis.url}hello.js`, { method: 'POST', agent: false, headers: { 'Transfer-Encoding': 'chunked' } });
  const answer = once(parts, 'response');
  parts.write('abc');
  parts.end('defg');
  let text = '';
  for await (const data of (await answer)[0] as http.IncomingMessage) text += String(data);
  assert.equal(seen(text).body, 'abcdefg');
});

test('the answer is passed on when the whole request has been sent, though node gives it before', async t => {
  const { iis, get } = await serve(t, { 'web.config': webConfig(), 'hello.js': script('res.end("early"); req.resume();') });
  await get(); // after this request, node runs
  const socket = connect(iis.port, 'localhost');
  t.after(() => socket.destroy());
  let text = '';
  socket.on('data', data => text += String(data));
  socket.write(`POST ${appPath}/hello.js HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhello`);
  await sleep(300);
  assert.equal(text, '');
  socket.write('world');
  await until(() => text.endsWith('early'), 'the answer');
});

test('a client that waits for 100 Continue gets it of IIS, and node hears nothing of it', async t => {
  const { iis } = await serve(t, { 'web.config': webConfig(), 'hello.js': echo });
  const req = http.request(`${iis.url}hello.js`, { method: 'POST', agent: false, headers: { Expect: '100-continue', 'Content-Length': 4 } });
  const answer = once(req, 'response');
  req.flushHeaders();
  await once(req, 'continue');
  req.end('body');
  let text = '';
  for await (const data of (await answer)[0] as http.IncomingMessage) text += String(data);
  assert.equal(seen(text).body, 'body');
  assert.equal(seen(text).headers.expect, undefined);
});

test('HTTP/1.0 reaches node as that', async t => {
  const { iis, get } = await serve(t, { 'web.config': webConfig(), 'hello.js': echo });
  assert.equal(seen((await get()).text).version, '1.1');
  const socket = connect(iis.port, 'localhost');
  t.after(() => socket.destroy());
  let text = '';
  socket.on('data', data => text += String(data));
  socket.write(`GET ${appPath}/hello.js HTTP/1.0\r\nHost: localhost\r\n\r\n`);
  await once(socket, 'end');
  assert.match(text, /"version":"1\.0"/);
  // The connection to node can still be used.
  assert.equal(seen((await get()).text).version, '1.1');
});

test('a 1xx of node is taken for the answer', async t => {
  const early = script('res.writeProcessing(); setTimeout(() => res.end("the answer"), 50);');
  const { iis, trace } = await serve(t, { 'web.config': webConfig(), 'hello.js': early });
  const socket = connect(iis.port, 'localhost');
  t.after(() => socket.destroy());
  let text = '';
  socket.on('data', data => text += String(data));
  socket.write(`GET ${appPath}/hello.js HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  await until(() => trace().includes('→ 102'), 'the request to be over');
  await sleep(200);
  assert.match(text, /^HTTP\/1\.1 102 /);
  assert.doesNotMatch(text, /the answer/);
});

test('without a rule node gets http.sys\'s URL, with all of its path decoded', async t => {
  const { get } = await serve(t, { 'web.config': webConfig('', { script: '*.js' }), 'a,b.js': echo });
  assert.equal(seen((await get('a%2Cb.js/x%3D1/%24?q=%2F%20')).text).url, `${appPath}/a,b.js/x=1/$?q=%2F%20`);
  assert.equal(seen((await get('sub%2F..//a%2Cb.js')).text).url, `${appPath}/a,b.js`);
});

test('without a rule node refuses a space in the URL, and a letter beyond ASCII', async t => {
  const { get } = await serve(t, { 'web.config': webConfig('', { script: '*.js' }), 'a.js': echo });
  assert.equal((await get('a.js/b%20c')).status, 400);
  assert.equal((await get('a.js/gr%C3%BCn')).status, 400);
});

test('headers larger than maxRequestBufferSize are a 500.1005', async t => {
  const { get, trace } = await serve(t, { 'web.config': webConfig('devErrorsEnabled="false" maxRequestBufferSize="1000"'), 'hello.js': script('res.end();') });
  assert.equal((await get()).status, 200);
  assert.equal((await get('hello.js', { headers: { 'x-large': 'x'.repeat(1000) } })).status, 500);
  assert.match(trace(), /500\.1005/);
});

test('HEAD, 204 and 304 have no body, and the connection to node serves on', async t => {
  const { get } = await serve(t, { 'web.config': webConfig(), 'hello.js': script(`
    connections.add(req.socket);
    const status = Number(req.url.split('?')[1]);
    if (status) return res.writeHead(status), res.end();
    res.writeHead(200, { 'Content-Length': 5, 'x-connections': connections.size });
    res.end('hello');`, 'const connections = new Set();') });
  const head = await get('hello.js', { method: 'HEAD' });
  assert.deepEqual([head.status, head.headers['content-length'], head.text], [200, '5', '']);
  for (const status of [204, 304]) assert.deepEqual(await get(`hello.js?${status}`).then(a => [a.status, a.text]), [status, '']);
  const whole = await get();
  assert.equal(whole.text, 'hello');
  assert.equal(whole.headers['x-connections'], '1');
});

const MB = 1024 * 1024;

test('large_download: 30 MB arrive', async t => {
  const { iis } = await serve(t, { 'web.config': webConfig(), 'hello.js': script(`
    let n = 0;
    const more = () => {
      while (n < 30) if (!res.write(Buffer.alloc(${MB}, n++))) return res.once('drain', more);
      res.end();
    };
    more();`) });
  const bytes = Buffer.from(await (await fetch(`${iis.url}hello.js`)).arrayBuffer());
  assert.equal(bytes.length, 30 * MB);
  for (let n = 0; n < 30; n++) assert(bytes.subarray(n * MB, (n + 1) * MB).equals(Buffer.alloc(MB, n)), `MB ${n}`);
});

test('large_upload: 31 MB arrive, with a length and in chunks', async t => {
  const server = `<security><requestFiltering><requestLimits maxAllowedContentLength="${40 * MB}" /></requestFiltering></security>`;
  const { get } = await serve(t, { 'web.config': webConfig('', { server }), 'hello.js': script(`
    let bytes = 0;
    req.on('data', data => bytes += data.length).on('end', () => res.end(String(bytes)));`) });
  const body = 'x'.repeat(31 * MB);
  for (const headers of [{ 'Content-Length': body.length }, { 'Transfer-Encoding': 'chunked' }]) {
    assert.equal((await get('hello.js', { method: 'POST', headers }, body)).text, String(body.length));
  }
});
