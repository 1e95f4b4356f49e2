/*
 * Hostile pages, and the requests that they try to make. The pages use every means by which a page
 * can make a browser send a request to another origin.
 */
import { once } from 'node:events';
import express from 'express';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { resource } from '../../support/template';

/** A request that a page tries to make. */
export interface Attempt {
  /**
   * For example 'fetch GET poll'. The query of the request has the name, too, so that the test
   * knows the request when it arrives.
   */
  name: string;
  means: string;
  url: string;
  /** The body of a POST. Without a body, the request is a GET. */
  body?: string;
  /**
   * How long the page waits for an answer, in ms, by default 30000. A request that is let through
   * may be a poll.
   */
  patience?: number;
}

/**
 * By these means, a browser sends a GET without an Origin header. Then the server has only
 * Sec-Fetch-Site and Referer to decide by.
 */
export const withoutOrigin = ['no-cors', 'script', 'image', 'stylesheet', 'frame', 'form', 'redirected image', 'link'];
const gets = ['fetch', 'XMLHttpRequest', 'EventSource', ...withoutOrigin.filter(means => means !== 'link')];
const posts = ['fetch', 'XMLHttpRequest', 'no-cors', 'preflighted', 'beacon', 'form', 'redirected form'];

/**
 * If a page does not try everything by every means, it uses only these means for all but the
 * handshake.
 */
const FEW = ['fetch', 'no-cors', 'script'];

/**
 * Lists all that a page can try against a server. The page can shake hands. In the worst case, the
 * page knows the session id of a visitor. Then the page can post in the visitor's name, read the
 * visitor's poll, and end the visitor's session.
 * @param everyMeans whether the page tries everything by every means; otherwise the page tries only
 * the handshake by every means
 */
export function attempts(server: string, session: string, everyMeans: boolean): Attempt[] {
  const handshake = `${server}${resource}/1/`;
  const poll = `${handshake}xhr-polling/${session}`;
  const event = '5:::{"name":"message","args":["from a hostile page"]}';
  const all: Attempt[] = [];
  const add = (means: string[], what: string, address: string, body?: string) => {
    for (const one of means) {
      if (!everyMeans && what !== 'handshake' && !FEW.includes(one)) continue;
      const url = new URL(address);
      const name = `${one} ${body === undefined ? 'GET' : 'POST'} ${what}`;
      url.searchParams.set('attempt', name);
      all.push({ name, means: one, url: url.href, body });
    }
  };
  add(gets, 'handshake', handshake);
  add(posts, 'handshake', handshake, '');
  add(['script', 'fetch'], 'handshake as script', `${handshake}?jsonp=0`);
  add(posts, 'event', poll, event);
  // This request claims that the visitor's page comes back, and has all messages up to number 1000.
  add(gets, 'return to the session', `${handshake}?session=${session}&got=1000`);
  add(gets, 'poll', `${poll}?got=1000`);
  add(['script'], 'poll as script', `${handshake}jsonp-polling/${session}?i=0`);
  // These attempts end the session where they succeed. So they come after all that need the
  // session.
  add(posts, 'end of the session', `${poll}?disconnect=1`, '');
  add(gets, 'end of the session', `${poll}?disconnect=1`);
  add(['link'], 'handshake', handshake);
  return all;
}

/**
 * Runs in a page, and makes the request.
 * @returns all that the page can see of the answer, or '' if it sees nothing
 */
export async function attempt({ means, url, body, patience = 30000 }: Attempt): Promise<string> {
  const read: string[] = [];
  const method = body === undefined ? 'GET' : 'POST';
  const over = new AbortController();
  const add = <E extends HTMLElement>(name: string, attributes: object) => {
    const element = Object.assign(document.createElement(name), attributes) as E;
    const loaded = new Promise<void>(resolve => element.onload = element.onerror = () => resolve());
    over.signal.addEventListener('abort', () => element.remove());
    document.body.append(element);
    return { element, loaded };
  };
  const byFetch = async (init: RequestInit) => {
    try {
      const answer = await fetch(url, { method, body, credentials: 'include', signal: over.signal, ...init });
      const text = await answer.text();
      if (answer.type !== 'opaque' || text) read.push(`${answer.status} ${text}`);
    } catch {
      // The browser has refused the request, and does not say why.
    }
  };
  const byFrame = async (attributes: object, submit?: () => void) => {
    const { element, loaded } = add<HTMLIFrameElement>('iframe', attributes);
    await loaded;
    if (submit) {
      // The first load was that of the empty frame.
      const answered = new Promise(resolve => element.onload = resolve);
      submit();
      await answered;
    }
    const page = element.contentDocument;
    if (page?.body.textContent) read.push(page.body.textContent);
  };
  const redirected = `/to?${new URLSearchParams({ url })}`;

  const ways: Record<string, () => void | Promise<void>> = {
    fetch: () => byFetch({}),
    'no-cors': () => byFetch({ mode: 'no-cors' }),
    preflighted: () => byFetch({ headers: { 'X-Requested-With': 'XMLHttpRequest' } }),
    XMLHttpRequest: () => new Promise(resolve => {
      const xhr = new XMLHttpRequest();
      over.signal.addEventListener('abort', () => xhr.abort());
      xhr.onloadend = () => resolve(xhr.status === 0 && !xhr.responseText ? undefined : void read.push(`${xhr.status} ${xhr.responseText}`));
      xhr.open(method, url);
      xhr.withCredentials = true;
      xhr.send(body);
    }),
    EventSource: () => new Promise(resolve => {
      const source = new EventSource(url, { withCredentials: true });
      over.signal.addEventListener('abort', () => source.close());
      source.onmessage = event => read.push(String(event.data));
      source.onopen = () => read.push('open');
      source.onerror = () => resolve();
    }),
    script: async () => {
      // A JSONP answer calls io.j[0]. The message of an error in a script may quote the answer.
      Object.assign(window, { io: { j: [(...all: unknown[]) => read.push(all.join())] } });
      window.onerror = message => void (typeof message === 'string' && !/^Script error\.?$/.test(message) && read.push(message));
      await add('script', { src: url }).loaded;
    },
    image: async () => {
      const { element, loaded } = add<HTMLImageElement>('img', { src: url });
      await loaded;
      if (element.naturalWidth) read.push('an image');
    },
    'redirected image': () => add('img', { src: redirected }).loaded,
    stylesheet: async () => {
      const { element, loaded } = add<HTMLLinkElement>('link', { rel: 'stylesheet', href: url });
      await loaded;
      if (element.sheet) try { read.push(element.sheet.cssRules.item(0)?.cssText ?? ''); } catch { /* another origin's */ }
    },
    frame: () => byFrame({ src: url }),
    form: () => byForm(url),
    'redirected form': () => byForm(redirected),
    // The link replaces the page. So the browser follows the link only after this function has
    // ended.
    link: () => void setTimeout(() => { location.href = url; }, 100),
    beacon: () => void navigator.sendBeacon(url, body),
  };
  /**
   * enctype text/plain puts '=' between the name and the value of a field. The body is cut in the
   * text of the event, so that the event with '=' is still a right one.
   */
  const byForm = (action: string) => byFrame({ name: 'answer' }, () => {
    const half = Math.floor((body ?? '').length * 0.8);
    const fields = body === undefined ? [...new URL(url).searchParams] : [[body.slice(0, half), body.slice(half)]];
    const form = document.createElement('form');
    Object.assign(form, { action, method, enctype: 'text/plain', target: 'answer' });
    for (const [name, value] of fields) form.append(Object.assign(document.createElement('input'), { name, value, type: 'hidden' }));
    document.body.append(form);
    form.submit();
    form.remove();
  });
  await Promise.race([ways[means]!(), new Promise(resolve => setTimeout(resolve, patience))]);
  over.abort();
  return read.join();
}

/**
 * Starts a site with hostile pages. The site ends with the test. It is at localhost and at
 * 127.0.0.1. / is a hostile page. /hidden is a hostile page that sends no Referer. /sandbox has the
 * page / in a frame without an origin. /to redirects.
 * @returns the port of the site
 */
export async function hostileSite(t: TestContext): Promise<number> {
  const app = express();
  const html = (body: string) => `<!doctype html><meta charset="utf-8"><title>Hostile</title><link rel="icon" href="data:,">${body}`;
  app.get('/', (_req, res) => { res.send(html('<body></body>')); });
  app.get('/hidden', (_req, res) => { res.send(html('<meta name="referrer" content="no-referrer"><body></body>')); });
  app.get('/sandbox', (_req, res) => { res.send(html('<iframe src="/" sandbox="allow-scripts allow-forms"></iframe>')); });
  app.all('/to', (req, res) => { res.redirect(307, req.query.url as string); });
  const site = app.listen(0);
  t.after(() => {
    site.closeAllConnections();
    site.close();
  });
  await once(site, 'listening');
  return (site.address() as AddressInfo).port;
}
