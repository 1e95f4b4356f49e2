/* Functions that iis-template.test.ts and iis-template.long.test.ts share. */
import assert from 'node:assert/strict';
import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { BrowserName, complaints, openBrowser } from '../../support/browser';
import { serveAsIis } from '../../support/iis';
import { request } from '../../support/request';
import { appPath, Edit, resource } from '../../support/template';
import { until } from '../../support/wait';

/** @returns the state that the server reports under /health */
export const health = async (origin: string) => await (await fetch(`${origin}${appPath}/health`)).json() as { pid: number; clients: number; iisnode: string };

/** Opens a session without a client library. @returns its path, and functions that poll and post */
export async function session(port: number, agent: http.Agent) {
  const shake = await request({ port, path: `${resource}/1/`, agent });
  assert.equal(shake.status, 200, shake.text);
  const path = `${resource}/1/xhr-polling/${shake.text.split(':')[0]}`;
  return {
    path,
    poll: () => request({ port, path, agent }),
    post: (packet: string) => {
      const headers = { 'content-type': 'text/plain', 'content-length': String(Buffer.byteLength(packet)) };
      return request({ port, path, agent, method: 'POST', headers }, packet);
    },
  };
}

// This application is quiet. The demo tells each client how many clients there are: too much work
// for 2,000 clients at once.
export const QUIET: Edit = ['dist/app.js', /^[^]*$/, 'exports.app = io => io.sockets.on("connection", socket => socket.on("message", text => io.sockets.emit("all", text)));'];

/**
 * Opens sessions, and leaves a poll of each waiting.
 * @returns the sessions, the waiting polls, and the statuses and texts of the polls that were
 * answered
 */
export async function crowd(t: TestContext, port: number, size: number) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: size + 100 });
  t.after(() => agent.destroy());
  const sessions = [];
  for (let made = 0; made < size; made += 100) {
    const some = await Promise.all(Array.from({ length: Math.min(100, size - made) }, () => session(port, agent)));
    for (const { text } of await Promise.all(some.map(one => one.poll()))) assert.equal(text, '1::');
    sessions.push(...some);
  }
  const statuses: number[] = [];
  const texts: string[] = [];
  const polls = sessions.map(one => one.poll().then(({ status, text }) => {
    statuses.push(status);
    texts.push(text);
  }, () => undefined));
  return { sessions, statuses, texts, polls, agent };
}

/** Checks that all clients are served, if they all poll at once. */
export async function polls(t: TestContext, clients: number): Promise<void> {
  // On a busy machine, it takes long until all polls wait.
  const patient: Edit = ['dist/app.js', 'io =>', 'io => io.set("polling duration", 120) &&'];
  const { port, origin } = await serveAsIis(t, [QUIET, patient]);
  const { sessions, statuses, texts, polls } = await crowd(t, port, clients);
  await until(async () => (await health(origin)).clients === clients, 'all clients');
  assert.deepEqual(statuses, [], 'all of them wait');
  assert.equal((await sessions[0]!.post('5:::{"name":"message","args":["hello"]}')).status, 200);
  await Promise.all(polls);
  assert.deepEqual([...new Set(statuses)], [200]);
  assert.deepEqual([...new Set(texts)], ['5:::{"name":"all","args":["hello"]}']);
  assert.equal(texts.length, clients);
}

/** Checks that open pages go on after a recycle. */
export async function recycles(t: TestContext, name: BrowserName): Promise<void> {
  const browser = await openBrowser(t, name);
  if (!browser) return;
  const { origin, folder, pids } = await serveAsIis(t);
  const pages = [await browser.newPage(), await browser.newPage()];
  const found = complaints(pages[0]!);
  for (const page of pages) {
    await page.goto(`${origin}${appPath}/`);
    await page.waitForSelector('#state.connected');
  }
  assert.deepEqual(found, []);
  const [before] = pids();

  // This is a deployment: files of the server change, the entry last. The next request gets a new
  // process.
  const file = path.join(folder, 'dist', 'app.js');
  writeFileSync(file, readFileSync(file, 'utf8').replace('Got it!', 'Got it, anew!'));
  utimesSync(path.join(folder, 'dist', 'server.js'), new Date(), new Date());
  assert.notEqual((await health(origin)).pid, before);
  for (const page of pages) {
    await until(async () => {
      await page.fill('#text', 'again');
      await page.press('#text', 'Enter');
      return page.waitForSelector('#log .in:has-text("Got it, anew!")', { timeout: 5000 }).catch(() => null);
    }, 'an answer of the new process', 90);
    assert.equal(await page.getAttribute('#state', 'class'), 'connected');
  }
  await until(() => pids().length === 1 && !pids().includes(before!), 'the old process to be ended', 40);
}
