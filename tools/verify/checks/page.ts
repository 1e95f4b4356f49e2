/* Checks the page with its scripts and styles, its headers, compression, and large requests. */
import { gunzipSync } from 'node:zlib';
import { Answer, isHtml, serverOf } from '../browser';
import { cures, header, nginx, noHeader } from '../cures';
import { diagnose } from '../diagnosis';
import { isOfIis } from '../iis-errors';
import { Fault, fault, Outcome } from '../result';
import { askHandshake } from '../session';
import type { Target } from '../target';

/** Checks that the page arrives, with the scripts and styles that it loads from this server. */
export async function page(target: Target): Promise<Outcome> {
  const { page: address, home, browser } = target;
  if (!home.readable) return { saw: 'compressed', faults: [packedTwice('page', home)] };
  if (!isHtml(home)) throw await diagnose('page', home, target);
  const files = Array.from(loaded(home, address));
  const faults = await Promise.all(files.map(async ([url, type]) => {
    const name = url.pathname;
    const answer = await browser.ask(url);
    if (answer.status !== 200) return diagnose(name, answer, target);
    if (!answer.readable) return packedTwice(name, answer);
    const got = answer.headers['content-type'] ?? 'no Content-Type';
    if (type.test(got)) return undefined;
    return fault(`${name}: ${got}`, 'something else answers this URL', cures.rulePages);
  }));
  return {
    saw: `HTML, and ${files.length} scripts and styles`,
    faults: faults.filter((one): one is Fault => one !== undefined),
  };
}

/** Finds the scripts and styles that a page loads from its own server, each with its type. */
export function loaded(home: Answer, page: URL): Map<URL, RegExp> {
  const files = new Map<URL, RegExp>();
  const html = home.text.replace(/<!--[^]*?-->/g, '');
  for (const [tag] of html.matchAll(/<(script|link)\b[^>]*>/gi)) {
    const attribute = (name: string) =>
      new RegExp(`\\s${name}\\s*=\\s*["']?([^"'\\s>]+)`, 'i').exec(tag)?.[1];
    const script = /^<script/i.test(tag);
    const address = attribute(script ? 'src' : 'href');
    if (!address || (!script && attribute('rel') !== 'stylesheet')) continue;
    const url = new URL(address, page);
    if (url.origin === page.origin) files.set(url, script ? /javascript/ : /css/);
  }
  return files;
}

function packedTwice(what: string, { headers }: Answer): Fault {
  return fault(
    `${what}: Content-Encoding ${headers['content-encoding']}, and it cannot be decompressed`,
    'IIS or a proxy compresses an answer that the server has compressed', cures.dynamicCompression,
    nginx('gzip off;'),
  );
}

/** Checks the headers that web.config adds and removes, on the page and on a handshake. */
export async function headers(target: Target): Promise<Outcome> {
  const socket = await askHandshake(target);
  const faults: Fault[] = [];
  const policy = 'default-src \'none\'; script-src \'self\'; style-src \'self\'; img-src \'self\'; '
    + 'connect-src \'self\'; form-action \'self\'; base-uri \'none\'; frame-ancestors \'self\'';
  const expected: [name: string, value: RegExp, should: string, without: string][] = [
    ['Content-Security-Policy', /./, policy, 'a page may load and run anything'],
    [
      'X-Content-Type-Options', /^nosniff$/i, 'nosniff',
      'a browser may take an answer to a poll for a script',
    ],
    [
      'X-Frame-Options', /^(SAMEORIGIN|DENY)$/i, 'SAMEORIGIN',
      'pages elsewhere can put this one into a frame',
    ],
    ['Referrer-Policy', /./, 'same-origin', 'other sites learn which page a visitor came from'],
  ];
  for (const [what, answer] of [['page', target.home], ['handshake', socket]] as const) {
    for (const [name, value, should, without] of expected) {
      const got = answer.headers[name.toLowerCase()] as string | undefined;
      // If an answer has a header twice, node joins the values. The first value counts.
      if (got !== undefined && value.test(got.split(', ')[0]!)) continue;
      faults.push(fault(`${what}: ${name}: ${got ?? 'missing'}`, without, header(name, should)));
    }
    const software = answer.headers['x-powered-by'];
    if (software === undefined) continue;
    const saw = `${what}: X-Powered-By: ${String(software)}`;
    faults.push(fault(saw, 'IIS or the application names its software', noHeader('X-Powered-By')));
  }
  return { saw: `${expected.length} there, X-Powered-By absent`, faults };
}

/** Checks that the client script is compressed, and that the answers of Socket.IO are not. */
export async function compression(target: Target): Promise<Outcome> {
  const script = await target.browser.ask(new URL(`${target.resource}/socket.io.js`, target.base));
  const handshake = await askHandshake(target);
  const faults: Fault[] = [];
  const packed = script.headers['content-encoding'];
  if (script.status !== 200 && handshake.status !== 200) return { saw: 'no script', skipped: true };
  if (script.status === 200 && packed === undefined) faults.push(notCompressed(script));
  if (script.status === 200 && packed !== undefined && !isScript(script)) {
    faults.push(packedTwice('client script', script));
  }
  const small = handshake.headers['content-encoding'];
  if (small !== undefined) {
    const saw = `handshake: compressed (${small})`;
    const byProxy = !/IIS|^$/i.test(serverOf(handshake));
    const why = `${byProxy ? 'a proxy' : 'IIS'} compresses each answer to a poll`;
    faults.push(fault(saw, why, byProxy ? nginx('gzip off;') : cures.dynamicCompression));
  }
  const size = Math.round(script.body.length / 1024);
  return { saw: `client script ${size} KB with ${packed}, handshake plain`, faults };
}

/**
 * Makes the fault of a script that is not compressed. The server sends Vary: Accept-Encoding with
 * each answer that it compresses for a client that asks for compression.
 */
function notCompressed(script: Answer): Fault {
  const saw = 'client script: not compressed';
  if (/accept-encoding/i.test(script.headers.vary ?? '')) {
    return fault(
      saw, 'a proxy drops Accept-Encoding, or decompresses the answers',
      nginx('proxy_set_header Accept-Encoding $http_accept_encoding;'),
    );
  }
  return fault(saw, 'the server does not compress', cures.compression);
}

function isScript({ text, body, headers }: Answer): boolean {
  if (text.includes('io.')) return true;
  // If the script was compressed twice, it is still gzip after it was decompressed once.
  if (headers['content-encoding'] !== 'gzip') return false;
  try {
    return gunzipSync(body).includes('io.');
  } catch {
    return false;
  }
}

/** The size of the cookies and tokens of a single sign-on, bytes. */
const COOKIES = 12000;

/** Checks that requests with large headers reach the server. IIS takes 16 KB. */
export async function largeHeaders(target: Target): Promise<Outcome> {
  const { browser, base } = target;
  const url = new URL('health', base);
  const cookies = [browser.cookiesFor(url), `verify=${'x'.repeat(COOKIES)}`];
  const headers = { Cookie: cookies.filter(Boolean).join('; ') };
  const answer = await browser.ask(url, { headers });
  if (answer.status === 200) return { saw: `${COOKIES / 1000} KB accepted` };
  const without = await browser.ask(url);
  // If every request is refused, another check reports that.
  if (without.status !== 200) return { saw: 'no health to ask for', skipped: true };
  const saw = `headers of ${COOKIES / 1000} KB`;
  if (answer.status === 500 && isOfIis(answer)) {
    const why = 'the headers are larger than iisnode\'s buffer (500.1005)';
    throw fault(`${saw}: status 500 of IIS's own`, why, cures.requestBuffer);
  }
  throw await diagnose(saw, answer, target);
}

/**
 * Checks that URLs reach the server if IIS accepts them by default. The server has its own 404 for
 * them. A stricter request filtering would refuse them.
 */
export async function addresses(target: Target): Promise<Outcome> {
  const { browser, base } = target;
  const long = Array.from({ length: 4 }, () => 'x'.repeat(200)).join('/');
  const asked: [what: string, path: string][] = [
    ['a query of 2,000 characters', `verify?token=${'x'.repeat(1994)}`],
    ['a path of 800 characters', `verify/${long}`],
    ['a path with a letter beyond ASCII', 'verify/%C3%A9'],
    ['a file of a type that IIS does not know', 'verify.unknown'],
  ];
  const faults: Fault[] = [];
  // If IIS replaces the texts of errors, all answers look like its own.
  const plainly = await browser.ask(new URL('verify', base));
  if (isOfIis(plainly)) return { saw: 'IIS replaces the texts of all errors', skipped: true };
  for (const [what, path] of asked) {
    const answer = await browser.ask(new URL(path, base));
    if (isOfIis(answer)) faults.push(await diagnose(what, answer, target));
  }
  return { saw: `${asked.length} of them reach the server`, faults };
}
