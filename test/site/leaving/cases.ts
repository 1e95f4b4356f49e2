/*
 * A page leaves several times by each way: a link, a script, a reload and a closed tab. The tests
 * use real browsers and real navigation. leaving.test.ts and leaving.long.test.ts share them.
 */
import assert from 'node:assert/strict';
import { test, TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { BrowserName, openBrowser } from '../../support/browser';
import { serveSite, Site } from '../../support/scripted';
import { until } from '../../support/wait';

/** A page that connects. Its function emit() emits a range of numbers. */
const PAGE = `<a href="other">a link</a><script>
  var state;
  var transport;
  var back = 0;
  var connection = Realtime.connect();
  connection.on('status', function (status) {
    state = status.state;
    transport = status.transport;
  });
  window.addEventListener('pageshow', function (event) { if (event.persisted) back += 1; });
  function emit(from, to) {
    for (var n = from; n <= to; n += 1) connection.emit('n', n);
  }
</script>`;
/**
 * The same page, with its own handlers before and after those of realtime.js. They emit numbers.
 */
const WITH_HANDLERS = `<a href="other">a link</a><script>
  var EVENTS = ['beforeunload', 'pagehide', 'visibilitychange'];
  var state;
  var connection;
  var emitted = 0;
  var leaves = false;
  function listen() {
    EVENTS.forEach(function (event) {
      (event === 'visibilitychange' ? document : window).addEventListener(event, function () {
        if (leaves) connection.emit('n', emitted += 1);
      });
    });
  }
  function emit() { leaves = true; }
  listen();
  connection = Realtime.connect();
  connection.on('status', function (status) { state = status.state; });
  listen();
</script>`;
const OTHER = '<!DOCTYPE html><title>another page</title><p>nothing here';

/**
 * One session as the application sees it: the numbers that it heard, and when the session ended.
 */
export interface Seen { heard: number[]; left: number }

export interface Visit extends Site { sessions: Seen[]; most: () => number }

export function start(t: TestContext, env = {}, page = PAGE): Visit {
  const sessions: Seen[] = [];
  let most = 0;
  const site = serveSite(t, io => io.sockets.on('connection', socket => {
    const seen: Seen = { heard: [], left: 0 };
    sessions.push(seen);
    most = Math.max(most, site.clients());
    socket.on('n', (n: number) => { seen.heard.push(n); });
    socket.on('disconnect', () => { seen.left = Date.now(); });
  }), { page, other: OTHER }, env);
  return { ...site, sessions, most: () => most };
}

export const connected = (page: Page) => page.waitForFunction('state === "connected"');

const TO_OTHER = ['a link', 'a script that sets location'];
const RELOAD = 'a reload';

/**
 * The ways in which a page leaves. The reload is the last: only there may the site have two clients
 * at once. Each emits 5 messages right before the page leaves.
 */
const WAYS: Record<string, (page: Page) => Promise<unknown>> = {
  'a link': page => page.evaluate(`emit(1, 5); document.querySelector('a').click()`),
  'a script that sets location': page => page.evaluate(`emit(1, 5); location.href = 'other'; 0`),
  'a closed tab': async page => {
    await page.evaluate(`emit(1, 5)`);
    await page.close({ runBeforeUnload: true });
  },
  [RELOAD]: page => page.evaluate(`emit(1, 5); location.reload()`),
};

export const FIVE = [1, 2, 3, 4, 5];

/** Opens an empty page beside another. In Firefox this is a tab: a window takes 0.4 s of processor time more. */
export async function openBeside(keeper: Page): Promise<Page> {
  const browser = keeper.context();
  if (browser.browser()!.browserType().name() !== 'firefox') return browser.newPage();
  const open = () => { window.open('about:blank', '_blank', 'noopener'); };
  const [page] = await Promise.all([browser.waitForEvent('page'), keeper.evaluate(open)]);
  return page;
}

/** Waits until an empty page has gone to the page, and is connected. @returns the same page */
export async function visit(opened: Promise<Page>, site: Site): Promise<Page> {
  const page = await opened;
  await page.goto(site.page('page'));
  await connected(page);
  return page;
}

/**
 * Ignores the error of playwright about a page that has gone.
 * @throws each other error
 */
export function gone(error: Error): void {
  if (!/context|closed|navigat|destroyed/i.test(error.message)) throw error;
}

/**
 * Tests that the messages of a page that leaves arrive.
 * @param name the browser
 * @param times how many times the page leaves by each way
 */
export function leave(name: BrowserName, times: number): void {
  test(`${name}: what a page emits right before it goes arrives, and the server knows at once`, async t => {
    const browser = await openBrowser(t, name);
    if (!browser) return;
    const site = start(t);
    // A browser ends with its last tab. Firefox also ends the process of a site with the last tab
    // of that site. So this tab stays open.
    const keeper = await browser.newPage();
    await keeper.goto(site.page('other'));
    const next = tabs(keeper, site);
    for (const [way, go] of Object.entries(WAYS)) {
      await t.test(way, async () => {
        for (let time = 1; time <= times; time++) {
          const page = await next();
          const seen = site.sessions.at(-1)!;
          await go(page).catch(gone);
          await until(() => seen.left, `disconnect ${time}: ${JSON.stringify(site.sessions)}`, 30);
          assert.deepEqual(seen.heard, FIVE);
          await ends(page, site, way);
        }
        assert(site.most() <= (way === RELOAD ? 2 : 1), String(site.most()));
      });
    }
  });
}

/**
 * Makes a function that visits the page in the same tab each time, or in a new tab if that is closed.
 * A new tab takes 0.2 s of processor time.
 */
function tabs(keeper: Page, site: Site): () => Promise<Page> {
  let tab: Page | undefined;
  return async () => {
    const opened = !tab || tab.isClosed() ? openBeside(keeper) : Promise.resolve(tab);
    return tab = await visit(opened, site);
  };
}

/** Waits for the end of a way: the tab is on the other page or closed, and the site has no client. */
async function ends(page: Page, site: Visit, way: string): Promise<void> {
  // A page that is closed while its first requests are under way cannot say goodbye.
  if (way === RELOAD) await until(() => site.clients() === 1, 'the page again');
  if (TO_OTHER.includes(way)) await page.waitForURL(site.page('other'));
  else if (!page.isClosed()) await page.close();
  await until(() => site.clients() === 0, 'its end');
}

/** Tests the same with a page that emits in its own handlers of leaving. */
export function leaveWithHandlers(name: BrowserName, times: number): void {
  test(`${name}: what a page emits in its own handlers of leaving arrives`, async t => {
    const browser = await openBrowser(t, name);
    if (browser) await withHandlers(t, await browser.newPage(), times);
  });
}

/**
 * Lets a page leave that emits in its own handlers of leaving.
 * @param keeper a page that stays open
 * @param times how many times the page leaves by each way
 */
export async function withHandlers(t: TestContext, keeper: Page, times: number): Promise<void> {
  const site = start(t, {}, WITH_HANDLERS);
  await keeper.goto(site.page('other'));
  const next = tabs(keeper, site);
  for (const way of ['a link', 'a closed tab', RELOAD]) {
    await t.test(way, async () => {
      for (let time = 1; time <= times; time++) {
        const page = await next();
        const seen = site.sessions.at(-1)!;
        await WAYS[way]!(page).catch(gone);
        await until(() => seen.left, `disconnect ${JSON.stringify(seen)}`, 30);
        assert.deepEqual(seen.heard, [1, 2, 3, 4, 5, 6]);
        await ends(page, site, way);
      }
    });
  }
}
