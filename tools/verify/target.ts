/* What is verified: where the application is, which settings it should have, and its page. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '../../src/config';
import { Answer, ask, isHtml, NoAnswer } from './http';
import { Fault, Outcome, unexpected } from './result';
import { places } from './settings';

export interface Options {
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
  /** The application's MAX_MESSAGE_BYTES. */
  messageBytes: number;
  /** The script that the handler names. */
  entry: string;
  /** Where web.config and iisnode.yml are, for line numbers. */
  folder: string;
}

export interface Target extends Options {
  /** Where the application is, with a slash at the end. */
  base: URL;
  /** Where its page is: there, or where that leads. */
  page: URL;
  /** Socket.IO's path, '/app/socket'. */
  resource: string;
  home: Answer;
}

/** An address that can be verified, for those who ask how. */
export const EXAMPLE = `http://server${readConfig({}).appPath}/`;

/** There is nothing to verify. Its message is one line. */
export class Unreachable extends Error {}

const HINTS: Record<string, string> = {
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'there is no such host, or no name server',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was cut without an answer (https where http is meant, or the reverse?)',
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
  if (!url || !/^https?:$/.test(url.protocol)) throw new Unreachable(`${text}: takes the address of the page, such as ${EXAMPLE}`);
  url.search = url.hash = '';
  return url;
}

/**
 * Makes the first request, follows redirects to the page, and waits a while for a server that cannot answer yet.
 * @throws Unreachable if no server answers
 */
export async function arrive(address: string, options: Options): Promise<{ target: Target; first: Outcome }> {
  let url = parseAddress(address);
  let base = new URL('.', /\/[^/.]+$/.test(url.pathname) ? `${url.href}/` : url);
  const get = () => ask(url, { seconds: 60 }).catch((error: NoAnswer) => {
    const certificate = /CERT|SELF_SIGNED|LEAF_SIGNATURE/.test(error.code);
    const hint = certificate ? `the certificate is not accepted (${error.code}); with --insecure it is` : HINTS[error.code];
    throw new Unreachable(`${url.href}: ${hint ?? error.message}`);
  });

  let home = await get();
  const first: Outcome = { saw: `status ${home.status} after ${home.ms} ms` };
  const starting = () => home.status >= 500 && !/500\.19/.test(home.text);
  if (home.status >= 500) {
    const start = Date.now();
    while (starting() && Date.now() - start < 10000) {
      await sleep(500);
      home = await get();
    }
    const waits = new Fault(
      `${first.saw}, and a good answer ${((Date.now() - start) / 1000).toFixed(1)} s later`,
      'iisnode does not wait until node has started', [places.connectionRetry, places.retryDelay, places.configOverrides],
    );
    first.faults = [home.status >= 500 ? unexpected('first request', home) : waits];
  }
  for (let redirects = 0; redirects < 5 && home.status >= 300 && home.status < 400 && home.headers.location; redirects += 1) {
    const to = new URL(home.headers.location, url);
    if (to.host !== url.host) throw new Unreachable(`${url.href}: leads to another server, ${to.origin}`);
    url = to;
    // To the directory. A page elsewhere, for a login perhaps, is not where the application is.
    if (url.pathname.endsWith('/')) base = url;
    home = await get();
  }
  return { target: { ...options, base, page: url, resource: `${base.pathname}socket`, home }, first };
}

/** Whether an answer is the application's page again: some applications answer any path with it. */
export function isHome(target: Target, answer: Answer): boolean {
  const title = (page: Answer) => /<title>[^<]*<\/title>/i.exec(page.text)?.[0];
  return isHtml(answer) && answer.status === target.home.status && title(answer) !== undefined && title(answer) === title(target.home);
}
