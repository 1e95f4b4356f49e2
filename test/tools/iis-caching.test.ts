/* <caching>, allowKeepAlive and <staticContent> in the stand-in for IIS. */
import assert from 'node:assert/strict';
import http from 'node:http';
import path from 'node:path';
import { utimesSync } from 'node:fs';
import { describe, test, TestContext } from 'node:test';
import { script, serve, webConfig } from './iis-application';

const COUNT = script('n += 1; res.end(String(n));', 'let n = 0;');
const caching = (profile: string, attributes = '') =>
  `<caching ${attributes}><profiles><add extension=".js" ${profile} /></profiles></caching>`;

/** Sends some requests, one after the other, to a server that counts them. @returns its answers */
async function counts(t: TestContext, server: string, asked: [name: string, to?: http.RequestOptions][]) {
  const { get } = await serve(t, { 'web.config': webConfig('', { server }), 'hello.js': COUNT });
  const answers: string[] = [];
  for (const [name, to] of asked) answers.push((await get(name, to)).text);
  return answers.join(' ');
}

describe('IIS keeps answers of node where <caching> has a profile for the extension of the script', () => {
  const times = (count: number): [string][] => Array.from({ length: count }, () => ['hello.js']);
  test('from the second request on', async t => {
    assert.equal(await counts(t, caching('policy="CacheForTimePeriod"'), times(4)), '1 2 2 2');
    assert.equal(await counts(t, caching('policy="CacheUntilChange"'), times(4)), '1 2 2 2');
  });

  test('not without a policy, switched off, for clients only, or for another extension', async t => {
    for (const server of [
      caching(''), caching('policy="DontCache"'), caching('policy="CacheForTimePeriod"', 'enabled="false"'),
      caching('policy="CacheForTimePeriod" location="Client"'), caching('policy="CacheForTimePeriod"').replace('.js', '.asp'),
    ]) assert.equal(await counts(t, server, times(4)), '1 2 3 4', server);
    assert.equal(await counts(t, caching('policy="CacheForTimePeriod"').replace('.js', '*'), times(4)), '1 2 2 2');
  });

  test('no other method than GET, and one for each value of varyByQueryString and varyByHeaders', async t => {
    const post = { method: 'POST', headers: { 'content-length': '0' } };
    assert.equal(await counts(t, caching('policy="CacheForTimePeriod"'), [['hello.js'], ['hello.js'], ['hello.js', post], ['hello.js']]), '1 2 3 2');
    // varyByQueryString does not name `a` here, so all values of `a` have the same answer.
    assert.equal(await counts(t, caching('policy="CacheForTimePeriod"'), [['hello.js?a=1'], ['hello.js?a=2'], ['hello.js?a=3']]), '1 2 2');
    const byQuery = caching('policy="CacheForTimePeriod" varyByQueryString="a"');
    assert.equal(await counts(t, byQuery, [['hello.js?a=1'], ['hello.js?a=1'], ['hello.js?a=2'], ['hello.js?a=1&b=3']]), '1 2 3 2');
    const byHeader = caching('policy="CacheForTimePeriod" varyByHeaders="X-A"');
    const one = { headers: { 'x-a': '1' } };
    assert.equal(await counts(t, byHeader, [['hello.js', one], ['hello.js', one], ['hello.js'], ['hello.js', one]]), '1 2 3 2');
  });

  test('of URLs that rules lead to one script, one for each URL, with its query string', async t => {
    const config = webConfig('', {
      server: `${caching('policy="CacheForTimePeriod"')}<rewrite><rules><rule name="all">`
        + '<match url=".*" /><action type="Rewrite" url="hello.js" /></rule></rules></rewrite>',
    });
    const { get } = await serve(t, { 'web.config': config, 'hello.js': COUNT });
    const answers: string[] = [];
    for (const name of ['a?t=1', 'a?t=2', 'b?t=1', 'a?t=1', 'a?t=1', 'a?t=3', 'b?t=1']) {
      answers.push((await get(name)).text);
    }
    assert.equal(answers.join(' '), '1 2 3 4 4 5 6');
  });

  test('until the file changes', async t => {
    const { get, folder } = await serve(t, {
      'web.config': webConfig('watchedFiles="none.txt"', { server: caching('policy="CacheUntilChange"') }), 'hello.js': COUNT,
    });
    for (let at = 0; at < 3; at++) await get();
    assert.equal((await get()).text, '2');
    utimesSync(path.join(folder, 'hello.js'), new Date(), new Date(Date.now() + 5000));
    assert.equal((await get()).text, '3');
  });

  test('an answer that is no 200 is not kept', async t => {
    const files = { 'web.config': webConfig('', { server: `${caching('policy="CacheForTimePeriod"')}<httpErrors existingResponse="PassThrough" />` }) };
    const { get } = await serve(t, { ...files, 'hello.js': script('n += 1; res.statusCode = 404; res.end(String(n));', 'let n = 0;') });
    assert.deepEqual([(await get()).text, (await get()).text, (await get()).text], ['1', '2', '3']);
  });
});

test('allowKeepAlive="false" ends each connection behind its answer', async t => {
  const agent = new http.Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  for (const [attributes, connection] of [['', 'keep-alive'], ['allowKeepAlive="false"', 'close']] as const) {
    const { get } = await serve(t, { 'web.config': webConfig('', { server: `<httpProtocol ${attributes} />` }), 'hello.js': COUNT });
    assert.equal((await get('hello.js', { agent })).headers.connection, connection);
  }
});

test('a <mimeMap> that is there twice is a 500.19 for files, and node answers', async t => {
  const server = '<staticContent><mimeMap fileExtension=".txt" mimeType="a/b" /></staticContent>';
  const log: string[] = [];
  const { get } = await serve(
    t, { 'web.config': webConfig('', { server }), 'hello.js': COUNT, 'a.txt': 'a' }, { log: line => { log.push(line); } },
  );
  assert.equal((await get()).text, '1');
  const file = await get('a.txt');
  assert.equal(file.status, 500);
  assert.match(file.text, /500\.19[^]*Cannot add duplicate collection entry/);
  assert.match(log.join('\n'), /500\.19 for every file that IIS itself serves: .*web\.config, line \d+.*mimeMap/);
});
