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

/*
 * Unchanged clients of 0.9 lose their session with the process: by a recycle, or because it dies.
 */

/** All releases of socket.io-client 0.9. */
export const VERSIONS = [
  '0.9.0', '0.9.1-1', '0.9.1', '0.9.2', '0.9.3', '0.9.4', '0.9.5', '0.9.6', '0.9.7', '0.9.8', '0.9.9', '0.9.10', '0.9.11', '0.9.15', '0.9.16', '0.9.17',
];
/** In node, these versions do not find their xhr-polling, because they look for window.location. */
const NOT_IN_NODE = /^0\.9\.([3-9]|10)$/;

/**
 * Installs all releases, into a folder of build/ that the next run uses again.
 * @returns the folder, or null if the releases cannot be fetched
 */
function fetchClients(): string | null {
  const folder = path.join(root, 'build', 'fetched', 'socket.io-client-0.9');
  const there = () => VERSIONS.every(version => existsSync(path.join(folder, 'node_modules', version)));
  if (!there()) {
    // The dependencies that these releases ask for would not build on a node of today.
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

/** Opens sessions, and notes the events that an application hears on each. Also runs in pages. */
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
 * Opens the sessions of a client in a page. If a POST of the page contains the word 'held', it is
 * delayed until the session that sent it is disconnected.
 */
async function openPage(browser: BrowserContext, port: number, library: string, version: string, options: object, names: string[]) {
  const page = await browser.newPage();
  // Each page has a host of its own, because a browser opens only six connections to each host.
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
  // Measures the times from a refused POST to the next handshake, ms.
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

/** Waits until the function `holds` returns true for each session of each client. */
async function each(subjects: Subject[], what: string, holds: (state: State, i: number, subject: Subject) => boolean): Promise<void> {
  await Promise.all(subjects.map(async subject => {
    let states: State[] = [];
    const look = async () => (states = await subject.states()).every((state, i) => holds(state, i, subject));
    await until(look, what, 90).catch((error: Error) => assert.fail(`${error.message}: ${subject.name}: ${JSON.stringify(states)}`));
  }));
}

/** Sends a message in each session of each client, and waits until each gets it back. */
async function ask(subjects: Subject[], text: string, names: string[]): Promise<void> {
  await Promise.all(subjects.flatMap(subject => names.map((_, i) => subject.emit(i, text))));
  await each(subjects, `the acknowledgement of ${text}`, state => state.answers.includes(text));
}

/**
 * Does the same as ask(). But the sessions of the clients in `again` send the message again every
 * ten seconds, until they get it back.
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
 * Whether a client may make two handshakes when it comes back. Releases before 0.9.7 do, if the
 * server takes more than a second to answer. They send a message over the first connection, and
 * drop this connection: the message is lost.
 */
const mayShakeTwice = ({ name }: Subject) => /^0\.9\.[0-6](-|$)/.test(name);

/** The requests that a process refuses of each session, by the session's name. */
const REFUSED: Record<string, string[]> = { post: ['POST'], poll: ['GET'], 'post and poll': ['GET', 'POST'] };

/** Takes the process away from its connected clients twice: by a recycle, and by a kill. */
async function takeAway(subjects: Subject[], names: string[], server: Deployed): Promise<void> {
  const send = async (name: string, text: string) => {
    if (names.includes(name)) await Promise.all(subjects.map(subject => subject.emit(names.indexOf(name), text)));
  };
  const ids = new Map<Subject, string[]>();
  const note = async () => { for (const subject of subjects) ids.set(subject, (await subject.states()).map(state => state.id)); };
  /**
   * Waits until all clients have other sessions than the noted ones, and their applications know
   * it.
   * @param heard the events that each application has to hear
   * @param late whether a POST of the last session may be refused after the client has come back. 0.9
   * takes the refusal for a failure of its new session, and comes back once more. This fault of 0.9
   * shows if a process takes as long to start as 0.9 waits.
   */
  const back = async (heard: string[], late = false) => {
    await each(subjects, 'another session', (state, i, subject) => state.connected && state.id !== ids.get(subject)![i]);
    for (const subject of subjects) {
      for (const state of await subject.states()) {
        // A client that made two handshakes hears "connect" twice.
        const told = state.heard.filter((event, i, all) => event !== all[i - 1]);
        const twice = late && told.length > heard.length ? ['disconnect', 'connect'] : [];
        assert.deepEqual(told, [...heard, ...twice], subject.name);
      }
    }
  };
  await each(subjects, 'a session', state => state.connected);
  await ask(subjects, 'first', names);
  await note();
  await sleep(500); // by now the clients poll again

  // The old process holds these polls for some seconds. All other requests go to a new process. The
  // new process refuses a POST, or the next poll, or the next poll while a POST is on its way.
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

  // Now all sessions lose the process at once, and each sends a message.
  await note();
  process.kill(server.pids()[0]!, 'SIGKILL');
  await Promise.all(names.map(name => send(name, 'after it died')));
  await back(['connect', 'disconnect', 'connect', 'disconnect', 'connect'], true);
  // Now any client may get a late refusal for its last session (see `back`), and lose the message.
  await askAgain(subjects, 'third', names, subjects);
}

const SHORT_POLLS: Edit = ['dist/app.js', 'io.sockets.on(', 'io.set("polling duration", 6); io.sockets.on('];

/**
 * @returns the options of io.connect. Only some versions need the list of transports. For the
 * others it is enough that the server offers only xhr-polling.
 */
function optionsOf(version: string, inNode: boolean) {
  return { resource: resource.slice(1), ...(version === '0.9.2' || inNode ? { transports: ['xhr-polling'] } : {}) };
}

function get(t: TestContext): string | null {
  const folder = fetchClients();
  return available(t, 'a registry with the releases of socket.io-client 0.9', folder) ? path.join(folder!, 'node_modules') : null;
}

/** Checks in pages that a client whose session is gone comes back with a new one, and is told. */
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

/** Checks the same in node, for the versions that can poll there. */
export async function inNode(t: TestContext, versions: string[]): Promise<void> {
  const folder = get(t);
  if (!folder) return;
  // The clients close before the server: a client without a server would try for minutes.
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
