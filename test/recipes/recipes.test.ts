/*
 * Tests the recipes of docs/recipes.md and docs/sign-in.md in a browser. The files of each recipe
 * are in the folder with its name, and `npm run docs` puts these files into the pages. The recipes
 * share one browser, and each recipe has a server of its own.
 */
import assert from 'node:assert/strict';
import express, { Router } from 'express';
import { readFileSync } from 'node:fs';
import { AddressInfo, connect, createServer } from 'node:net';
import path from 'node:path';
import { test, TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import type { Server } from '../../src/realtime';
import { newPipeName } from '../../tools/iis/system';
import { complaints, openBrowser } from '../support/browser';
import { servePages, Site } from '../support/pages';
import { appPath, root } from '../support/template';
import { until } from '../support/wait';
import * as chat from './chat/app';
import * as dashboard from './dashboard/app';
import * as files from './files/app';
import { addPages as addFiles } from './files/pages';
import * as job from './job/app';
import * as news from './server/app';
import { addPages as addNews } from './server/pages';
import * as signIn from './sign-in/app';
import { addPages as addSignIn } from './sign-in/pages';
import * as windows from './windows/app';

/** An application with events of any kind. */
type App = (io: Server<any, any, any>) => void;
type AddPages = (pages: Router, io: Server<any, any, any>) => void;

interface Recipe extends Site {
  url: string;
  /** Opens an empty page in the browser. */
  page: () => Promise<Page>;
  /** Opens the recipe in a page of the browser. */
  open: () => Promise<Page>;
}

/** The policy of web.config, which forbids scripts inside a page. */
const POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self'; " +
  "form-action 'self'";

/** Serves a recipe. @returns null if there is no browser */
async function serveRecipe(
  t: TestContext, name: string, app: App, addPages?: AddPages, env: Record<string, string> = {},
): Promise<Recipe | null> {
  const browser = await openBrowser(t);
  if (!browser) return null;
  // The check runs before the server stops, because open pages complain about the stop. In the recipe
  // sign-in, the server refuses pages before the login, so these complaints do not count.
  const seen: string[][] = [];
  const isWrong = (line: string) => name !== 'sign-in' || !/ 403 |^403 /.test(line);
  t.after(() => assert.deepEqual(seen.flat().filter(isWrong), [], name));
  const folder = path.join(root, 'test', 'recipes', name);
  const body = readFileSync(path.join(folder, 'page.html'), 'utf8');
  const scripts = ['socket/socket.io.js', 'realtime.js', 'page.js'];
  const html = `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>${name}</title>
<link rel="icon" href="icon.svg"></head><body>${body}${scripts.map(src => `<script src="${src}"></script>`).join('')}</body></html>`;
  const site = servePages(t, (io, all) => {
    const pages = express.Router();
    all.use(appPath, pages);
    pages.use((_req, res, next) => {
      res.set('Content-Security-Policy', POLICY);
      next();
    });
    if (addPages) addPages(pages, io);
    pages.get(`/${name}.html`, (_req, res) => res.type('html').send(html));
    pages.get('/page.js', (_req, res) => res.sendFile(path.join(folder, 'page.js')));
    pages.get('/socket/socket.io.js', (_req, res) => {
      res.sendFile(path.join(root, 'node_modules', 'socket.io-client', 'dist', 'socket.io.min.js'));
    });
    pages.get('/realtime.js', (_req, res) => res.sendFile(path.join(root, 'public', 'realtime.js')));
    pages.get('/icon.svg', (_req, res) => {
      res.sendFile(path.join(root, 'test', 'support', 'application', 'public', 'icon.svg'));
    });
    app(io);
  }, env);
  const origin = env.PORT ? front(t, env.PORT) : site.origin;
  const url = `${origin}${appPath}/${name}.html`;
  const page = async () => {
    const opened = await browser.newPage();
    seen.push(complaints(opened));
    return opened;
  };
  const open = async () => {
    const opened = await page();
    await opened.goto(url);
    return opened;
  };
  return { ...site, url, page, open };
}

/** Starts a proxy that hands the bytes of TCP connections on to a named pipe. @returns its origin */
function front(t: TestContext, pipe: string): string {
  const server = createServer(socket => {
    const to = connect(pipe);
    for (const one of [socket, to]) one.on('error', () => undefined);
    socket.pipe(to).pipe(socket);
  }).listen(0);
  t.after(() => server.close());
  return `http://localhost:${(server.address() as AddressInfo).port}`;
}

/*
 * Playwright's own functions for typing and clicking wait for frames of the page. This would take
 * half of the test's time. So `type` and `press` replace these functions.
 */

const type = (page: Page, selector: string, text: string) => {
  return page.locator(selector).evaluate((field, value) => {
    (field as unknown as { value: string }).value = value;
  }, text);
};

const press = (page: Page, selector: string) => {
  return page.locator(selector).evaluate(button => (button as unknown as { click(): void }).click());
};

/** Waits until an element contains a text. */
async function shows(page: Page, selector: string, text: string): Promise<void> {
  const seen = () => page.locator(selector).textContent().catch(() => null);
  await until(async () => (await seen())?.includes(text), `"${text}" in ${selector}`);
}

test('chat: a room with its history, and another room that hears nothing of it', async t => {
  const recipe = await serveRecipe(t, 'chat', chat.app);
  if (!recipe) return;
  const [ada, bob] = [await recipe.open(), await recipe.open()];
  const join = async (page: Page, name: string, room: string) => {
    await type(page, '#name', name);
    await type(page, '#room', room);
    await press(page, '#join button');
  };
  const say = async (page: Page, text: string) => {
    await type(page, '#text', text);
    await press(page, '#say button');
  };
  await join(ada, 'Ada', 'tea');
  await say(ada, 'one');
  await shows(ada, '#said', 'Ada: one');
  await join(bob, 'Bob', 'tea');
  await shows(bob, '#said', 'Ada: one');
  await say(bob, 'two');
  await shows(ada, '#said', 'Ada: oneBob: two');
  await join(bob, 'Bob', 'coffee');
  await say(bob, 'three');
  await shows(bob, '#said', 'Bob: three');
  await say(ada, 'four');
  await shows(ada, '#said', 'Ada: oneBob: twoAda: four');
  assert.equal(await bob.textContent('#said'), 'Bob: three');
});

test('dashboard: the present values at once, then the newest', async t => {
  const recipe = await serveRecipe(t, 'dashboard', dashboard.app);
  if (!recipe) return;
  const page = await recipe.open();
  const seen = async (id: string) => Number(await page.textContent(id));
  await until(async () => await seen('#lathe') > 40, 'values');
  assert(await seen('#press') > 20);
});

test('sign-in: one session for pages and sockets; sign out ends the connection', async t => {
  const recipe = await serveRecipe(t, 'sign-in', signIn.app, addSignIn);
  if (!recipe) return;
  const signInAs = async (page: Page, name: string, password = 'secret') => {
    await shows(page, '#state', 'disconnected: please sign in');
    await type(page, '#name', name);
    await type(page, '#password', password);
    await press(page, '#login');
  };
  const [ada, second] = [await recipe.page(), await recipe.page()];
  await ada.goto(recipe.url);
  await signInAs(ada, 'ada', 'no');
  await until(() => ada.url().endsWith('?wrong'), 'the answer');
  await signInAs(ada, 'ada');
  await shows(ada, '#state', 'connected');
  await second.goto(recipe.url);
  await shows(second, '#state', 'connected');
  // Cookies belong to a host, so the page at 127.0.0.1 has no cookie.
  const bob = await recipe.page();
  await bob.goto(recipe.url.replace('localhost', '127.0.0.1'));
  await signInAs(bob, 'bob');
  await shows(bob, '#state', 'connected');
  await type(bob, '#to', 'ada');
  await type(bob, '#text', 'hello');
  await press(bob, '#whisper button');
  for (const page of [ada, second, bob]) await shows(page, '#whispered', 'bob: hello');
  await press(ada, '#logout');
  await shows(second, '#state', 'disconnected');
  await shows(ada, '#state', 'disconnected: please sign in');
  assert.equal(await bob.textContent('#state'), 'connected');
});

test('windows: the user that IIS names', async t => {
  const env = { PORT: newPipeName(), IISNODE_VERSION: '0.2.26' };
  const recipe = await serveRecipe(t, 'windows', windows.app, undefined, env);
  if (!recipe) return;
  const openAs = async (name: string) => {
    const page = await recipe.page();
    await page.setExtraHTTPHeaders({ 'X-iisnode-AUTH_USER': `OFFICE\\${name}` });
    await page.goto(recipe.url);
    return page;
  };
  const ada = await openAs('ada');
  await shows(ada, '#user', 'OFFICE\\ada');
  const bob = await openAs('bob');
  await shows(bob, '#user', 'OFFICE\\bob');
  await shows(ada, '#came', 'OFFICE\\bob');
});

test('files: one goes up by a POST, all hear of it by an event, and it comes down', async t => {
  const recipe = await serveRecipe(t, 'files', files.app, addFiles);
  if (!recipe) return;
  const [one, other] = [await recipe.open(), await recipe.open()];
  const file = { name: '../a b.txt', mimeType: 'text/plain', buffer: Buffer.from('hello') };
  await one.setInputFiles('#file', file);
  await shows(other, '#files', 'a b.txt, 5 bytes');
  await other.reload();
  await shows(other, '#files', 'a b.txt, 5 bytes');
  const href = await other.getAttribute('#files a', 'href');
  const down = await fetch(new URL(href!, recipe.url));
  assert.match(down.headers.get('content-disposition')!, /^attachment; filename="a b\.txt"/);
  assert.equal(await down.text(), 'hello');
  assert.equal((await fetch(`${recipe.origin}${appPath}/files/x`)).status, 404);
});

test('job: its progress, its end, and both again after a reload', async t => {
  const recipe = await serveRecipe(t, 'job', job.app);
  if (!recipe) return;
  const page = await recipe.open();
  await press(page, '#start');
  await until(async () => Number(await page.getAttribute('#bar', 'value')) > 0, 'progress');
  await page.reload();
  await shows(page, '#result', '50 parts');
  assert.equal(await page.getAttribute('#bar', 'value'), '1');
});

test('server: another program says something to all pages, if it has the secret', async t => {
  process.env.NEWS_SECRET = 'much longer in truth';
  t.after(() => { delete process.env.NEWS_SECRET; });
  const recipe = await serveRecipe(t, 'server', news.app, addNews);
  if (!recipe) return;
  const page = await recipe.open();
  const tell = async (secret: string, body: object) => {
    const headers = { 'X-Secret': secret, 'Content-Type': 'application/json' };
    const url = `${recipe.origin}${appPath}/news`;
    return (await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })).status;
  };
  assert.equal(await tell('wrong', { text: 'no' }), 403);
  assert.equal(await tell('much longer in truth', { text: 1 }), 400);
  const { io } = recipe.realtime;
  await until(() => io.sockets.clients('readers').length === 1, 'the page');
  assert.equal(await tell('much longer in truth', { text: 'the lines are down' }), 204);
  await shows(page, '#news', 'the lines are down');
});
