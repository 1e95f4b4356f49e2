/* What a page of another origin can do with the browser of a visitor: nothing, unless ALLOWED_ORIGINS has its origin. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { test, TestContext } from 'node:test';
import type { BrowserContext, Frame, Page } from 'playwright-core';
import { openBrowser } from '../support/browser';
import { needsSignals } from '../support/available';
import { Running, startServer } from '../support/server';
import { appPath, resource } from '../support/template';
import { until } from '../support/wait';
import { attempt, attempts, hostileSite, withoutOrigin } from './attempts';
import type { Iis } from '../../tools/iis/index';
import { proxy } from '../support/proxy';
import { assertAllowed, Exchange, faults, variesByOrigin, watch, Wire } from '../support/wire';

/** A visitor's browser with a cookie of the application, the application, and a hostile site: at another port, and as 127.0.0.1. */
interface Given { t: TestContext; browser: BrowserContext; server: Running; wire: Wire; hostile: number }

interface Options {
  /** Whether the browser sends Sec-Fetch-*. */
  fetchMetadata?: boolean;
  /** ALLOWED_ORIGINS. */
  allowed?: (hostile: number) => string;
  transports?: string;
}

type Visit = (what: string, options: Options, body: (given: Given) => Promise<void>) => Promise<void>;

/** Tests that share a browser, not what is in it; skipped where it is missing. */
function inBrowser(name: 'chromium' | 'firefox', tests: (visit: Visit) => Promise<void>): void {
  test(`in ${name}`, async t => {
    const started = await openBrowser(t, name);
    if (!started) return;
    await tests((what, { fetchMetadata, allowed = nearMisses, transports = '' }, body) => t.test(what, async t => {
      const browser = await started.browser()!.newContext();
      t.after(() => browser.close());
      const hostile = await hostileSite(t);
      const server = await startServer(t, { env: { ALLOWED_ORIGINS: allowed(hostile), TRANSPORTS: transports, TRUSTED_PROXIES: '127.0.0.1,::1' } });
      const wire = await watch(t, server.port, fetchMetadata);
      await browser.addCookies([{ name: 'user', value: 'ada', url: wire.origin }]);
      await body({ t, browser, server, wire, hostile });
    }));
  });
}

/** What is close to the hostile page's origin, and is not it. */
const nearMisses = (port: number) => `https://localhost:${port},http://localhost:${port === 65535 ? 1 : port + 1},http://a.localhost:${port},http://localhost`;

interface Place {
  /** Where the page is on the hostile site. */
  url: string;
  /** Whether it is in a frame there that has no origin. */
  sandboxed?: boolean;
  /** Whether all cookies go along: another port is no other site. */
  sameSite?: boolean;
  /** Whether the server is told nothing of the page in requests that have no Origin, neither Sec-Fetch-Site nor Referer. */
  hidden?: boolean;
}

const sameSite = (port: number): Place => ({ url: `http://localhost:${port}/`, sameSite: true });
const crossSite = (port: number): Place => ({ url: `http://127.0.0.1:${port}/` });
const sameSiteNoReferer = (port: number): Place => ({ url: `http://localhost:${port}/hidden`, sameSite: true });
const hidden = (port: number): Place => ({ ...sameSiteNoReferer(port), hidden: true });
const sandbox = (port: number): Place => ({ url: `http://localhost:${port}/sandbox`, sandboxed: true });

/** Opens a page of the hostile site. */
async function open(browser: BrowserContext, place: Place): Promise<Frame> {
  const page = await browser.newPage();
  await page.goto(place.url);
  return place.sandboxed ? page.frames()[1]! : page.mainFrame();
}

/** The name of the attempt that made a request; null for a request of the application's own page. */
const attemptOf = ({ url }: Exchange) => url.searchParams.get('attempt');

/** Lets a page try everything while a visitor is connected, and gives what went wrong, and where, in lines of text. */
async function attack({ browser, server, wire, hostile }: Given, where: (port: number) => Place): Promise<string> {
  const wrong = new Map<string, string[]>();
  const note = (fault: string, attempt = 'the visitor') => {
    const line = fault.replace(/[\w-]{20}(?=:60)/, '<session>');
    wrong.set(line, [...wrong.get(line) ?? [], attempt]);
  };
  const place = where(hostile);
  const before = wire.seen.length;
  const since = (name: string | null) => wire.seen.slice(before).filter(exchange => attemptOf(exchange) === name);
  const waiting = () => since(null).filter(({ ended }) => !ended);
  const visitor = await connect(browser, wire.origin);
  await until(() => since(null).some(({ text }) => text.includes('"clients"')) && waiting().length === 1, 'a poll that waits');
  const [poll] = waiting();
  const session = poll!.url.pathname.split('/').pop()!;

  const page = await open(browser, place);
  let patience: number | undefined;
  for (const one of attempts(wire.origin, session)) {
    // Nobody can tell these from what the application's own page asks.
    const unknown = place.hidden && one.body === undefined && withoutOrigin.includes(one.means);
    if (unknown && !one.name.includes('handshake')) continue;
    const read = await page.evaluate(attempt, { ...one, patience });
    if (read) note(`the page reads ${read}`, one.name);
    await until(() => since(one.name).some(({ ended }) => ended), one.name, 1).catch(() => patience = 200);
    if (since(one.name).length === 0) note('does not reach the server', one.name);
    for (const exchange of since(one.name)) {
      if (unknown && /script/.test(exchange.answer['content-type'] ?? '')) note('is answered with script', one.name);
      if (unknown && 'access-control-allow-origin' in exchange.answer) note('is answered for another origin', one.name);
      if (!unknown) for (const fault of faults(exchange)) note(fault, one.name);
      const silent = !place.sandboxed && one.body === undefined && withoutOrigin.includes(one.means);
      if (silent && exchange.headers.origin) note('has an Origin', one.name); // then it does not try what it is to try
      const withCookie = exchange.method !== 'OPTIONS' && (place.sameSite || (one.means === 'link' && !place.sandboxed));
      if (withCookie && exchange.headers.cookie !== 'user=ada') note(`has not the visitor's cookie`, one.name);
    }
  }

  // An empty packet ends a poll after 20 s.
  for (const { method, ended, text } of since(null).slice(since(null).indexOf(poll!))) {
    if (method !== 'GET' || (ended && text !== '8::')) note(`is disturbed: ${method} ${text}`);
  }
  // The visitor goes on as if nothing had happened. What was posted in his name would be answered before this.
  await visitor.fill('#text', 'honest');
  await visitor.press('#text', 'Enter');
  await until(() => visitor.locator('#log .in').count(), 'the answer', 3).catch(() => note('gets no answer'));
  const answers = await visitor.locator('#log .in').count();
  if (answers > 1) note(`gets ${answers} answers to one message`);
  if (!since(null).at(-1)!.url.pathname.endsWith(session)) note('has another session');
  for (const { ended, answer } of since(null)) {
    if (ended && !variesByOrigin(answer)) note('is answered without Vary: Origin');
    if ((answer['access-control-allow-origin'] ?? wire.origin) !== wire.origin) note('is answered for another origin');
  }
  const health = await (await fetch(`${server.page}health`)).json() as { clients: number };
  if (health.clients !== 1) note(`is one of ${health.clients} clients`);
  return [...wrong].map(([fault, names]) => `${fault} (${names.join(', ')})`).join('\n');
}

/** Opens the application's page, and waits until it is connected. */
async function connect(browser: BrowserContext, origin: string): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(`${origin}${appPath}/`);
  await page.waitForSelector('#state.connected');
  return page;
}

/** Makes a request from a page, and gives what the page reads of the answer. */
const read = (page: Frame, name: string, means: string, url: string, body?: string) => {
  const address = new URL(url);
  address.searchParams.set('attempt', name);
  return page.evaluate(attempt, { name, means, url: address.href, body });
};

for (const name of ['chromium', 'firefox'] as const) {
  inBrowser(name, async visit => {
    const places = { 'of the same site without a Referer': sameSiteNoReferer, 'of another site': crossSite, 'without an origin': sandbox };
    for (const [what, where] of Object.entries(places)) {
      await visit(`a page ${what} is refused whatever it tries, and the visitor does not notice`, {}, async given => {
        assert.equal(await attack(given, where), '');
      });
    }

    await visit('a page with a Referer is refused where the browser has no Sec-Fetch-*', { fetchMetadata: false }, async given => {
      assert.equal(await attack(given, sameSite), '');
    });

    await visit('a page without a Referer there reads nothing, and posts nothing', { fetchMetadata: false }, async given => {
      assert.equal(await attack(given, hidden), '');
    });

    await visit('a page in ALLOWED_ORIGINS can do it all, cookies included', { allowed: port => `http://localhost:${port}` }, async ({ browser, wire, hostile }) => {
      const page = await open(browser, sameSite(hostile));
      const handshake = `${wire.origin}${resource}/1/`;
      for (const means of ['fetch', 'XMLHttpRequest']) {
        const answer = await read(page, 'handshake', means, handshake);
        assert.match(answer, /^200 [\w-]{20}:60:60:xhr-polling$/);
        const poll = `${handshake}xhr-polling/${answer.slice(4, 24)}`;
        let packets = await read(page, 'poll', means, poll);
        assert.match(packets, /^200 .*1::/);
        assert.equal(await read(page, 'post', means, poll, '5:::{"name":"message","args":["one"]}'), '200 1');
        assert.equal(await read(page, 'post with X-Requested-With', 'preflighted', poll, '5:::{"name":"message","args":["two"]}'), '200 1');
        // A poll may bring one packet or all.
        const got = () => packets.split('Got it!').length - 1;
        for (let i = 0; i < 4 && got() < 2; i++) packets += await read(page, 'poll', means, poll);
        assert.equal(got(), 2, packets);
      }
      assert(wire.seen.some(({ method }) => method === 'OPTIONS'));
      for (const exchange of wire.seen) assertAllowed(exchange, `http://localhost:${hostile}`);

      const stranger = await open(browser, crossSite(hostile));
      assert.equal(await read(stranger, 'of another host', 'fetch', handshake), '');
      assert.deepEqual([...faults(wire.seen.at(-1)!)], []);
    });
  });
}

inBrowser('chromium', async visit => {
  await visit('a WebSocket is for the own page only', { transports: 'websocket,xhr-polling' }, async ({ browser, server, hostile }) => {
    const opens = async (page: Frame) => {
      const session = (await (await fetch(`${server.origin}${resource}/1/`)).text()).split(':')[0]!;
      return page.evaluate(url => new Promise(resolve => {
        const socket = new WebSocket(url);
        socket.onmessage = event => resolve(event.data);
        socket.onclose = () => resolve('closed');
      }), `${server.origin.replace('http', 'ws')}${resource}/1/websocket/${session}`);
    };
    const own = await browser.newPage();
    await own.goto(`${server.page}health`);
    assert.equal(await opens(own.mainFrame()), '1::');
    for (const where of [sameSite, crossSite, sandbox]) assert.equal(await opens(await open(browser, where(hostile))), 'closed');
  });

  await visit('the own page gets no answer as script either, whatever it asks for', {}, async ({ browser, wire }) => {
    const page = (await connect(browser, wire.origin)).mainFrame();
    for (const means of ['script', 'fetch']) {
      for (const path of ['/1/?jsonp=0', '/1/jsonp-polling/unknown?i=0', '/2/?jsonp=0', '/?jsonp=0']) {
        const name = `${means} ${path}`;
        const seen = await read(page, name, means, wire.origin + resource + path);
        if (means === 'script') assert.doesNotMatch(seen, /xhr-polling/, name);
        for (const { answer, text } of wire.seen.filter(exchange => attemptOf(exchange) === name)) {
          assert.doesNotMatch(answer['content-type'] ?? '', /script/, name);
          assert.doesNotMatch(text, /^io\b/, name);
        }
      }
    }
  });

  await visit('the own page connects through a proxy that ends TLS', {}, async ({ t, browser, server }) => {
    const behind = { port: server.port, url: server.page } as Iis;
    const front = await proxy(t, behind, { tls: true, request: req => { req.headers['x-forwarded-proto'] = 'https'; } });
    const context = await browser.browser()!.newContext({ ignoreHTTPSErrors: true });
    const page = await connect(context, new URL(front).origin);
    await page.fill('#text', 'hello');
    await page.press('#text', 'Enter');
    await page.waitForSelector('#log .in');
  });
});

test('a server that is stopping says so to no other page', needsSignals, async t => {
  const server = await startServer(t);
  const socket = createConnection(server.port, 'localhost').setEncoding('utf8');
  let answer = '';
  socket.on('data', data => answer += String(data));
  socket.write(`GET ${resource}/1/ HTTP/1.1\r\nHost: localhost\r\nOrigin: http://stranger.example\r\n`);
  await fetch(`${server.page}health`); // by now it has arrived
  server.process.kill('SIGTERM');
  await until(() => server.output().includes('stopping'), 'the signal');
  socket.write('\r\n');
  await once(socket, 'close');
  assert.match(answer, /^HTTP\/1\.1 (403|503) /);
  assert.doesNotMatch(answer, /^access-control-/im);
});
