/*
 * Requests that no browser writes: with a whole address as the target, or with a path that is meant
 * to lead to another host.
 */
import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { publish, startSite } from '../support/site';
import { startServer } from '../support/server';
import { appPath, resource } from '../support/template';

interface Got { status: number; head: string; body: string }

/** Sends one request exactly as it is given. @returns the whole answer */
function send(port: number, ...lines: string[]): Promise<Got> {
  return write(port, `${[...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`);
}

function write(port: number, request: string): Promise<Got> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = net.connect(port, 'localhost').setEncoding('latin1');
    socket.on('data', part => text += String(part));
    socket.on('error', reject);
    socket.on('close', () => {
      const end = text.indexOf('\r\n\r\n');
      resolve({ status: Number(text.slice(9, 12)), head: text.slice(0, end), body: text.slice(end + 4) });
    });
    socket.write(request, 'latin1');
  });
}

const location = ({ head }: Got) => /^location: (.*)$/im.exec(head)?.[1];

/** Paths that some browsers or servers may read as the address of another host. */
const ELSEWHERE = ['/', '//', '///', '/\\', '\\', '/%5c', '/%2f', '/%2F%2f', '/%09/', '/./', '/.//', '/%2e//', '/sub/..//', '/sub/../\\', '/%5C%5c', '/;/', '/%0d%0a//', '/\u0085/', '/\u00a0//']
  .flatMap(start => [`${start}evil.example/..`, `${start}evil.example/%2e%2e`, `${start}evil.example/sub`, `${start}evil.example`, `${start}evil.example/../sub`, `${start}evil.example%2f..`])
  .flatMap(path => [path, `${path}/..?x`]);

for (const root of ['/', appPath]) {
  test(`no path leads to another host: APP_PATH=${root}`, async t => {
    const env = { APP_PATH: root };
    const { port, output } = await startSite(t, folder => {
      for (const name of ['index.html', 'sub/index.html', 'evil.example/index.html', 'evil.example/sub/index.html']) publish(folder, name, name);
    }, env);
    const prefix = root === '/' ? '' : root;
    for (const path of [...ELSEWHERE, ...prefix ? ELSEWHERE.map(one => prefix + one) : []]) {
      const got = await send(port, `GET ${path} HTTP/1.1`, 'Host: own.example');
      const to = location(got);
      if (to !== undefined) assert.equal(new URL(to, 'http://own.example/').host, 'own.example', `${path} → ${to}`);
      else assert([200, 400, 404].includes(got.status), `${path}: ${got.head}`);
    }
    // The path of a folder is redirected to the same path with a slash, whatever host the target
    // names.
    for (const target of [`${prefix}/sub`, `http://evil.example${prefix}/sub`, `HTTPS://me@evil.example:99${prefix}/sub`, `ftp://evil.example${prefix}/sub`]) {
      const got = await send(port, `GET ${target} HTTP/1.1`, 'Host: own.example');
      assert.deepEqual([got.status, location(got)], [301, `${prefix}/sub/`], target);
    }
    assert.equal(output().split('\n').length, 2, output());
  });
}

test('a whole address for a target is a path, for pages and for the resource', async t => {
  const { port } = await startServer(t, { env: { TRANSPORTS: 'websocket,xhr-polling' } });
  for (const scheme of ['http', 'HTTP', 'https']) for (const host of ['own.example', 'own.example:81', 'user@own.example', '[::1]']) {
    const at = `${scheme}://${host}`;
    for (const [path, says] of [[`${appPath}/health`, '"status":"ok"'], [`${resource}/`, 'Welcome to socket.io.'], [`${resource}/1/?t=1`, 'xhr-polling'], [`${resource}/socket.io.js`, 'io']]) {
      const got = await send(port, `GET ${at}${path} HTTP/1.1`, 'Host: ignored.example');
      assert.equal(got.status, 200, `${at}${path}: ${got.head}`);
      assert(got.body.includes(says!), path);
    }
  }
  assert.equal(location(await send(port, 'GET http://own.example HTTP/1.1', 'Host: own.example')), `${appPath}/`);
  assert.equal(location(await send(port, 'GET http://own.example?x=1 HTTP/1.1', 'Host: own.example')), `${appPath}/`);

  // Opens a session in the way of a client behind such a proxy.
  const at = `http://own.example${resource}/1/`;
  const [id, ...rest] = (await send(port, `GET ${at} HTTP/1.1`, 'Host: own.example')).body.split(':');
  assert.equal(rest.length, 3);
  assert.match((await send(port, `GET ${at}xhr-polling/${id} HTTP/1.1`, 'Host: own.example')).body, /1::/);
  const packet = '5:1+::{"name":"message","args":["hello"]}';
  const post = [`POST ${at}xhr-polling/${id} HTTP/1.1`, 'Host: own.example', `Content-Length: ${packet.length}`, 'Connection: close', '', packet];
  const got = await write(port, post.join('\r\n'));
  assert.deepEqual([got.status, got.body], [200, '1']);

  // The host in the target counts, even if the header Host names another (RFC 9112, 3.2.2).
  for (const [host, status] of [['own.example', 200], ['other.example', 403]] as const) {
    assert.equal((await send(port, `GET http://${host}${resource}/1/ HTTP/1.1`, 'Host: own.example', 'Origin: http://own.example')).status, status, host);
  }
});

test('an answer without a body has no length of one', async t => {
  const { port } = await startServer(t);
  for (const path of [`${resource}/1/`, `${resource}/1/xhr-polling/${'a'.repeat(20)}`]) {
    const got = await send(port, `OPTIONS ${path} HTTP/1.1`, 'Host: own.example', 'Origin: http://own.example', 'Access-Control-Request-Method: POST');
    assert.equal(got.status, 204, got.head);
    assert.doesNotMatch(got.head, /^(content-length|content-type|transfer-encoding):/im);
    assert.equal(got.body, '');
  }
});

test('no refusal repeats anything of the request', async t => {
  const { port } = await startServer(t, { env: { TRANSPORTS: 'websocket,xhr-polling' } });
  const marked = 'ZZmarkedZZ';
  const paths = [`/${marked}`, `${appPath}/${marked}`, `${appPath}/%ff${marked}`, `${appPath}/..%2f${marked}`, `${resource}/${marked}`, `${resource}/1/${marked}/x`, `${resource}/1/xhr-polling/${marked}`,
    `${resource}/${marked}/1/2/3`, `${resource}/1/?jsonp=${marked}`, `${resource}.${marked}`, `http://${marked}/${marked}`, `${appPath}/${marked}<script>`, `${appPath}/health/${marked}`];
  for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH', 'PROPFIND']) for (const path of paths) {
    const got = await send(port, `${method} ${path}?${marked} HTTP/1.1`, `Host: ${marked}`, `X-${marked}: ${marked}`, `Cookie: ${marked}`, `Referer: http://${marked}/`, `User-Agent: ${marked}`, 'Content-Length: 0');
    assert(got.status >= 200 && got.status < 500, got.head);
    assert(!`${got.head}${got.body}`.includes(marked), `${method} ${path}\n${got.head}\n${got.body}`);
    assert(!/\bat .*\.js|node_modules|[/\\](src|dist)[/\\]/.test(got.body), got.body);
  }
  for (const upgrade of ['websocket', 'h2c', marked]) {
    const got = await send(port, `GET ${appPath}/${marked} HTTP/1.1`, `Host: ${marked}`, `Upgrade: ${upgrade}`, 'Connection: Upgrade', `Sec-WebSocket-Key: ${marked}`);
    assert(!`${got.head}${got.body}`.includes(marked), got.head);
  }
});
