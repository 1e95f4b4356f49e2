import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { test, TestContext } from 'node:test';
import express from 'express';
import { complaints, openBrowser } from '../../support/browser';
import { serveAsIis } from '../../support/iis';
import { startServer } from '../../support/server';
import { appPath, resource, root } from '../../support/template';
import { until } from '../../support/wait';
import { clients, connected, converses, inBrowser, send } from './browser';
import { freePort } from '../../../tools/free-port';

converses('chromium');

inBrowser('behind IIS the page works under the policy in web.config, and the policy is in force', async ({ t, page }) => {
  const { origin } = await serveAsIis(t);
  const found = complaints(page);
  await page.goto(`${origin}${appPath}/`);
  await connected(page);
  await send(page, 'hello');
  await page.waitForSelector('#log .in');
  assert.equal(found.join(), '');
  await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'document.title = "run"';
    document.body.appendChild(script);
  });
  await until(() => found.some(text => text.includes('Content Security Policy')), 'the violation');
  assert.notEqual(await page.title(), 'run');
});

inBrowser('the page can be used with a keyboard, and says what it is to a screen reader', async ({ page, server }) => {
  await page.goto(server.page);
  await connected(page);
  const tree = await page.locator('main').ariaSnapshot();
  for (const part of ['heading', 'status: connected', 'textbox "Message"', 'button "Send"', 'log "Messages"']) {
    assert(tree.includes(part), `${part} in\n${tree}`);
  }
  await page.keyboard.press('Tab'); // the focus is on the link to a second window
  await page.keyboard.press('Tab');
  await page.keyboard.type('typed');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Space');
  await page.waitForSelector('#log .in');
  assert.match(await page.locator('#log .out').textContent() ?? '', /^You: typed/);
});

inBrowser('the page says that a message is too large, in words that are seen, and goes on', async ({ page, server }) => {
  const found = complaints(page);
  await page.goto(server.page);
  await connected(page);
  // The text is set as if it were pasted. To type a million characters would take too long.
  await page.evaluate(() => {
    (document.getElementById('text') as HTMLInputElement).value = new Array(1100001).join('x');
  });
  await page.click('#send button');
  const note = page.locator('#log .out small');
  await note.filter({ hasText: 'too large' }).waitFor();
  assert.equal(await note.textContent(), ' not sent: the message is too large');
  // The text does not push the note out of sight.
  assert.equal(await note.evaluate(element => element.getBoundingClientRect().bottom <= window.innerHeight), true);
  await send(page, 'hello');
  await page.waitForSelector('#log .in');
  assert.match(await page.locator('#state').textContent() ?? '', /^connected/);
  assert.equal(found.join(), '');
});

inBrowser('a handler of the page that throws does not hold up the next events, and its error is seen', async ({ page, server }) => {
  const errors: string[] = [];
  page.on('pageerror', error => errors.push(error.message));
  await page.goto(server.page);
  await connected(page);
  const answer = await page.evaluate(name => new Promise(resolve => {
    setTimeout(resolve, 20000, 'nothing for 20 s');
    const { Realtime } = window as unknown as { Realtime: { connect: (options: object) => any } };
    const connection = Realtime.connect({ resource: name, url: '/' });
    connection.on('clients', () => { throw new Error('in a handler'); });
    connection.emit('message', 'one', () => { throw new Error('in an acknowledgement'); });
    connection.emit('message', 'two', resolve);
  }), resource.slice(1));
  assert.equal(answer, 'two');
  await until(() => errors.length >= 2, 'both errors');
  assert.deepEqual(errors.sort(), ['in a handler', 'in an acknowledgement']);
});

inBrowser('two pages see each other, and see each other go', async ({ t, browser, page: first }) => {
  // The other tests' server may still count a page that was closed without a goodbye.
  const server = await startServer(t, { folder: root });
  const second = await browser.newPage();
  await first.goto(server.page);
  await clients(first, 1);
  await second.goto(server.page);
  await Promise.all([clients(first, 2), clients(second, 2)]);
  // This runs twice. Each time the page comes back from the browser's memory, in its old state.
  for (let i = 0; i < 2; i++) {
    await second.goto(`${server.page}health`);
    await clients(first, 1);
    await second.goBack({ waitUntil: 'commit' });
    await Promise.all([clients(first, 2), clients(second, 2)]);
  }
  await send(first, 'hello, second');
  await second.waitForSelector('text=Another window: hello, second');
  await send(second, 'hello, first');
  await first.waitForSelector('text=Another window: hello, first');
});

inBrowser('the page works over an IPv6 address, and at the root of a site', async ({ t, page, server }) => {
  await page.goto(server.page.replace('localhost', '[::1]'));
  await connected(page);
  const atRoot = await startServer(t, { folder: root, env: { APP_PATH: '/' } });
  await page.goto(atRoot.page);
  await connected(page);
});

inBrowser('a page that came without the client script asks for it until it comes', async ({ page, server }) => {
  let asked = 0;
  await page.route('**/socket.io.js*', route => ++asked < 3 ? route.fulfill({ status: 503 }) : route.continue());
  await page.goto(server.page);
  await page.waitForSelector('text=the server does not answer');
  for (const text of ['early', 'early, too']) await send(page, text);
  await page.waitForSelector('text=trying again… 2 messages wait.');
  await connected(page);
  await until(async () => await page.locator('#log .in').count() === 2, 'both answers');
  assert.deepEqual(await page.locator('#log .out').allTextContents(), ['You: early, too received', 'You: early received']);
  assert.equal(await page.textContent('#median'), '–', 'these were no round trips');
});

inBrowser('the server is stopped and started: the page says so, goes on by itself, and what was typed meanwhile arrives', async ({ t, page }) => {
  const env = { PORT: String(await freePort()) };
  const first = await startServer(t, { folder: root, env });
  await page.goto(first.page);
  await connected(page);
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const server = signal === 'SIGTERM' ? first : await startServer(t, { folder: root, env });
    await connected(page);
    await server.stop(signal);
    await page.waitForSelector('#state.reconnecting');
    assert.match(await page.textContent('#state') ?? '', /^reconnecting, try \d+…/);
    await send(page, `sent after ${signal}`);
    await page.waitForSelector('text=One message waits.');
    await page.locator('#state', { hasText: /try [3-9]/ }).waitFor();
  }
  await startServer(t, { folder: root, env });
  await connected(page);
  await until(async () => await page.locator('#log .in').count() === 2, 'both answers');
  assert.equal(await page.textContent('#median'), '–', 'no message is counted that waited for a connection');
});

/**
 * Serves the demo page on an origin of its own. The files are the same, except for the address of
 * the client script.
 */
async function hostElsewhere(t: TestContext, serverPage: () => string): Promise<string> {
  const html = readFileSync(path.join(root, 'public', 'index.html'), 'utf8');
  const app = express();
  app.get('/', (_req, res) => { res.send(html.replace('src="socket/', `src="${serverPage()}socket/`)); });
  app.use(express.static(path.join(root, 'public')));
  const host = app.listen(0);
  t.after(() => host.close());
  await once(host, 'listening');
  return `http://localhost:${(host.address() as AddressInfo).port}`;
}

test('a page of another origin in ALLOWED_ORIGINS connects, cookies included', async t => {
  const browser = await openBrowser(t);
  if (!browser) return;
  const origin = await hostElsewhere(t, () => server.page);
  const server = await startServer(t, { folder: root, env: { ALLOWED_ORIGINS: origin } });
  await browser.addCookies([{ name: 'user', value: 'ada', url: server.origin }]);
  const page = await browser.newPage();
  const found = complaints(page);
  const cookies: Promise<string | undefined>[] = [];
  page.on('requestfinished', request => {
    if (request.url().includes('/socket/1/')) cookies.push(request.allHeaders().then(all => all.cookie));
  });
  await page.goto(origin);
  await connected(page);
  await send(page, 'from elsewhere');
  await page.waitForSelector('#log .in');
  await until(() => cookies.length >= 4, 'the cookies of the handshake, of polls, and of a POST');
  assert.deepEqual(new Set(await Promise.all(cookies)), new Set(['user=ada']));
  assert.deepEqual(found, []);
});

test('a page of another origin that is not in ALLOWED_ORIGINS is refused; the log says which', async t => {
  const browser = await openBrowser(t);
  if (!browser) return;
  const origin = await hostElsewhere(t, () => server.page);
  const server = await startServer(t, { folder: root, env: { ALLOWED_ORIGINS: 'http://friend.example' } });
  const page = await browser.newPage();
  await page.goto(origin);
  await page.waitForSelector('#state.reconnecting');
  await until(() => server.output().includes(origin), 'the refusal in the log');
  assert.equal(await page.locator('#log li').count(), 0);
});
