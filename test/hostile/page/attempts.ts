/* Pages that mean harm, and what they try: every means by which a page can make a browser ask another origin for something. */
import { once } from 'node:events';
import express from 'express';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { resource } from '../../support/template';

/** A request that a page tries to make. */
export interface Attempt {
  /** '<means> <what for>': also in the request's query, so that it is known when it arrives. */
  name: string;
  means: string;
  url: string;
  /** What is posted; a GET if there is none. */
  body?: string;
  /** ms to wait for an answer: what is let through may be a poll. Default: 30000. */
  patience?: number;
}

/** What a browser adds no Origin header to: the server has only Sec-Fetch-Site and Referer to go by. */
export const withoutOrigin = ['no-cors', 'script', 'image', 'stylesheet', 'frame', 'form', 'redirected image', 'link'];
const gets = ['fetch', 'XMLHttpRequest', 'EventSource', ...withoutOrigin.filter(means => means !== 'link')];
const posts = ['fetch', 'XMLHttpRequest', 'no-cors', 'preflighted', 'beacon', 'form', 'redirected form'];

/** The means by which a page tries all that there is, where it does not try everything by every means. */
const FEW = ['fetch', 'no-cors', 'script'];

/**
 * All that a page can try against a server: to shake hands, and, knowing the session id of a visitor (the worst case), to
 * post in his name, to read his poll, and to end his session.
 * @param everyMeans whether all of it is tried by every means; otherwise only the handshake is
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
  // As if the visitor's page had come back, and had all messages up to number 1000.
  add(gets, 'return to the session', `${handshake}?session=${session}&got=1000`);
  add(gets, 'poll', `${poll}?got=1000`);
  add(['script'], 'poll as script', `${handshake}jsonp-polling/${session}?i=0`);
  // The last: it ends the session where it succeeds.
  add(posts, 'end of the session', `${poll}?disconnect=1`, '');
  add(gets, 'end of the session', `${poll}?disconnect=1`);
  add(['link'], 'handshake', handshake);
  return all;
}

/** Runs in a page. Makes the request, and gives all that the page gets to see of the answer: '' if that is nothing. */
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
      // Refused by the browser, which does not say why.
    }
  };
  const byFrame = async (attributes: object, submit?: () => void) => {
    const { element, loaded } = add<HTMLIFrameElement>('iframe', attributes);
    await loaded;
    if (submit) {
      // What was loaded is the frame as it is at first, empty.
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
      // A jsonp answer calls io.j[0]; an error in a script may quote it.
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
    // The page is gone then.
    link: () => void setTimeout(() => { location.href = url; }, 100),
    beacon: () => void navigator.sendBeacon(url, body),
  };
  /** enctype text/plain joins name and value with '=': an event that has one can be posted as it is. */
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
 * A site whose pages mean harm, until the test ends: / is one, /hidden one that keeps its Referer to itself, /sandbox has the first
 * in a frame that has no origin, /to redirects. It is at localhost and at 127.0.0.1.
 * @returns its port
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
