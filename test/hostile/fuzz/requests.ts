/*
 * Makes HTTP requests with addresses of every shape under the resource, and with headers that
 * matter. Some of the requests are no HTTP at all.
 */
import { appPath, resource } from '../../support/template';
import { body } from './packets';
import { PROTOTYPE_NAMES, Random } from '../../support/random';

/**
 * A request as it goes over the wire. `{session}` in its head stands for the id of one of the
 * sender's own sessions.
 */
export interface Part {
  method: string;
  head: string;
  body: Buffer;
}

/** The most letters of a head, and of an address in it. node takes 16 KB. */
const HEAD = 15000;
const LONG = 6000;

export function address(r: Random): string {
  const protocol = r.weighed([[20, '1'], [4, r.pick(['0', '2', '01', '1.0', '1e0', '+1', '-1', 'NaN', 'Infinity', '%31', '1%20', '', ...PROTOTYPE_NAMES])]]);
  const transport = r.weighed([
    [14, 'xhr-polling'], [2, 'websocket'],
    [6, r.pick(['jsonp-polling', 'htmlfile', 'flashsocket', 'nonsense', 'XHR-POLLING', 'http-polling', '%78hr-polling', '', 'xhr-polling%00', ...PROTOTYPE_NAMES])],
  ]);
  const id = r.weighed([
    [6, '{session}'], [3, r.word(20)], [3, r.pick(PROTOTYPE_NAMES)],
    [4, r.pick(['', '.', '..', '%2e%2e', '%00', '%', '%zz', '%c3', '%e2%82%ac', '{encoded}', '{session}x', '{session}%20', 'a:b', '"', '[', '*', 'null', '-', '0', 'length'])],
    [1, r.word(1 + r.below(40))], [0.3, 'x'.repeat(r.below(LONG))],
  ]);
  const tail = r.weighed([
    [10, ''], [4, '/'], [1, '//'], [1, '/x'], [1, '/x/y/z'], [4, `?t=${r.below(1e9)}`], [0.5, '/?disconnect=1'], [0.3, '?disconnect'],
    [4, r.pick([
      '?jsonp=0', '?jsonp=99999', '?jsonp=x', '?jsonp[]=1', '?jsonp=0&jsonp=1', '?__proto__=1', '?constructor[prototype]=1', '?%', '?t=%zz', '?', '??', '#x', '?#', ';x',
      '?a=%00', '?' + 'a&'.repeat(500), '?' + 'q'.repeat(r.below(LONG)), '/%2f', '\\x', '|', '?{}', '?disconnect=0&t=1',
    ])],
  ]);
  const under = r.weighed([[20, resource], [1, resource.toUpperCase()], [0.3, `${resource}/`], [0.3, `//${resource.slice(1)}`]]);
  return r.weighed([
    [24, `${under}/${protocol}/${transport}/${id}${tail}`], [2, `${under}/${protocol}/${transport}${tail}`],
    [0.4, `${under}/${protocol}${tail}`], [1, `${under}/${r.pick(PROTOTYPE_NAMES)}${tail}`], [1, `${under}${tail}`],
    [1, `http://localhost${under}/${protocol}/${transport}/${id}${tail}`],
    [2, r.pick([
      '/', '*', `${appPath}`, `${appPath}/`, `${appPath}/health`, `${resource}/socket.io.js`, `${resource}x/1/`, `${resource}.html`, `${appPath}/realtime.js`, `${appPath}/%`, '/%',
      `${appPath}/..%2f..%2fpackage.json`, `${appPath}/../package.json`, `${appPath}/socket%2f1`, '//', '///x', `${appPath}/x%00.js`,
    ])],
  ]);
}

const HEADERS: [name: string, values: string[]][] = [
  ['Origin', ['null', '', 'http://localhost', 'http://evil.example', 'https://localhost', 'http://[', 'file://', '*', 'http://localhost, http://localhost', 'x'.repeat(3000), '\xff']],
  ['Sec-Fetch-Site', ['cross-site', 'same-site', 'same-origin', 'none', '', 'x', '__proto__']],
  ['Sec-Fetch-Mode', ['cors', 'no-cors', 'navigate', 'websocket']],
  ['Referer', [`http://localhost${appPath}/`, 'http://evil.example/', 'http://[', '', 'x']],
  ['X-Forwarded-For', ['1.2.3.4', '1.2.3.4, 5.6.7.8', '', ',,,', '::1', 'x'.repeat(3000), '\xff\xfe']],
  ['X-Forwarded-Proto', ['https', 'http', 'http,https', '', 'javascript', '://', 'x'.repeat(2000), ','.repeat(2000)]],
  ['X-Forwarded-Host', ['evil.example', '']],
  ['Cookie', ['a=b', '__proto__=1', 'x'.repeat(4000)]],
  ['Content-Type', ['text/plain', 'application/x-www-form-urlencoded', 'application/json', 'text/plain; charset=utf-16', 'multipart/form-data', '']],
  ['Content-Encoding', ['gzip', 'identity']],
  ['Accept-Encoding', ['gzip, deflate, br', 'identity;q=0', '*']],
  ['Connection', ['keep-alive', 'close', 'Keep-Alive, X', 'x']],
  ['Expect', ['100-continue', '100-continue', '100-Continue', '200-ok']],
  ['If-None-Match', ['*', '"x"']],
  ['If-Modified-Since', ['Thu, 01 Jan 2099 00:00:00 GMT', 'x']],
  ['Range', ['bytes=0-3', 'bytes=-1', 'bytes=9999999-', 'x']],
  ['TE', ['trailers']],
  ['Upgrade', ['h2c', 'websocket']],
  ['X-HTTP-Method-Override', ['DELETE']],
  ['__proto__', ['x']],
  ['constructor', ['x']],
  ['User-Agent', ['', 'Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1)']],
];

const METHODS: [number, string][] = [
  [12, 'GET'], [9, 'POST'], [1, 'PUT'], [1, 'DELETE'], [1, 'OPTIONS'], [1, 'HEAD'], [0.5, 'PATCH'], [0.5, 'TRACE'], [0.3, 'PROPFIND'], [0.3, 'M-SEARCH'], [0.2, 'PURGE'],
];

/** Makes a request that is complete and right as HTTP. The server owes an answer to it. */
export function request(r: Random, method: string, target: string, content = Buffer.alloc(0), extra: string[] = []): Part {
  const lines = [`Host: ${r.weighed([[20, 'localhost'], [1, 'evil.example'], [0.5, '[::1]:80'], [0.5, ''], [0.5, 'a b']])}`, ...extra];
  for (let more = r.weighed([[6, 0], [3, 1], [2, 2], [1, 5]]); more > 0; more -= 1) {
    const [name, values] = r.pick(HEADERS);
    const line = `${name}: ${r.pick(values)}`;
    const long = target.length + lines.join('').length + line.length > HEAD;
    if (!long && !lines.some(other => other.startsWith(`${name}:`))) lines.push(line);
  }
  const chunked = content.length > 0 && r.chance(0.12);
  if (chunked) lines.push('Transfer-Encoding: chunked');
  else if (content.length > 0 || method === 'POST') lines.push(`Content-Length: ${content.length}`);
  const version = !chunked && r.chance(0.02) ? '1.0' : '1.1';
  return { method, head: `${method} ${target} HTTP/${version}\r\n${lines.join('\r\n')}\r\n\r\n`, body: chunked ? inChunks(r, content) : content };
}

/**
 * Makes a chunked body of pieces of any length. Some bodies have the extensions and trailers that
 * HTTP allows.
 */
function inChunks(r: Random, content: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < content.length;) {
    const length = Math.min(content.length - at, 1 + r.below(content.length > 5000 ? 60000 : 60));
    pieces.push(Buffer.from(`${length.toString(16)}${r.chance(0.1) ? ';a=b' : ''}\r\n`), content.subarray(at, at + length), Buffer.from('\r\n'));
    at += length;
  }
  return Buffer.concat([...pieces, Buffer.from(r.chance(0.1) ? '0\r\nTrailer: x\r\n\r\n' : '0\r\n\r\n')]);
}

/** Makes a request with any method and any address. */
export function anyRequest(r: Random): Part {
  const method = r.weighed(METHODS);
  return request(r, method, address(r), method === 'POST' || r.chance(0.05) ? body(r) : undefined);
}

/** @returns the address for the packets of a session */
export const poll = (r: Random): string => `${resource}/1/xhr-polling/{session}${r.pick(['', '/', `?t=${r.below(1e9)}`, `?got=${got(r)}`])}`;

/**
 * @returns the address of a handshake. Some have the query of 0.9. The others have the query with
 * which public/realtime.js asks for a session with numbered messages, or goes on with one
 */
export const handshake = (r: Random): string => `${resource}/1/${r.pick([
  () => '', () => `?t=${r.below(1e9)}`, () => `?got=${got(r)}`, () => `?got=${got(r)}&session={session}`,
  () => `?session={session}`, () => `?got=${got(r)}&session=${r.pick([r.word(20), '', '{session}x', '{session}&session={session}', ...PROTOTYPE_NAMES])}`,
])()}`;

const got = (r: Random): string => r.weighed([[6, String(r.below(30))], [1, r.pick(['-1', '1000000', '1e300', '0.5', 'x', '', 'Infinity', '1&got=2', '__proto__'])]]);

/**
 * Makes a request that is no right HTTP. The server owes nothing for it, but must serve the others.
 */
export function malformed(r: Random): Part {
  const line = `${r.pick(['POST', 'GET'])} ${poll(r)} HTTP/1.1\r\nHost: localhost\r\n`;
  const content = body(r).subarray(0, 2000);
  const size = content.length;
  const head = r.pick([
    () => `${line}Content-Length: ${r.pick([size + 1, size + 100, Math.max(0, size - 1), 0, -1, 1e20, '1e3', '0x10', '', ' ', 'x', '1, 1', '9007199254740993', '18446744073709551616'])}\r\n\r\n`,
    () => `${line}Content-Length: ${size}\r\nContent-Length: ${size + 1}\r\n\r\n`,
    () => `${line}Content-Length: ${size}\r\nTransfer-Encoding: chunked\r\n\r\n`,
    () => `${line}Transfer-Encoding: ${r.pick(['chunked', 'chunked, chunked', 'gzip', 'x', 'identity', ' chunked', 'chunked\x0b'])}\r\n\r\n`,
    () => `${line}Transfer-Encoding: chunked\r\n\r\n${r.pick(['-1', 'ffffffff', 'fffffffffffffffff', 'x', '', '5', ' 5', '5;' + 'x'.repeat(20000)])}\r\n`,
    () => `${line}X: ${'x'.repeat(20000)}\r\n\r\n`,
    () => line + 'X: y\r\n'.repeat(2500) + '\r\n',
    () => `${line}${r.pick(['no colon', ': no name', 'Na me: x', 'Name : x', 'X: \0', 'X: a\r\n b', '\tX: y', 'X\xff: y'])}\r\n\r\n`,
    () => `GET ${r.pick(['', ' ', '\0', 'x', 'http://', 'http://[', `${resource}/1/\xff`, `${resource}/1/ x`, `${resource}/1/\t`, 'ftp://x/', `/${'x'.repeat(20000)}`])} HTTP/1.1\r\nHost: x\r\n\r\n`,
    () => `${r.pick(['get', 'FOO', 'G\0T', '', 'PRI', 'CONNECT', 'SOURCE', '\r\n\r\nGET'])} ${poll(r)} HTTP/${r.pick(['1.1', '9.9', '2.0', '0.9', 'x', '1'])}\r\n\r\n`,
    () => `POST ${poll(r)} HTTP/1.1\nHost: localhost\nContent-Length: ${size}\n\n`,
    () => `POST ${poll(r)} HTTP/1.1\r\nContent-Length: ${size}\r\n\r\n`, // no Host
  ])();
  return { method: 'GET', head, body: content };
}

/** Makes bytes that are no request. */
export function noise(r: Random): Part {
  const bytes = r.pick([
    () => r.bytes(1 + r.below(300)),
    () => Buffer.from('16030100a5010000a10303', 'hex'), // TLS
    () => Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    () => Buffer.from('\r\n'.repeat(1 + r.below(500))),
    () => Buffer.concat([Buffer.from(`POST ${resource}/1/xhr-polling/`), r.bytes(40)]),
  ])();
  return { method: 'GET', head: '', body: bytes };
}
