/* Finds the application to verify: its address, its page, and the settings that it should have. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '../../src/config';
import { Access, Answer, Browser, isHtml, NoAnswer } from './browser';
import { IISNODE_PAGE } from './causes/server-error';
import { cures, verifyAgain } from './cures';
import { diagnose } from './diagnosis';
import { isOfIis } from './iis-errors';
import { Cause, Fault, fault, Outcome, Scene } from './result';

export interface Options extends Access {
  /** The transports that should be offered. */
  transports: string[];
  /** The time for which polls are held, s. */
  hold: number;
  /** The number of clients that poll at once. */
  clients: number;
  /** The wait before the last request, s; 0 leaves this check out. */
  idle: number;
  /** An event that the application acknowledges. The demo needs none: verify knows its event. */
  event?: string;
  /** An origin, beside the application's own, whose pages should be able to connect. */
  origin?: string;
  /** The application's MAX_MESSAGE_BYTES. */
  messageBytes: number;
  /** The script that the handler names. */
  entry: string;
  /** The folder with web.config and iisnode.yml, for line numbers. */
  folder: string;
  /** The longest wait for a server that answers with an error at first, s. */
  patience: number;
}

export interface Target extends Options, Scene {
  /** The application's address, with a slash at the end. */
  base: URL;
  /** The address of its page: `base`, or the address that `base` redirects to. */
  page: URL;
  /** Socket.IO's path, '/app/socket'. */
  resource: string;
  home: Answer;
  browser: Browser;
}

/** An example of an address, for messages. */
export const EXAMPLE = `http://server${readConfig({}).appPath}/`;

/** The error for an address at which no server answers. The message is one line. */
export class Unreachable extends Error {}

const HINTS: Record<string, string> = {
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'there is no such host, or no name server',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was cut without an answer '
    + '(https where http is meant, or the reverse?)',
  EPROTO: 'it does not speak HTTPS there',
  ETIMEDOUT: 'no answer',
  TIMEOUT: 'no answer',
  EHOSTUNREACH: 'there is no way to that host',
};

/**
 * Reads the address of a page.
 * @throws Unreachable for another text
 */
export function parseAddress(text: string): URL {
  let url: URL | undefined;
  try {
    url = new URL(text);
  } catch {
    // The error below is thrown, because `url` is undefined.
  }
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new Unreachable(`${text} is not the address of a page, such as ${EXAMPLE}`);
  }
  url.search = url.hash = '';
  return url;
}

/**
 * Sends the first request, and follows redirects to the page. It waits for a server that is still
 * starting, `patience` seconds at most.
 * @throws Unreachable if no server answers
 */
export async function arrive(
  address: string, options: Options,
): Promise<{ target: Target; first: Outcome }> {
  let url = parseAddress(address);
  let base = new URL('.', /\/[^/.]+$/.test(url.pathname) ? `${url.href}/` : url);
  const browser = new Browser(options);
  const get = () => browser.open(url).catch((error: NoAnswer) => {
    browser.close();
    throw new Unreachable(`${url.href}: ${hintOf(error)}`);
  });

  let home = await get();
  const began = Date.now();
  const first: Outcome = { saw: `status ${home.status} after ${home.ms} ms` };
  const { status } = home;
  // node needs a second or two for its start. Each request may start another node, so the pauses
  // grow.
  for (let pause = 500; mayBeStarting(home); pause *= 2) {
    if (Date.now() - began + pause > options.patience * 1000) break;
    await sleep(pause);
    home = await get();
  }
  for (let hops = 0; hops < 5; hops += 1) {
    const to = redirect(home, url);
    if (!to) break;
    if (to.protocol !== url.protocol && to.hostname === url.hostname) {
      browser.close();
      throw new Unreachable(`${url.href} leads to ${to.href}: npm run verify -- ${to.href}`);
    }
    // This redirect leads to a login, or to another server. diagnose() names the address.
    if (to.host !== url.host) break;
    url = to;
    // If the redirect leads to a folder, the application is there. Another page may be a login.
    if (url.pathname.endsWith('/')) base = url;
    home = await get();
  }
  browser.page = url;
  const target: Target =
    { ...options, base, page: url, resource: `${base.pathname}socket`, home, browser };
  const found = await findFault(target, home);
  if (found) first.faults = [found];
  else if (status >= 500) {
    first.faults = [fault(
      `${first.saw}, and a good answer ${((Date.now() - began) / 1000).toFixed(1)} s later`,
      'iisnode does not wait until node has started', cures.connectionRetry, cures.retryDelay,
      cures.configOverrides,
    )];
  }
  return { target, first };
}

function hintOf({ code, message }: NoAnswer): string {
  if (/CERT|SELF_SIGNED|LEAF_SIGNATURE/.test(code)) {
    return `the certificate is not accepted (${code}); with --insecure it is`;
  }
  return HINTS[code] ?? message;
}

/**
 * Says whether the server may still be starting. A wait does not help if the pool is stopped (503
 * of http.sys), or if IIS refuses the web.config (500.19).
 */
function mayBeStarting({ status, text }: Answer): boolean {
  return status >= 500 && !/500\.19|<h2>Service Unavailable/i.test(text);
}

function redirect({ status, headers }: Answer, from: URL): URL | null {
  if (status < 300 || status >= 400 || headers.location === undefined) return null;
  return new URL(headers.location, from);
}

/** @returns the fault that hides the application; null if the application answers */
async function findFault(target: Target, home: Answer): Promise<Fault | null> {
  if (home.status !== 200) return diagnose('the page', home, target);
  const { browser, base } = target;
  const get = (name: string) => browser.ask(new URL(name, base)).catch(() => null);
  const [health, handshake] = await Promise.all([get('health'), get('socket/1/')]);
  if (health?.status === 200 && health.text.startsWith('{')) return null;
  if (handshake && isOurs(handshake)) return null;
  const telling = [home, health, handshake].find(answer => answer && tells(answer));
  if (telling) return diagnose('the page comes, but health and Socket.IO', telling, target);
  const causes: Cause[] = [
    { why: 'another application is at this address', cures: [verifyAgain(EXAMPLE)] },
    { why: 'no rule takes the URLs of this one', cures: [cures.rulePages, cures.ruleSocket] },
  ];
  // If IIS itself answers, another application is less likely than a missing rule.
  if (health && isOfIis(health)) causes.reverse();
  return new Fault(`the page comes, and neither health nor Socket.IO of ${base.href}`, causes);
}

/** Says whether an answer shows the cause: a login, an error, or the server's own 404. */
function tells({ status, text }: Answer): boolean {
  if (status === 200) return /type=["']?password/i.test(text) || IISNODE_PAGE.test(text);
  return status !== 404 || /^Not found\. The/.test(text);
}

function isOurs({ status, text }: Answer): boolean {
  return /^[\w-]+:\d*:\d*:/.test(text)
    || (status === 403 && /^(pages of this origin|handshake unauth|unauthorized:)/.test(text));
}

/** Says whether an answer is the application's page, which some applications send for each path. */
export function isHome(target: Target, answer: Answer): boolean {
  const title = (page: Answer) => /<title>[^<]*<\/title>/i.exec(page.text)?.[0];
  return isHtml(answer) && answer.status === target.home.status
    && title(answer) !== undefined && title(answer) === title(target.home);
}
