/*
 * Runs `npm run verify` against sites without faults. All checks pass. good.long.test.ts has more
 * such sites.
 */
import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { describe, test } from 'node:test';
import type { Options } from '../../../tools/verify/verify';
import { launchRedis } from '../../../tools/redis-server';
import { available } from '../../support/available';
import { serveAsIis } from '../../support/iis';
import { setting, webConfig, yml } from './config';
import { answerWith, Front, standInFront } from './front';
import { passes, webSockets } from './good';
import { EVENT, parentFile, site } from './site';

describe('a site that is as it should be passes', { concurrency: 8 }, () => {
  test('the template as it comes', async t => {
    const iis = await serveAsIis(t);
    await passes(iis, iis.url);
  });

  test('with an event that is named, larger messages, and pages of another origin', async t => {
    const filtering = 'security/requestFiltering/requestLimits';
    const origin = 'https://www.example.com';
    const iis = await site(t, [
      setting('MAX_MESSAGE_BYTES', '2000000'), setting('ALLOWED_ORIGINS', origin),
      webConfig(config => config.set(filtering, { maxAllowedContentLength: '2097152' })),
    ]);
    const saw = await passes(iis, iis.url, { event: EVENT, messageBytes: 2000000, origin });
    assert.match(saw['message, xhr-polling']!, /^passed: acknowledged in \d+ ms; hello too$/);
    assert.match(saw['message, websocket']!, /^skipped/);
    assert.match(saw['size of a message']!, /^passed: 2000000 bytes accepted/);
    assert.match(saw['origins of pages']!, /those of https:\/\/www\.example\.com too/);
  });

  test('as the root of a site, where a redirect leads to the page', async t => {
    const iis = await site(t, [], { app: '/' });
    await passes(iis, iis.origin);
  });

  test('below a parent that has much of its own', async t => {
    const parent = parentFile(t, `
      <appSettings><add key="Owner" value="somebody" /></appSettings>
      <system.webServer>
        <handlers><add name="other" path="*.other" verb="*" modules="StaticFileModule" /></handlers>
        <httpProtocol><customHeaders><add name="X-Parent" value="yes" /></customHeaders></httpProtocol>
        <security><requestFiltering>
          <hiddenSegments><add segment="private" /></hiddenSegments>
        </requestFiltering></security>
        <rewrite><rules><rule name="of the parent"><match url="^old" /><action type="None" /></rule>
        </rules></rewrite>
      </system.webServer>`);
    const iis = await site(t, [], { parents: [parent] });
    await passes(iis, iis.url);
  });

  test('with several processes that share a Redis', async t => {
    const redis = await launchRedis();
    if (!available(t, 'redis-server', redis, false)) return;
    t.after(() => redis!.stop());
    const iis = await site(t, [
      setting('REDIS_URL', redis!.url), yml('nodeProcessCountPerApplication', '2'),
      yml('nodeProcessStickySessions', 'true'),
    ]);
    const saw = await passes(iis, iis.url, { event: EVENT });
    assert.match(saw.health!, /2 processes$/);
  });

  test('with WebSockets, on IIS 8 and later, behind a proxy that hands them on', async t => {
    const iis = await site(t, webSockets, { iis: '10' });
    const transports = ['websocket', 'xhr-polling'];
    const through = await standInFront(t, iis, { upgrade: 'pass' });
    const saw = await passes(iis, through, { transports });
    assert.match(saw['message, websocket']!, /^passed: acknowledged in \d+ ms; an older Firefox polls/);
  });

  test('over HTTPS, by a proxy that says so', async t => {
    const iis = await site(t, [setting('TRUSTED_PROXIES', '127.0.0.1,::1')]);
    const request: Front['request'] = req => { req.headers['x-forwarded-proto'] = 'https'; };
    const address = await standInFront(t, iis, { tls: true, request });
    assert.match(address, /^https:/);
    await passes(iis, address, { insecure: true });
  });
});

test('a site passes behind what may stand in front of it', { concurrency: 8 }, async t => {
  const iis = await site(t);
  const tests: Promise<void>[] = [];
  const on = (name: string, front: Front, options: Partial<Options> = {}) => {
    tests.push(t.test(name, async inner => {
      await passes(iis, await standInFront(inner, iis, front), options);
    }));
  };

  const right = `Basic ${Buffer.from('SERVER\\ada:p:w').toString('base64')}`;
  on('a proxy that keeps Host, a login by Basic authentication, a login page, and an IIS that compresses static files', {
    request: (req, res) => {
      if (req.headers.authorization !== right) {
        return answerWith(res, 401, '', { 'WWW-Authenticate': 'Basic realm="x"' });
      }
      return !/\bticket=abc\b/.test(req.headers.cookie ?? '')
        && answerWith(res, 302, '', { Location: '/login' });
    },
    answer: (answer, req) => {
      if (!/\.(css|js)$/.test(req.url!) || answer.headers['content-encoding']) return;
      answer.headers['content-encoding'] = 'gzip';
      answer.body = gzipSync(answer.body);
    },
  }, { user: 'SERVER\\ada:p:w', cookie: 'lang=en; ticket=abc' });

  let strangers = 0;
  on('a balancer that wants its cookie back', {
    // A visitor has the cookie after its first answer. So only these requests lack it: the first
    // one of verify itself, those of the four visitors that ask for health, and requests that a
    // visitor sends together with its first one.
    request: (req, res) => {
      if (/\bserver=1\b/.test(req.headers.cookie ?? '')) return;
      strangers += 1;
      return strangers > 10 && answerWith(res, 500, 'no cookie');
    },
    answer: answer => { answer.headers['set-cookie'] = ['server=1; Path=/; HttpOnly']; },
  });

  await Promise.all(tests);
});
