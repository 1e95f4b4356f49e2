/*
 * A page leaves: by a link, a script, a reload, a closed tab, and it may come back from the
 * browser's memory. What it emitted arrives, and the server knows at once that it has gone.
 * In real browsers, by real navigation.
 */
import assert from 'node:assert/strict';
import { test, TestContext } from 'node:test';
import type { BrowserContext, Page } from 'playwright-core';
import { openBrowser } from '../support/browser';
import { serveSite, Site } from '../support/scripted';
import { until } from '../support/wait';

const BROWSERS = ['chromium', 'firefox'] as const;

/** A page that is connected. The test may add to it by the query of its address. */
const PAGE = `<a href="other">a link</a><script>
  var state;
  var back = 0;
  var connection = Realtime.connect();
  connection.on('status', function (status) { state = status.state; });
  window.addEventListener('pageshow', function (event) { if (event.persisted) back += 1; });
  function emit(from, to) {
    for (var n = from; n <= to; n += 1) connection.emit('n', n);
  }
</script>`;
/** The same, with handlers of its own, before and after those of realtime.js, that emit. */
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

/** What the application has seen of one session. */
interface Seen { heard: number[]; left: number }

interface Visit extends Site { sessions: Seen[]; most: () => number }

function start(t: TestContext, env = {}, page = PAGE): Visit {
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

const connected = (page: Page) => page.waitForFunction('state === "connected"');

/** The ways for a page to go. Each emits 5 messages right before. */
const WAYS: Record<string, (page: Page) => Promise<unknown>> = {
  'a link': page => page.evaluate(`emit(1, 5); document.querySelector('a').click()`),
  'a script that sets location': page => page.evaluate(`emit(1, 5); location.href = 'other'; 0`),
  'a reload': page => page.evaluate(`emit(1, 5); location.reload()`),
  'a closed tab': async page => {
    await page.evaluate(`emit(1, 5)`);
    await page.close({ runBeforeUnload: true });
  },
};

const TIMES = 3;
const FIVE = [1, 2, 3, 4, 5];

/** Opens the page, and waits until it is connected. */
async function visit(browser: BrowserContext, site: Site): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(site.page('page'));
  await connected(page);
  return page;
}

/** The page that a script has left is gone while playwright still asks it. */
function gone(error: Error): void {
  if (!/context|closed|navigat|destroyed/i.test(error.message)) throw error;
}

for (const name of BROWSERS) {
  test(`${name}: what a page emits right before it goes arrives, and the server knows at once`, async t => {
    const browser = await openBrowser(t, name);
    if (!browser) return;
    // A browser ends with its last tab, and Firefox's process for a site with the last of that site.
    const keeper = await browser.newPage();
    for (const [way, go] of Object.entries(WAYS)) {
      await t.test(way, async () => {
        const site = start(t);
        await keeper.goto(site.page('other'));
        for (let time = 1; time <= TIMES; time++) {
          const page = await visit(browser, site);
          const seen = site.sessions.at(-1)!;
          await go(page).catch(gone);
          await until(() => seen.left, `disconnect ${time}: ${JSON.stringify(site.sessions)}`, 10);
          assert.deepEqual(seen.heard, FIVE);
          if (way === 'a reload') await until(() => site.clients() === 1, 'the page again');
          if (!page.isClosed()) await page.close();
          await until(() => site.clients() === 0, 'its end');
        }
        assert(site.most() <= (way === 'a reload' ? 2 : 1), String(site.most()));
      });
    }
  });
}

for (const name of BROWSERS) {
  test(`${name}: what a page emits in its own handlers of leaving arrives`, async t => {
    const browser = await openBrowser(t, name);
    if (!browser) return;
    const keeper = await browser.newPage();
    for (const way of ['a link', 'a reload']) {
      await t.test(way, async () => {
        const site = start(t, {}, WITH_HANDLERS);
        await keeper.goto(site.page('other'));
        for (let time = 1; time <= TIMES; time++) {
          const page = await visit(browser, site);
          const seen = site.sessions.at(-1)!;
          await WAYS[way]!(page).catch(gone);
          await until(() => seen.left, `disconnect ${JSON.stringify(seen)}`, 10);
          assert.deepEqual(seen.heard, [1, 2, 3, 4, 5, 6]);
          // One that is closed while its first requests are under way cannot say goodbye.
          if (way === 'a reload') await until(() => site.clients() === 1, 'the page again');
          await page.close();
          await until(() => site.clients() === 0, 'its end');
        }
      });
    }
  });
}

/** Goes to the page that the link leads to, and back. */
async function thereAndBack(page: Page, seen: Seen, before: string): Promise<void> {
  await page.evaluate(`${before}; document.querySelector('a').click()`).catch(gone);
  await page.waitForURL('**/other');
  await until(() => seen.left, 'disconnect', 10);
  await goBack(page);
}

/** In Firefox, Playwright does not see that a page has come from the browser's memory. */
async function goBack(page: Page): Promise<void> {
  await page.evaluate('setTimeout(function () { history.back(); }, 0); 0');
  const isThere = () => page.evaluate<boolean>(
    'location.pathname.slice(-5) === "/page" && window.state === "connected"',
  ).catch(() => false); // it is on its way
  await until(isThere, 'the page again');
}

/** The page is another client from now on, and goes on. */
async function goesOn(page: Page, site: Visit, times: number): Promise<void> {
  assert.equal(await page.evaluate('back'), times, 'times from the browser\'s memory');
  await until(() => site.clients() === 1, 'the page again');
  const seen = site.sessions.at(-1)!;
  await page.evaluate('emit(11, 12)');
  await until(() => seen.heard.length === 2, 'its messages');
  assert.deepEqual(seen.heard, [11, 12], 'nothing of before comes again');
}

test('chromium: back and forward: a page from the browser\'s memory is another client, and goes on', async t => {
  const browser = await openBrowser(t, 'chromium');
  if (!browser) return;
  const site = start(t);
  const page = await visit(browser, site);
  for (let time = 1; time <= 3; time++) {
    const seen = site.sessions.at(-1)!;
    seen.heard.length = 0;
    await thereAndBack(page, seen, 'emit(1, 5)');
    assert.deepEqual(seen.heard, FIVE);
    await goesOn(page, site, time);
  }
});

// Firefox keeps no page in its memory that has a request under way, as a held poll is (its own log
// says so: MOZ_LOG=SHIPBFCache:5). So the page begins anew, unless it is between two short polls.
test('firefox: back: the page begins anew, as Firefox keeps none whose poll is under way', async t => {
  const browser = await openBrowser(t, 'firefox');
  if (!browser) return;
  const site = start(t);
  const page = await visit(browser, site);
  const seen = site.sessions.at(-1)!;
  await thereAndBack(page, seen, 'emit(1, 5)');
  assert.deepEqual(seen.heard, FIVE);
  await goesOn(page, site, 0);
});

test('firefox: back: a page from the browser\'s memory, which had no place for its poll, is another client, and goes on', async t => {
  const browser = await openBrowser(t, 'firefox');
  if (!browser) return;
  const site = start(t);
  // Four tabs that have the places for polls: this page polls shortly, and pauses.
  const page = await browser.newPage();
  await page.goto(site.page('other'));
  await page.evaluate(() => {
    for (let i = 0; i < 4; i++) {
      localStorage.setItem(`realtime  place ${i}`, `other${i} visible ${Date.now()}`);
    }
  });
  await page.goto(site.page('page'));
  await connected(page);
  const seen = site.sessions.at(-1)!;
  await page.evaluate('emit(1, 5)');
  await until(() => seen.heard.length === 5, 'the messages');
  // Right after a short poll: there is none under way for 1.5 s.
  await page.evaluate(`new Promise(function (resolve) {
    var seen = performance.getEntriesByType('resource').length;
    var timer = setInterval(function () {
      if (performance.getEntriesByType('resource').length === seen) return;
      clearInterval(timer);
      resolve();
    }, 20);
  })`);
  await thereAndBack(page, seen, '');
  assert.deepEqual(seen.heard, FIVE);
  await goesOn(page, site, 1);
});
