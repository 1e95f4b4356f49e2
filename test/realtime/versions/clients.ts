import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BrowserContext } from 'playwright-core';
import { deployApplication } from '../../support/application';
import { openBrowser } from '../../support/browser';
import { run } from '../../support/fetched';
import { available } from '../../support/available';
import { Client } from '../../support/client';
import { Deployed, serveAsIis } from '../../support/iis';
import { Edit, fromRoot, resource, root } from '../../support/template';
import { until } from '../../support/wait';

/* Clients of 0.9, unchanged, when their session is gone: with the process, by a recycle or by its death. */

/** All that there are. */
export const VERSIONS = [
  '0.9.0', '0.9.1-1', '0.9.1', '0.9.2', '0.9.3', '0.9.4', '0.9.5', '0.9.6', '0.9.7', '0.9.8', '0.9.9', '0.9.10', '0.9.11', '0.9.15', '0.9.16', '0.9.17',
];
/** In node these do not find their xhr-polling: they look for window.location. */
const NOT_IN_NODE = /^0\.9\.([3-9]|10)$/;

/** Gives the folder that has them all, kept in build/ for the next run; null if they are not to be had. */
function fetchClients(): string | null {
  const folder = path.join(root, 'build', 'fetched', 'socket.io-client-0.9');
  const there = () => VERSIONS.every(version => existsSync(path.join(folder, 'node_modules', version)));
  if (!there()) {
    // What they ask for would not build on a node of today.
    const { overrides, dependencies: { ws } } = fromRoot('./package.json') as Needs;
    const dependencies = Object.fromEntries(VERSIONS.map(version => [version, `npm:socket.io-client@${version}`]));
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ private: true, dependencies, overrides: { ...overrides, ws, 'socket.io-client': undefined } }));
    try {
      run('npm', ['install', '--ignore-scripts', '--no-package-lock', '--no-audit', '--no-fund'], { cwd: folder });
    } catch {
      return null;
    }
  }
  return there() ? folder : null;
}

interface Needs { overrides: object; dependencies: { ws: string } }
interface Socket extends Client { socket: Client['socket'] & { sessionid: string } }
interface Library { connect: (url: string, options: object) => Socket }
interface State { id: string; connected: boolean; heard: string[]; answers: string[] }

/** Opens sessions, and notes what an application on each of them hears. It runs in pages, too. */
function watch(io: Library, url: string, options: object, names: string[]) {
  const sockets = names.map(() => io.connect(url, { ...options, 'force new connection': true }));
  const heard: string[][] = names.map(() => []);
  const answers: string[][] = names.map(() => []);
  sockets.forEach((socket, i) => ['connect', 'disconnect'].forEach(event => socket.on(event, () => heard[i]!.push(event))));
  return {
    emit: (i: number, text: string) => sockets[i]!.emit('message', text, (answer: string) => answers[i]!.push(answer)),
    states: (): State[] => sockets.map(({ socket }, i) => ({
      id: socket.sessionid, connected: socket.connected, heard: heard[i]!, answers: answers[i]!,
    })),
    close: () => sockets.forEach(({ socket }) => socket.disconnect()),
  };
}

/** The sessions of one client. */
interface Subject {
  name: string;
  emit: (i: number, text: string) => unknown;
  states: () => State[] | Promise<State[]>;
}

/**
 * The sessions of a client in a page. While one of the page's POSTs has the word 'held' in it, it is on its way, until the session that
 * sent it is disconnected.
 */
async function openPage(browser: BrowserContext, port: number, library: string, version: string, options: object, names: string[]) {
  const page = await browser.newPage();
  // A host of its own: a browser has six connections to each.
  const origin = `http://v${version.replace(/\W/g, '-')}.localhost:${port}`;
  await page.route('**/client.js', route => route.fulfill({ contentType: 'text/javascript', body: readFileSync(path.join(library, 'dist', 'socket.io.js'), 'utf8') }));
  await page.route('**/page.html', route => route.fulfill({
    contentType: 'text/html',
    body: `<!DOCTYPE html><script src="client.js"></script>
      <script>var watched = (${watch.toString()})(io, location.protocol + '//' + location.host, ${JSON.stringify(options)}, ${JSON.stringify(names)});</script>`,
  }));
  const states = () => page.evaluate<State[]>('watched.states()');
  await page.route(`**${resource}/1/xhr-polling/*`, async route => {
    if (route.request().postData()?.includes('held')) {
      const id = new URL(route.request().url()).pathname.split('/').pop();
      await until(async () => !(await states()).some(state => state.id === id && state.connected), 'the end of a session with a POST', 90);
    }
    await route.continue();
  });
  // From a refused POST to the handshake that follows, ms.
  let refused = 0;
  const took: number[] = [];
  page.on('response', answer => { if (answer.request().postData()?.includes('refused') && answer.status() !== 200) refused = Date.now(); });
  page.on('request', request => {
    if (refused && /\/1\/\?/.test(request.url())) took.push(Date.now() - refused);
    if (took.length) refused = 0;
  });
  await page.goto(`${origin}/page.html`);
  return { name: version, took, states, emit: (i: number, text: string) => page.evaluate(`watched.emit(${i}, '${text}')`) };
}

/** Waits until it holds for each session of each client. */
async function each(subjects: Subject[], what: string, holds: (state: State, i: number, subject: Subject) => boolean): Promise<void> {
  await Promise.all(subjects.map(async subject => {
    let states: State[] = [];
    const look = async () => (states = await subject.states()).every((state, i) => holds(state, i, subject));
    await until(look, what, 90).catch((error: Error) => assert.fail(`${error.message}: ${subject.name}: ${JSON.stringify(states)}`));
  }));
}

/** Each session of each client sends a message, and gets it back. */
async function ask(subjects: Subject[], text: string, names: string[]): Promise<void> {
  await Promise.all(subjects.flatMap(subject => names.map((_, i) => subject.emit(i, text))));
  await each(subjects, `the acknowledgement of ${text}`, state => state.answers.includes(text));
}

/**
 * Does the same, but the sessions of the clients in `again` send the message again every ten
 * seconds until they get it back.
 */
async function askAgain(
  subjects: Subject[], text: string, names: string[], again: Subject[],
): Promise<void> {
  const timer = setInterval(() => {
    for (const subject of again) {
      const missing = async () => {
        const states = await subject.states();
        return states.flatMap(({ answers }, i) => answers.includes(text) ? [] : [i]);
      };
      missing().then(all => Promise.all(all.map(i => subject.emit(i, text)))).catch(() => undefined);
    }
  }, 10000);
  try {
    await ask(subjects, text, names);
  } finally {
    clearInterval(timer);
  }
}

/**
 * Releases before 0.9.7, when they come back, shake hands again while the server takes more than a
 * second to answer. They then send over their first connection and drop it: that message is lost.
 */
const mayShakeTwice = ({ name }: Subject) => /^0\.9\.[0-6](-|$)/.test(name);

/** What is refused of a session. */
const REFUSED: Record<string, string[]> = { post: ['POST'], poll: ['GET'], 'post and poll': ['GET', 'POST'] };

/** Takes the process away from clients that are connected to it, twice. */
async function takeAway(subjects: Subject[], names: string[], server: Deployed): Promise<void> {
  const send = async (name: string, text: string) => {
    if (names.includes(name)) await Promise.all(subjects.map(subject => subject.emit(names.indexOf(name), text)));
  };
  const ids = new Map<Subject, string[]>();
  const note = async () => { for (const subject of subjects) ids.set(subject, (await subject.states()).map(state => state.id)); };
  /**
   * Waits until all of them have other sessions than those noted, and know it.
   * @param late whether a POST of the last session may be refused after the client has come back. 0.9
   * takes that for a failure of its new session, and comes back once more: its own fault, seen where a
   * process takes as long to start as 0.9 waits.
   */
  const back = async (heard: string[], late = false) => {
    await each(subjects, 'another session', (state, i, subject) => state.connected && state.id !== ids.get(subject)![i]);
    for (const subject of subjects) {
      for (const state of await subject.states()) {
        // A client that shook hands twice is connected twice.
        const told = state.heard.filter((event, i, all) => event !== all[i - 1]);
        const twice = late && told.length > heard.length ? ['disconnect', 'connect'] : [];
        assert.deepEqual(told, [...heard, ...twice], subject.name);
      }
    }
  };
  await each(subjects, 'a session', state => state.connected);
  await ask(subjects, 'first', names);
  await note();
  await sleep(500); // they poll again

  // The old process holds these polls for some seconds; all else goes to a new one. A POST is refused, or the next poll is, or that is
  // while a POST is on its way.
  await send('post and poll', 'held');
  server.recycle();
  await send('post', 'refused');
  await back(['connect', 'disconnect', 'connect']);
  for (const subject of subjects) {
    for (const [i, { answers }] of (await subject.states()).entries()) {
      const what = `${subject.name}, ${names[i]}`;
      const refused = server.trace.filter(line => line.includes(`/${ids.get(subject)![i]!}?`) && /→ [45]\d\d$/.test(line)).join();
      assert(REFUSED[names[i]!]!.every(method => refused.includes(`${method} `)), `${what}: ${refused}`);
      assert.deepEqual(answers, ['first'], `${what}: no packet is taken that was for another process`);
    }
  }
  await askAgain(subjects, 'second', names, subjects.filter(mayShakeTwice));

  // All of them at once, with a message from each.
  await note();
  process.kill(server.pids()[0]!, 'SIGKILL');
  await Promise.all(names.map(name => send(name, 'after it died')));
  await back(['connect', 'disconnect', 'connect', 'disconnect', 'connect'], true);
  // Any of them may have a late refusal of its last session now (see `back`), and lose the message.
  await askAgain(subjects, 'third', names, subjects);
}

const SHORT_POLLS: Edit = ['dist/app.js', 'io.sockets.on(', 'io.set("polling duration", 6); io.sockets.on('];

/** What an application with this version has to say; a server that offers nothing but xhr-polling is enough for the others. */
function optionsOf(version: string, inNode: boolean) {
  return { resource: resource.slice(1), ...(version === '0.9.2' || inNode ? { transports: ['xhr-polling'] } : {}) };
}

function get(t: TestContext): string | null {
  const folder = fetchClients();
  return available(t, 'a registry with the releases of socket.io-client 0.9', folder) ? path.join(folder!, 'node_modules') : null;
}

/** In a page: a client whose session is not known comes back with a new one, and knows that it does. */
export async function inPages(t: TestContext, versions: string[]): Promise<void> {
  const folder = get(t);
  const browser = folder && await openBrowser(t);
  if (!browser) return;
  const server = await serveAsIis(t, [SHORT_POLLS], {}, deployApplication);
  const names = ['post', 'poll', 'post and poll'];
  const pages = await Promise.all(versions.map(version =>
    openPage(browser, server.port, path.join(folder, version), version, optionsOf(version, false), names)));
  await takeAway(pages, names, server);
  const took = pages.flatMap(page => page.took).sort((a, b) => a - b);
  t.diagnostic(`from a refused POST to the next handshake: median ${took[took.length >> 1]} ms, at most ${took.at(-1)} ms, ${took.length} clients`);
}

/** The same in node, for those that poll there. */
export async function inNode(t: TestContext, versions: string[]): Promise<void> {
  const folder = get(t);
  if (!folder) return;
  // Before the server goes: a client that has lost it tries for minutes.
  const clients: ReturnType<typeof watch>[] = [];
  t.after(() => clients.forEach(client => client.close()));
  const server = await serveAsIis(t, [SHORT_POLLS], {}, deployApplication);
  const names = ['post', 'poll'];
  const subjects = versions.filter(version => !NOT_IN_NODE.test(version)).map(version => {
    const client = watch(fromRoot(path.join(folder, version)) as Library, server.origin, optionsOf(version, true), names);
    clients.push(client);
    return { name: version, ...client };
  });
  await takeAway(subjects, names, server);
}
