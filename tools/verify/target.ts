/* What is verified: where the application is, which settings it should have, and its page. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '../../src/config';
import { Answer, Browser, Entry, isHtml, NoAnswer } from './browser';
import { IISNODE_PAGE } from './causes/server-error';
import { cures, verifyAgain } from './cures';
import { diagnose } from './diagnosis';
import { isOfIis } from './iis-errors';
import { because, Cause, Fault, fault, Outcome, Scene } from './result';

export interface Options extends Entry {
  /** The transports that should be offered. */
  transports: string[];
  /** How long polls are held, seconds. */
  hold: number;
  /** How many clients poll at once. */
  clients: number;
  /** Seconds without a request before the last one; 0: there is no such request. */
  idle: number;
  /** An event of the application that it acknowledges. The demo's is known. */
  event?: string;
  /** An origin beside the application's own whose pages should be able to connect. */
  origin?: string;
  /** The application's MAX_MESSAGE_BYTES. */
  messageBytes: number;
  /** The script that the handler names. */
  entry: string;
  /** Where web.config and iisnode.yml are, for line numbers. */
  folder: string;
  /** How long to wait for a server that answers with an error at first, seconds. */
  patience: number;
}

export interface Target extends Options, Scene {
  /** Where the application is, with a slash at the end. */
  base: URL;
  /** Where its page is: there, or where that leads. */
  page: URL;
  /** Socket.IO's path, '/app/socket'. */
  resource: string;
  home: Answer;
  browser: Browser;
}

/** An address that can be verified, for those who ask how. */
export const EXAMPLE = `http://server${readConfig({}).appPath}/`;

/** There is nothing to verify. Its message is one line. */
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

/** @throws Unreachable for what is no address of a page */
export function parseAddress(text: string): URL {
  let url: URL | undefined;
  try {
    url = new URL(text);
  } catch {
    // Said below.
  }
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new Unreachable(`${text}: takes the address of the page, such as ${EXAMPLE}`);
  }
  url.search = url.hash = '';
  return url;
}

/**
 * Makes the first request, follows redirects to the page, and waits a while for a server that
 * cannot answer yet.
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
  // A node that starts needs a second or two. Each try may start another, so they are few.
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
    // A login, or another server: the answer itself says where it leads.
    if (to.host !== url.host) break;
    url = to;
    // To the folder. A page elsewhere, for a login perhaps, is not where the application is.
    if (url.pathname.endsWith('/')) base = url;
    home = await get();
  }
  browser.page = url;
  const target: Target =
    { ...options, base, page: url, resource: `${base.pathname}socket`, home, browser };
  const wrong = await whatIsWrong(target, home);
  if (wrong) first.faults = [wrong];
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

/** Waiting does not help where a pool is stopped (http.sys's 503), nor where a file is wrong. */
function mayBeStarting({ status, text }: Answer): boolean {
  return status >= 500 && !/500\.19|<h2>Service Unavailable/i.test(text);
}

function redirect({ status, headers }: Answer, from: URL): URL | null {
  if (status < 300 || status >= 400 || headers.location === undefined) return null;
  return new URL(headers.location, from);
}

/** Why there is no application to verify; null where there is one. */
async function whatIsWrong(target: Target, home: Answer): Promise<Fault | null> {
  if (home.status !== 200) return diagnose('the page', home, target);
  const { browser, base } = target;
  const get = (name: string) => browser.ask(new URL(name, base)).catch(() => null);
  // One after the other: only then can the second be given an answer that was kept.
  const health = await get('health');
  const handshake = await get('socket/1/');
  const one = health?.status === 200 && health.text === handshake?.text;
  if (health?.status === 200 && health.text.startsWith('{') && !one) return null;
  if (handshake && isOurs(handshake) && !one) return null;
  const telling = [home, health, handshake].find(answer => answer && tells(answer));
  if (telling) return diagnose('the page comes, but health and Socket.IO', telling, target);
  const kept = 'IIS gives its first answer to all URLs: <caching> keeps that of dist/server.js';
  const causes: Cause[] = [
    ...one ? because(kept, cures.caching) : [],
    { why: 'another application is at this address', cures: [verifyAgain(EXAMPLE)] },
    { why: 'no rule takes the URLs of this one', cures: [cures.rulePages, cures.ruleSocket] },
  ];
  // An answer of IIS's own is nobody's, one with a text is another application's.
  if (health && isOfIis(health)) causes.reverse();
  return new Fault(`the page comes, and neither health nor Socket.IO of ${base.href}`, causes);
}

/** Whether an answer in their place says why: a login, an error, or where the server lives. */
function tells({ status, text }: Answer): boolean {
  if (status === 200) return /type=["']?password/i.test(text) || IISNODE_PAGE.test(text);
  return status !== 404 || /^Not found\. The/.test(text);
}

function isOurs({ status, text }: Answer): boolean {
  return /^[\w-]+:\d*:\d*:/.test(text)
    || (status === 403 && /^(pages of this origin|handshake unauth|unauthorized:)/.test(text));
}

/**
 * Whether an answer is the application's page again: some applications answer any path with it.
 */
export function isHome(target: Target, answer: Answer): boolean {
  const title = (page: Answer) => /<title>[^<]*<\/title>/i.exec(page.text)?.[0];
  return isHtml(answer) && answer.status === target.home.status
    && title(answer) !== undefined && title(answer) === title(target.home);
}
