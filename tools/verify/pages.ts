/* Checks of the pages: that they come, with the headers that protect them, and compressed. */
import { gunzipSync } from 'node:zlib';
import { Answer, ask, isHtml } from './http';
import { expectOk, Fault, Outcome, unexpected } from './result';
import { header, places } from './settings';
import type { Target } from './target';

/** The page, and each script and style of this server that it names. */
export async function page({ page: address, home }: Target): Promise<Outcome> {
  expectOk('page', home);
  if (!isHtml(home)) throw new Fault(`page: ${home.headers['content-type']}, no HTML`, 'something else answers this URL', [places.rulePages]);
  const files = [...loaded(home, address)];
  const faults = await Promise.all(files.map(async ([url, type]) => {
    const answer = await ask(url);
    if (answer.status !== 200) return unexpected(url.pathname, answer);
    const got = answer.headers['content-type'] ?? 'no Content-Type';
    return type.test(got) ? undefined : new Fault(`${url.pathname}: ${got}`, 'something else answers this URL', [places.rulePages]);
  }));
  return { saw: `HTML, and ${files.length} scripts and styles`, faults: faults.filter((fault): fault is Fault => fault !== undefined) };
}

/** The page's own scripts and styles, with what their type has to be. */
function loaded(home: Answer, page: URL): Map<URL, RegExp> {
  const files = new Map<URL, RegExp>();
  for (const [tag] of home.text.replace(/<!--[^]*?-->/g, '').matchAll(/<(script|link)\b[^>]*>/gi)) {
    const attribute = (name: string) => new RegExp(`\\s${name}\\s*=\\s*["']?([^"'\\s>]+)`, 'i').exec(tag)?.[1];
    const script = /^<script/i.test(tag);
    const address = attribute(script ? 'src' : 'href');
    if (!address || (!script && attribute('rel') !== 'stylesheet')) continue;
    const url = new URL(address, page);
    if (url.origin === page.origin) files.set(url, script ? /javascript/ : /css/);
  }
  return files;
}

/** Health, several times: iisnode started the process that answers, and it is always the same one. */
export async function health({ base }: Target): Promise<Outcome> {
  const answers = await Promise.all([1, 2, 3, 4].map(() => ask(new URL('health', base))));
  const seen = answers.map(answer => {
    expectOk('health', answer);
    try {
      return JSON.parse(answer.text) as { status: string; pid: number; node: string; iisnode: string | null };
    } catch {
      throw new Fault(`health: ${answer.headers['content-type']}, no JSON`, 'something else answers this URL', [places.health, places.rulePages]);
    }
  });
  const { status, node, iisnode } = seen[0]!;
  const faults: Fault[] = [];
  if (status !== 'ok') faults.push(new Fault(`health: status ${JSON.stringify(status)}`, 'the server says that it is not well', [places.health]));
  if (!iisnode) faults.push(new Fault('health: no version of iisnode', 'iisnode did not start this server', [places.handler]));
  const pids = new Set(seen.map(one => one.pid));
  if (pids.size > 1) {
    faults.push(new Fault(`${pids.size} processes answer`, 'they do not share their clients', [places.processes, places.configOverrides]));
  }
  return { saw: `node ${node}, iisnode ${iisnode ?? '–'}, one process`, faults };
}

/** The headers that IIS adds and takes away, on the page and on what Socket.IO answers. */
export async function headers(target: Target): Promise<Outcome> {
  const socket = await ask(new URL(`${target.resource}/1/`, target.base));
  const faults: Fault[] = [];
  const expected: [name: string, value: RegExp, without: string][] = [
    ['Content-Security-Policy', /./, 'a page may load and run anything'],
    ['X-Content-Type-Options', /^nosniff$/i, 'a browser may take an answer to a poll for a script'],
    ['X-Frame-Options', /^(SAMEORIGIN|DENY)$/i, 'pages elsewhere can put this one into a frame'],
    ['Referrer-Policy', /./, 'other sites learn which page a visitor came from'],
  ];
  for (const [what, answer] of [['page', target.home], ['handshake', socket]] as const) {
    for (const [name, value, without] of expected) {
      const got = answer.headers[name.toLowerCase()] as string | undefined;
      if (got === undefined || !value.test(got)) faults.push(new Fault(`${what}: ${name}: ${got ?? 'missing'}`, without, [header(name)]));
    }
    const software = answer.headers['x-powered-by'];
    if (software !== undefined) {
      faults.push(new Fault(`${what}: X-Powered-By: ${String(software)}`, 'IIS or the application names its software', [places.poweredBy]));
    }
  }
  return { saw: `${expected.length} there, X-Powered-By absent`, faults };
}

/** The client script is compressed for who asks, by the server; Socket.IO's small answers are not. */
export async function compression({ base, resource }: Target): Promise<Outcome> {
  const headers = { 'Accept-Encoding': 'gzip' };
  const [script, handshake] = await Promise.all([`${resource}/socket.io.js`, `${resource}/1/`].map(path => ask(new URL(path, base), { headers })));
  expectOk('client script', script!);
  const faults: Fault[] = [];
  if (script!.headers['content-encoding'] !== 'gzip') {
    faults.push(new Fault('client script: not compressed', 'the server does not compress, or a proxy unpacks', [places.compression]));
  } else if (!isScript(script!.body)) {
    faults.push(new Fault('client script: compressed twice, or not gzip', 'IIS compresses what the server has compressed', [places.dynamicCompression]));
  }
  const packed = handshake!.headers['content-encoding'];
  if (packed !== undefined) {
    faults.push(new Fault(`handshake: compressed (${packed})`, 'IIS compresses each answer to a poll', [places.dynamicCompression]));
  }
  return { saw: `client script ${Math.round(script!.body.length / 1024)} KB with gzip, handshake plain`, faults };
}

function isScript(body: Buffer): boolean {
  try {
    return gunzipSync(body).includes('io.');
  } catch {
    return false;
  }
}
