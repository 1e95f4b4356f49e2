/*
 * The requests that compare sends: some 300, in groups. A request with `writes` changes something
 * on a server, if only a session that ends by itself. compare sends it only with --write.
 */
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';

export interface Case {
  /** The subject of the request, such as 'methods'. */
  group: string;
  method: string;
  /** The path below the application's path, as the request line has it. */
  path: string;
  /** The lines beside Host and Connection. $ORIGIN stands for the origin of the server. */
  headers: string[];
  body?: string;
  /** The version of HTTP. Default: HTTP/1.1. */
  version?: string;
  /** The Host header; '' for none. Default: the host of the address. */
  host?: string;
  /** Whether the request changes something on the server. */
  writes?: boolean;
  /** Whether the answer takes as long as a poll waits, some 20 s. */
  slow?: boolean;
  /** The longest wait for the answer, ms, for an answer that comes at once or not at all. */
  patience?: number;
}

type More = Partial<Omit<Case, 'group' | 'path'>>;
type Add = (group: string, paths: string[], more?: More) => void;

/**
 * Lists all requests.
 * @param folder the application's folder; each file of its public/ gets requests, too
 */
export function allCases(folder: string): Case[] {
  const cases: Case[] = [];
  const add: Add = (group, paths, more = {}) => {
    for (const one of paths) {
      cases.push({ group, method: 'GET', headers: [], ...more, path: one });
    }
  };
  addPaths(add);
  addEncodings(add);
  addFiltering(add);
  addMethods(add);
  addHeaders(add);
  addFiles(add, folder);
  addPolls(add);
  return cases;
}

const PATHS = [
  '', 'health', 'Health', 'health/', 'health/x', 'none', 'none.html', 'socket', 'socket/',
  'sockets', 'Socket/1/', 'socket/socket.io.js', 'socket/nothing.js', 'dist/server.js', 'dist/',
  'dist/server.js/debug', 'web.config', 'Web.Config', 'package.json', 'iisnode.yml',
  'licenses.txt', 'public/index.html', 'src/app.ts', 'iisnode/', 'iisnode/index.html',
  'node_modules/', 'node_modules/express/package.json', 'deploy/main.js', 'install.cmd',
  'installed.json', '.env', '.git/config', '.well-known/x', 'con', 'nul.txt', 'aux/x', 'a.b/c',
  'x.unknown', 'x.json', '?', '?a=b', 'health?', 'health?a=b&c=d', '/health', './health', '../',
  '%2e/health', 'index.html/',
];

function addPaths(add: Add): void {
  add('paths and rules', PATHS);
  add('paths and rules', PATHS.slice(0, 20), { method: 'HEAD' });
}

/** Characters that URLs, IIS or Windows treat in ways of their own. */
const CHARACTERS = Array.from(' !"#$%&\'()*+,-.:;<=>@[\\]^_`{|}~');
const ENCODED = [
  '%00', '%01', '%09', '%0a', '%0d', '%1f', '%7f', '%80', '%ff', '%c3%a4', '%C3%A4', '%e4',
  '%u00e4', '%e2%82%ac', '%f0%9f%98%80', '%c0%af', '%2f', '%2F', '%5c', '%25', '%252f',
  '%252e%252e', '%2e%2e', '%3f', '%23', '%zz', '%', '%2', '\xe4', '\xff', 'a%20b', 'a+b', 'a..b',
  'a.', 'a%20', '~1', '::$DATA',
];

function addEncodings(add: Add): void {
  const percent = (one: string) => `%${one.charCodeAt(0).toString(16).padStart(2, '0')}`;
  add('encodings in the path', CHARACTERS.map(one => `x${percent(one)}y`));
  const plain = CHARACTERS.filter(one => !' #%?'.includes(one));
  add('encodings in the path', plain.map(one => `x${one}y`));
  add('encodings in the path', ENCODED.map(one => `x${one}`));
  add('encodings in the query', ENCODED.map(one => `health?x=${one}`));
}

/** Extensions that IIS's request filtering refuses by default, and a few that it does not. */
const EXTENSIONS = [
  'asax', 'ascx', 'master', 'skin', 'browser', 'sitemap', 'config', 'cs', 'csproj', 'vb', 'resx',
  'licx', 'mdb', 'java', 'ldf', 'mdf', 'exclude', 'refresh', 'asp', 'aspx', 'php', 'exe', 'dll',
];
const SEGMENTS = [
  'bin', 'App_code', 'App_GlobalResources', 'App_LocalResources', 'App_WebReferences', 'App_Data',
  'App_Browsers', 'node_modules', 'iisnode', 'web.config',
];

function addFiltering(add: Add): void {
  add('request filtering: extensions (404.7)', EXTENSIONS.map(one => `x.${one}`));
  add('request filtering: segments (404.8)', SEGMENTS.map(one => `${one}/x`));
  add('request filtering: double escaping (404.11)', ['a+b/c', '%252e', 'x%2525', 'x%2b']);
  const long = (before: string, lengths: number[]) =>
    lengths.map(length => before + 'x'.repeat(length));
  add('request filtering: length of the URL (404.14)',
    long('', [260, 261, 3900, 4096, 4200, 9000]));
  add('request filtering: length of the query (404.15)',
    long('health?', [2000, 2048, 2049, 2200, 9000]));
  for (const length of [1048577, 2000000, 5000000000]) {
    // The request has no body: request filtering decides by the header with the length.
    add('request filtering: length of the body (404.13)', ['none'], {
      method: 'POST', headers: [`Content-Length: ${length}`], writes: true, patience: 10000,
    });
  }
}

function addMethods(add: Add): void {
  for (const method of ['OPTIONS', 'TRACE', 'PROPFIND', 'SEARCH', 'get', 'FOO']) {
    add('methods', ['', 'health', 'socket/1/'], { method });
  }
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
    add('methods', ['', 'health'], { method, headers: ['Content-Length: 0'], writes: true });
  }
}

const HEADERS: string[][] = [
  ['Accept-Encoding: gzip'], ['Accept-Encoding: deflate'], ['Accept-Encoding: br'],
  ['Accept-Encoding: gzip;q=0'], ['Accept-Encoding: identity'], ['Accept: text/html'],
  ['Range: bytes=0-9'], ['Range: bytes=5-2'], ['If-None-Match: *'], ['If-None-Match: "x"'],
  ['If-Modified-Since: Sun, 01 Jan 2040 00:00:00 GMT'], ['Cache-Control: no-cache'],
  ['Pragma: no-cache'], ['Origin: $ORIGIN'], ['Origin: null'], ['Origin: https://other.example'],
  ['Referer: $ORIGIN/x'], ['Referer: https://other.example/'], ['Sec-Fetch-Site: cross-site'],
  ['Cookie: a=b; c="d"'], ['X-Forwarded-For: 1.2.3.4'], ['X-Forwarded-Proto: https'],
  ['X-Original-URL: /other'], ['X-iisnode-AUTH_USER: DOMAIN\\admin'], ['DNT: 1'],
  ['X-Forwarded-Host: other.example'], ['X-Latin: \xe4'], ['X-Empty:'], ['x-lower: a'],
  ['X-Twice: a', 'X-Twice: b'], ['Expect: 100-continue'], ['Upgrade: h2c'], ['TE: trailers'],
  ['Upgrade: websocket', 'Connection: Upgrade'], ['Content-Type: text/plain'],
  ['X-Bad Name: x'], ['Authorization: Basic eDp5'],
];
/** The sizes of one header, KB. node and IIS have limits from 8 to 16 KB. */
const SIZES = [4, 7, 8, 9, 12, 14, 15, 16, 17];

function addHeaders(add: Add): void {
  for (const headers of HEADERS) add('headers of requests', ['', 'socket/1/'], { headers });
  for (const size of SIZES) {
    const cookie = `Cookie: a=${'x'.repeat(size * 1024 - 200)}`;
    add('headers of requests: size', ['health'], { headers: [cookie] });
  }
  const many = Array.from({ length: 900 }, (_, i) => `X-${i}: y`);
  add('headers of requests: number', ['health'], { headers: many });
  add('host and version', ['health', 'none'], { version: 'HTTP/1.0' });
  add('host and version', ['health'], { version: 'HTTP/1.0', host: '' });
  add('host and version', ['health'], { host: '' });
  add('host and version', ['health'], { version: 'HTTP/2.0' });
}

function addFiles(add: Add, folder: string): void {
  const pages = path.join(folder, 'public');
  const files = readdirSync(pages, { recursive: true }).map(String)
    .filter(name => statSync(path.join(pages, name)).isFile())
    .map(name => name.replaceAll('\\', '/').split('/').map(encodeURIComponent).join('/'))
    .sort();
  // Some files are enough to show a difference, and the folder may have thousands of pictures.
  const some = files.slice(0, 20);
  add('static files', some);
  add('static files', some, { method: 'HEAD' });
  add('static files', some, { headers: ['Accept-Encoding: gzip, deflate'] });
  add('static files', some.slice(0, 5), { headers: ['Range: bytes=0-3'] });
  add('static files', some.slice(0, 5).map(name => name.toUpperCase()));
}

function addPolls(add: Add): void {
  // No client uses the sessions of these handshakes, so the server ends them after 30 s.
  add('handshakes', [
    'socket/1/', 'socket/1', 'socket/1/?t=1&x=%3D', 'socket/0/', 'socket/2/', 'socket/1/?jsonp=0',
    'socket/1/?__proto__=1',
  ]);
  add('handshakes', ['socket/1/'], { headers: ['Origin: https://other.example'] });
  const none = (transport: string) => `socket/1/${transport}/none`;
  add('polls', [
    ...['xhr-polling', 'websocket', 'flashsocket', 'jsonp-polling', 'nothing'].map(none),
    'socket/1/xhr-polling/', `${none('xhr-polling')}?disconnect=1`, 'socket/1/xhr-polling/%00',
  ]);
  add('polls', [none('xhr-polling'), 'socket/1/'], {
    method: 'POST', body: '2::', writes: true,
    headers: ['Content-Length: 3', 'Content-Type: text/plain'],
  });
  // $SESSION stands for the id of a session that compare has opened before. The first poll gets the
  // packet that the client is connected. The second poll waits.
  const own = ['socket/1/xhr-polling/$SESSION'];
  add('polls of a session', own, { writes: true });
  add('polls of a session', own, { writes: true, slow: true });
  add('polls of a session', own, {
    method: 'POST', body: '2:::', writes: true,
    headers: ['Content-Length: 4', 'Content-Type: text/plain'],
  });
}
