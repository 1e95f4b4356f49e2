/*
 * A browser has a visitor's page and hostile pages open. This file lets the hostile pages attack,
 * and finds what they achieve.
 */
import assert from 'node:assert/strict';
import { test, TestContext } from 'node:test';
import type { Frame, Page } from 'playwright-core';
import type { Server } from '../../../src/realtime';
import { openBrowser } from '../../support/browser';
import type { Loose } from '../../support/raw';
import { serveSite, Site } from '../../support/scripted';
import { appPath, resource } from '../../support/template';
import { until } from '../../support/wait';
import { assertAllowed, Exchange, faults, variesByOrigin, watch, Wire } from '../../support/wire';
import { attempt, attempts, hostileSite, withoutOrigin } from './attempts';

/**
 * The visitor's browser has a cookie of the application. The hostile site is at another port than
 * the application, and also at 127.0.0.1.
 */
export interface Given {
  t: TestContext;
  /** A page for the application. */
  visitor: Page;
  /** A page for any site. */
  page: Page;
  server: Site;
  wire: Wire;
  /** The port of the hostile site. */
  hostile: number;
  /** Whether the hostile pages try everything by every means. */
  everyMeans: boolean;
}

interface Options {
  /** @returns the value of ALLOWED_ORIGINS */
  allowed?: (hostile: number) => string;
  transports?: string;
}

/** This application answers each message, and tells all clients how many clients are connected. */
function app(io: Server<Loose, Loose>): void {
  io.sockets.on('connection', socket => {
    socket.on('message', (text, ack) => {
      socket.emit('response', 'Got it!');
      if (typeof ack === 'function') ack(text);
    });
  });
  io.on('clients', clients => io.sockets.emit('clients', clients));
}

const PAGES = {
  // The application's own page lists the answers to its messages.
  '': `<p id="state"></p><ol id="log"></ol><script>
    var connection = Realtime.connect();
    connection.on('status', function (status) { document.getElementById('state').className = status.state; });
    connection.on('response', function (text) { document.getElementById('log').innerHTML += '<li>' + text + '</li>'; });
  </script>`,
  empty: '<!DOCTYPE html><title>empty</title>',
};

export type Visit = (what: string, options: Options, body: (given: Given) => Promise<void>) => Promise<void>;

/**
 * Runs tests that share a browser and its pages. The tests are skipped where the browser is
 * missing.
 * @param everyMeans whether hostile pages try everything by every means
 */
export function inBrowser(name: 'chromium' | 'firefox', everyMeans: boolean, tests: (visit: Visit) => Promise<void>): void {
  test(`in ${name}`, async t => {
    const started = await openBrowser(t, name);
    if (!started) return;
    const browser = await started.browser()!.newContext({ ignoreHTTPSErrors: true });
    await browser.addCookies([{ name: 'user', value: 'ada', url: 'http://localhost' }]); // at any port
    const [visitor, page] = [await browser.newPage(), await browser.newPage()];
    await tests((what, { allowed = nearMisses, transports = '' }, body) => t.test(what, async t => {
      const hostile = await hostileSite(t);
      const server = serveSite(t, app, PAGES, {
        ALLOWED_ORIGINS: allowed(hostile), TRANSPORTS: transports, TRUSTED_PROXIES: '127.0.0.1,::1',
      });
      const wire = await watch(t, server.port);
      await body({ t, visitor, page, server, wire, hostile, everyMeans });
    }));
  });
}

/** @returns origins that are close to the hostile page's origin, but differ from it */
const nearMisses = (port: number) => `https://localhost:${port},http://localhost:${port === 65535 ? 1 : port + 1},http://a.localhost:${port},http://localhost`;

interface Place {
  /** The address of the page on the hostile site. */
  url: string;
  /** Whether the page is in a frame without an origin. */
  sandboxed?: boolean;
  /** Whether the browser sends all cookies. It does if only the ports of the two origins differ. */
  sameSite?: boolean;
  /** Whether the browser sends no Sec-Fetch-*. */
  old?: boolean;
  /**
   * Whether requests without an Origin have neither Sec-Fetch-Site nor Referer. Then the server
   * knows nothing of the page.
   */
  hidden?: boolean;
}

export const sameSite = (port: number): Place => ({ url: `http://localhost:${port}/`, sameSite: true });
export const crossSite = (port: number): Place => ({ url: `http://127.0.0.1:${port}/` });
const sameSiteNoReferer = (port: number): Place => ({ url: `http://localhost:${port}/hidden`, sameSite: true });
const inOldBrowser = (port: number): Place => ({ ...sameSite(port), old: true });
const hidden = (port: number): Place => ({ ...sameSiteNoReferer(port), old: true, hidden: true });
export const sandbox = (port: number): Place => ({ url: `http://localhost:${port}/sandbox`, sandboxed: true });

/** Opens a page of the hostile site. */
export async function open(page: Page, place: Place): Promise<Frame> {
  await page.goto(place.url);
  return place.sandboxed ? page.frames()[1]! : page.mainFrame();
}

/**
 * Waits until a frame shows the page that a link leads to. The answer of the server comes earlier.
 * If the next page were opened in between, the link would still replace it.
 */
const hasFollowed = (frame: Frame, url: string) => until(() => frame.url() === url, 'the page behind the link', 30);

/**
 * @returns the name of the attempt that made a request, or null for a request of the application's
 * own page
 */
export const attemptOf = ({ url }: Exchange) => url.searchParams.get('attempt');

/**
 * Lets a page try everything while the visitor is connected.
 * @returns a line for each fault, with the attempts that show it, or '' if there is no fault
 */
async function attack({ visitor, page, server, wire, hostile, everyMeans }: Given, where: (port: number) => Place): Promise<string> {
  const wrong = new Map<string, string[]>();
  const note = (fault: string, attempt = 'the visitor') => {
    const line = fault.replace(/[\w-]{20}(?=:60)/, '<session>');
    wrong.set(line, [...wrong.get(line) ?? [], attempt]);
  };
  const place = where(hostile);
  wire.fetchMetadata = !place.old;
  const seen = (name: string | null) => wire.seen.filter(exchange => attemptOf(exchange) === name);
  const waiting = () => seen(null).filter(({ ended }) => !ended);
  await until(() => seen(null).some(({ text }) => text.includes('"clients"')) && waiting().length === 1, 'a poll that waits', 30);
  const [poll] = waiting();
  const session = poll!.url.pathname.split('/').pop()!;
  const answersBefore = await visitor.locator('#log li').count();

  const before = wire.seen.length;
  const since = (name: string | null) => wire.seen.slice(before).filter(exchange => attemptOf(exchange) === name);
  const frame = await open(page, place);
  let patience: number | undefined;
  let seconds = 30;
  for (const one of attempts(wire.origin, session, everyMeans)) {
    // The server cannot tell these requests from those of the application's own page.
    const unknown = place.hidden && one.body === undefined && withoutOrigin.includes(one.means);
    if (unknown && !one.name.includes('handshake')) continue;
    const read = await frame.evaluate(attempt, { ...one, patience });
    if (read) note(`the page reads ${read}`, one.name);
    await until(() => since(one.name).some(({ ended }) => ended), one.name, seconds).catch(() => {
      // The server has let something through. The page still makes the other attempts, but waits
      // less for each, so that the test does not take too long.
      patience = 200;
      seconds = 1;
    });
    if (one.means === 'link') await hasFollowed(frame, one.url).catch(() => note('does not follow the link', one.name));
    if (since(one.name).length === 0) note('does not reach the server', one.name);
    for (const exchange of since(one.name)) {
      if (unknown && /script/.test(exchange.answer['content-type'] ?? '')) note('is answered with script', one.name);
      if (unknown && 'access-control-allow-origin' in exchange.answer) note('is answered for another origin', one.name);
      if (!unknown) for (const fault of faults(exchange)) note(fault, one.name);
      const silent = !place.sandboxed && one.body === undefined && withoutOrigin.includes(one.means);
      if (silent && exchange.headers.origin) note('has an Origin', one.name); // a faulty attempt
      const withCookie = exchange.method !== 'OPTIONS' && (place.sameSite || (one.means === 'link' && !place.sandboxed));
      if (withCookie && exchange.headers.cookie !== 'user=ada') note(`has not the visitor's cookie`, one.name);
    }
  }

  // After 20 s, the empty packet 8:: ends a poll.
  const own = () => seen(null).slice(seen(null).indexOf(poll!));
  for (const { method, ended, text } of own()) {
    if (method !== 'GET' || (ended && text !== '8::')) note(`is disturbed: ${method} ${text}`);
  }
  // The visitor sends a message, as if nothing had happened. If a message was posted in the
  // visitor's name, its answer comes before the answer to this message.
  await say(visitor);
  const answers = async () => await visitor.locator('#log li').count() - answersBefore;
  await until(answers, 'the answer', 30).catch(() => note('gets no answer'));
  if (await answers() > 1) note(`gets ${await answers()} answers to one message`);
  if (!own().at(-1)!.url.pathname.endsWith(session)) note('has another session');
  for (const { ended, answer } of own()) {
    if (ended && !variesByOrigin(answer)) note('is answered without Vary: Origin');
    if ((answer['access-control-allow-origin'] ?? wire.origin) !== wire.origin) note('is answered for another origin');
  }
  if (server.clients() !== 1) note(`is one of ${server.clients()} clients`);
  return [...wrong].map(([fault, names]) => `${fault} (${names.join(', ')})`).join('\n');
}

/** Opens the application's page, and waits until it is connected. */
export async function connect(page: Page, origin: string): Promise<void> {
  await page.goto(`${origin}${appPath}/`);
  await page.waitForSelector('#state.connected', { state: 'attached' });
}

/** Sends a message from the application's page, which lists the answer. */
export const say = (page: Page) => page.evaluate('connection.emit("message", "hello")');

/** Makes a request from a page. @returns all that the page reads of the answer */
export const read = (page: Frame, name: string, means: string, url: string, body?: string) => {
  const address = new URL(url);
  address.searchParams.set('attempt', name);
  return page.evaluate(attempt, { name, means, url: address.href, body });
};

/** The visits that are made in each browser. */
export async function visitAll(visit: Visit): Promise<void> {
  await visit('hostile pages, and the visitor does not notice', {}, async given => {
    await connect(given.visitor, given.wire.origin);
    for (const [what, where] of Object.entries({
      'a page of the same site without a Referer is refused whatever it tries': sameSiteNoReferer,
      'a page of another site is refused whatever it tries': crossSite,
      'a page without an origin is refused whatever it tries': sandbox,
      'a page with a Referer is refused where the browser has no Sec-Fetch-*': inOldBrowser,
      'a page without a Referer there reads nothing, and posts nothing': hidden,
    })) {
      await given.t.test(what, async () => assert.equal(await attack(given, where), ''));
    }
  });

  await visit('a page in ALLOWED_ORIGINS can do it all, cookies included', { allowed: port => `http://localhost:${port}` }, async ({ page: tab, wire, hostile }) => {
    const page = await open(tab, sameSite(hostile));
    const handshake = `${wire.origin}${resource}/1/`;
    for (const means of ['fetch', 'XMLHttpRequest']) {
      const answer = await read(page, 'handshake', means, handshake);
      assert.match(answer, /^200 [\w-]{20}:60:60:xhr-polling$/);
      const poll = `${handshake}xhr-polling/${answer.slice(4, 24)}`;
      let packets = await read(page, 'poll', means, poll);
      assert.match(packets, /^200 .*1::/);
      assert.equal(await read(page, 'post', means, poll, '5:::{"name":"message","args":["one"]}'), '200 1');
      assert.equal(await read(page, 'post with X-Requested-With', 'preflighted', poll, '5:::{"name":"message","args":["two"]}'), '200 1');
      // A poll may bring one of the packets, or all of them.
      const got = () => packets.split('Got it!').length - 1;
      for (let i = 0; i < 4 && got() < 2; i++) packets += await read(page, 'poll', means, poll);
      assert.equal(got(), 2, packets);
    }
    assert(wire.seen.some(({ method }) => method === 'OPTIONS'));
    for (const exchange of wire.seen) assertAllowed(exchange, `http://localhost:${hostile}`);

    const stranger = await open(tab, crossSite(hostile));
    assert.equal(await read(stranger, 'of another host', 'fetch', handshake), '');
    assert.deepEqual([...faults(wire.seen.at(-1)!)], []);
  });
}
