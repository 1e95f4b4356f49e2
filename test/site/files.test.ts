/* The files of public/: which of them a visitor gets, under any name, and how they are sent. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { test } from 'node:test';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import { notOnWindows } from '../support/available';
import { Answered, askBytes } from '../support/bytes';
import { link, publish, startSite } from '../support/site';
import { emptyFolder, resource } from '../support/template';

const SECRET = 'not for visitors';

/** Files that no visitor may get. Windows itself cannot have the files of the second list. */
const PRIVATE = [
  '.env', '.htpasswd', '.vscode/sftp.json', '.svn/wc.db', '.git/config', 'sub/.git/HEAD', 'a/b/.idea/c/d.xml', '..data', '...',
  '.well-known/.env', '.well-known/.git/config', 'sub/.well-known/token', '.well-known.json',
  'page.html~', '#page.html#', 'page.html.bak', 'page.html.ORIG', 'page.html.rej', 'page.html.tmp', 'page.swp',
  'ENV~1', 'ENV~12.JS', '_SEC~P54', 'SFTP~1.JSO', 'VSCODE~1/sftp.json', '_VS~1AB/page.html',
];
const PRIVATE_ELSEWHERE = [
  'page.html.', 'page.html ', 'sub./page.html', 'sub /page.html', 'page.html::$DATA', 'page.html:hidden', 'sub::$INDEX_ALLOCATION/page.html',
  'con', 'NUL', 'aux.css', 'PRN .txt', 'com1.js', 'LPT9', 'com\u00b9', 'conin$', 'CLOCK$', 'nul/page.html',
  'a\\b.html', '.vscode\\sftp.json', 'page?.html', 'page*.html', 'page<.html', 'page|.html', 'page".html', 'page\u0007.html', 'page\u202e.html',
];
/** Files that look like private ones, but are meant for visitors. */
const PUBLIC = [
  'page.html', 'style.css', 'sub/page.html', 'vendors~main.js', 'runtime~app.chunk.js', 'company.js', 'context.html', 'com10.txt', 'auxiliary/nulls.js',
  'with space.txt', 'über.txt', 'a.b.c.js', '-_(1),+@!$&=;[]{}\'.txt', 'no-ending', '.well-known/security.txt', '.well-known/acme-challenge/t0-k_en',
];

const encoded = (name: string) => name.split('/').map(encodeURIComponent).join('/');

test('a private file is not found, by any spelling of its name, and cannot be told from none', async t => {
  const names = process.platform === 'win32' ? PRIVATE : [...PRIVATE, ...PRIVATE_ELSEWHERE];
  const { port, at, output } = await startSite(t, folder => {
    for (const name of [...names, '.private/index.html']) publish(folder, name, SECRET);
    for (const name of PUBLIC) publish(folder, name, `for visitors: ${name}`);
  });
  const agent = new http.Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  const none = await askBytes({ port, agent, path: at('none.html') });
  assert.equal(none.status, 404);
  const spellings = (name: string) => [
    encoded(name), encodeURIComponent(name), encoded(name).replace(/\./g, '%2e'), encoded(name).replace(/[a-z]/gi, letter => `%${letter.charCodeAt(0).toString(16)}`),
    encoded(name.toUpperCase()), `./${encoded(name)}`, `sub/../${encoded(name)}`, `sub%2f..%2f${encoded(name)}`, `/${encoded(name)}`, `sub//../${encoded(name)}`,
    encoded(name.replace(/\//g, '\\')), name.replace(/\//g, '\\').replace(/[^!-~]/g, encodeURIComponent), `${encoded(name)}/`, `${encoded(name)}.`,
    `${encoded(name)}%20`, `${encoded(name)}::$DATA`, `${encoded(name)}%00.html`, `%2e/${encoded(name)}`, `.well-known/../${encoded(name)}`,
  ];
  const spelt = ['.env', '.vscode/sftp.json', 'a/b/.idea/c/d.xml', '.well-known/.env', 'page.html~', 'ENV~1'].flatMap(spellings);
  const asked = [...new Set([...names.map(encoded), ...spelt, '.private', '.private/', '.PRIVATE/', '.well-known', '.well-known/', '%2eprivate/', 'sub/..%5c.env'])]
    .filter(name => !name.includes('?'));
  for (const name of asked) {
    for (const method of name.startsWith('%') ? ['GET', 'HEAD'] : ['GET']) {
      const { status, headers, body } = await askBytes({ port, agent, method, path: at(name) });
      assert.equal(status, 404, `${method} ${name}: ${status} ${body.toString()}`);
      assert.equal(body.toString(), method === 'HEAD' ? '' : none.body.toString(), name);
      if (method === 'GET') assert.deepEqual(Object.keys(headers), Object.keys(none.headers), name);
    }
  }
  for (const name of PUBLIC) {
    const { status, body } = await askBytes({ port, agent, path: at(encoded(name)) });
    assert.deepEqual([status, body.toString()], [200, `for visitors: ${name}`], name);
  }
  assert.equal(output().split('\n').length, 2, output());
});

test('a symbolic link does not lead out of public', notOnWindows('a symbolic link that everybody may make'), async t => {
  const away = emptyFolder(t, 'away-');
  mkdirSync(path.join(away, 'docs'));
  for (const name of ['secret.txt', 'docs/index.html']) writeFileSync(path.join(away, name), SECRET);
  const leading = {
    'absolute.txt': path.join(away, 'secret.txt'), 'relative.txt': '../package.json', 'up.txt': 'sub/../../web.config', docs: path.join(away, 'docs'), project: '..',
    'passwords.txt': '/etc/passwd', 'hidden.txt': '.env', 'more.txt': 'absolute.txt', 'dangling.txt': 'none.txt', dangling: '/none/at/all', 'loop.txt': 'loop.txt',
    'loop/a': 'b', 'loop/b': 'a', 'sub/index.html': '../../package.json', git: '.git', 'sub/deep/up': '../../..',
  };
  const { port, at, output, folder } = await startSite(t, project => {
    publish(project, '.env', SECRET);
    publish(project, '.git/config', SECRET);
    publish(project, 'page.html', 'page');
    publish(project, 'v2/page.html', 'page');
    for (const [name, to] of Object.entries(leading)) link(project, name, to);
    for (const [name, to] of [['latest', 'v2'], ['latest.html', 'latest/page.html'], ['v2/first.html', '../page.html'], ['self', '.']]) link(project, name!, to!);
    link(project, 'whole.html', path.join(project, 'public', 'page.html'));
  });
  const names = [
    ...Object.keys(leading), ...Object.keys(leading).map(name => `${name}/`), 'docs/index.html', 'project/package.json', 'project/public/.env', 'git/config',
    'sub/deep/up/dist/app.js', 'self/absolute.txt', 'self/project/package.json', 'latest/../project/package.json', 'self/self/.env', 'loop/a/x',
  ];
  for (const name of names) {
    const { status, body } = await askBytes({ port, path: at(name) });
    // sub/ is a real folder of public/, but its index.html is a link that leads out of public/.
    assert.equal(status, 404, `${name}: ${status} ${body.toString()}`);
  }
  for (const name of ['latest/page.html', 'latest.html', 'v2/first.html', 'whole.html', 'self/page.html', 'self/self/latest/page.html', 'project/public/page.html']) {
    assert.equal((await askBytes({ port, path: at(name) })).body.toString(), 'page', name);
  }
  assert.equal(output().split('\n').length, 2, output());

  // public/ itself may be a link, if a site switches between releases.
  const served = await startSite(t, project => {
    publish(project, 'page.html', 'page');
    link(project, 'other.html', path.join(folder, 'public', 'page.html'));
    link(project, 'same.html', 'page.html');
  });
  for (const [name, status] of [['page.html', 200], ['same.html', 200], ['other.html', 404]] as const) {
    assert.equal((await askBytes({ port: served.port, path: served.at(name) })).status, status, name);
  }
});

const decode = (body: Buffer, encoding = 'identity') => {
  if (encoding === 'gzip') return gunzipSync(body);
  if (encoding === 'br') return brotliDecompressSync(body);
  return encoding === 'deflate' ? inflateSync(body) : body;
};

test('a part of a file is a part of its plain bytes; the rest of what is sent fits its headers', async t => {
  const long = Array.from({ length: 600 }, (_, i) => `.class-${i} { width: ${i}px }`).join('\n');
  const contents: Record<string, Buffer> = {
    'style.css': Buffer.from(long), 'short.css': Buffer.from('a {}'), 'empty.css': Buffer.alloc(0), 'index.html': Buffer.from(`<p>${long}`), 'picture.svg': Buffer.from(`<svg>${long}</svg>`),
    'photo.png': randomBytes(5000), 'film.mp4': randomBytes(5000), 'small.png': randomBytes(10), 'no-ending': randomBytes(5000),
  };
  const site = await startSite(t, folder => Object.entries(contents).forEach(([name, bytes]) => publish(folder, name, bytes)));
  const { port, at, folder, output } = site;
  const agent = new http.Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  const ask = (method: string, name: string, headers: http.OutgoingHttpHeaders) => askBytes({ port, agent, method, path: name, headers });
  const script = `${resource}/socket.io.js`;
  const paths = [...Object.keys(contents).map(at), at(''), script, at('none')];
  let parts = 0;
  for (const name of paths) {
    const { headers: { etag = '"none"', 'last-modified': changed = new Date(0).toUTCString() }, body: whole, status: usual } = await ask('GET', name, {});
    const before = new Date(Date.parse(changed) - 60000).toUTCString();
    const encodings = [undefined, 'gzip', 'deflate', 'gzip, deflate, br', 'identity'];
    const ranges = [undefined, 'bytes=0-9', 'bytes=3-', 'bytes=-5', 'bytes=0-0,2-3', 'bytes=999999999-', 'bytes=9-3', 'lines=1-2'];
    const conditions: http.OutgoingHttpHeaders[] = [
      {}, { 'if-range': etag }, { 'if-range': etag.replace('W/', '') }, { 'if-range': changed }, { 'if-range': before }, { 'if-range': '"other"' },
      { 'if-none-match': etag }, { 'if-modified-since': changed }, { 'if-none-match': '"other"' }, { 'if-match': '"other"' }, { 'if-unmodified-since': before },
    ];
    for (const encoding of encodings) for (const range of ranges) for (const condition of conditions) {
      // Each range is sent without an encoding, with gzip, and with the encodings that a browser takes. The
      // other encodings are sent without a range and with one. Each condition is sent with two encodings,
      // without a range and with one.
      const [conditional, oneRange] = [Object.keys(condition).length > 0, range === undefined || range === 'bytes=3-'];
      if (!oneRange && (conditional || ['deflate', 'identity'].includes(encoding!))) continue;
      if (conditional && encoding !== undefined && encoding !== 'gzip') continue;
      const headers = { ...encoding && { 'accept-encoding': encoding }, ...range && { range }, ...condition };
      const what = `${name} ${JSON.stringify(headers)}`;
      const got = await ask('GET', name, headers);
      parts += check(got, whole, usual, what);
      const head = await ask('HEAD', name, headers);
      assert.deepEqual([head.status, head.body.length], [got.status, 0], `HEAD ${what}`);
      // RFC 9110, 8.6: an answer to HEAD has the length of the answer to GET, or no length.
      if (head.headers['content-length'] !== undefined && got.status !== 304) {
        assert.equal(head.headers['content-length'], got.headers['content-length'], `HEAD ${what}`);
      }
      for (const field of ['etag', 'last-modified', 'vary', 'accept-ranges', 'content-range']) assert.equal(head.headers[field], got.headers[field], `HEAD ${field} ${what}`);
    }
  }
  // Pictures and films come in parts.
  assert(parts > 50, String(parts));
  assert.equal(statSync(path.join(folder, 'public', 'style.css')).size, long.length);
  assert.equal(output().split('\n').length, 2, output());
});

/**
 * Checks an answer to GET.
 * @param whole the body of the answer without conditions and ranges
 * @param usual the status of that answer
 * @returns 1 if the answer is a part of the file, otherwise 0
 */
function check({ status, headers, body }: Answered, whole: Buffer, usual: number, what: string): number {
  const { 'content-encoding': encoding, 'content-length': length, 'content-range': range } = headers;
  if (length !== undefined && status !== 304) assert.equal(body.length, Number(length), what);
  switch (status) {
    case 206: {
      assert.equal(encoding, undefined, what);
      const [, from, to, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(range ?? '') ?? assert.fail(`${what}: ${range}`);
      assert.equal(Number(size), whole.length, what);
      assert(body.equals(whole.subarray(Number(from), Number(to) + 1)), what);
      return 1;
    }
    case 304:
      assert.deepEqual([body.length, encoding, range], [0, undefined, undefined], what);
      break;
    case 412:
    case 416:
      assert.deepEqual([encoding, body.toString()], [undefined, 'Bad request.'], what);
      if (status === 416) assert.equal(range, `bytes */${whole.length}`, what);
      else assert.equal(range, undefined, what);
      break;
    default:
      assert.equal(status, usual, what);
      assert.equal(range, undefined, what);
      assert(decode(body, encoding).equals(whole), what);
      if (encoding !== undefined) assert.match(headers.vary ?? '', /accept-encoding/i, what);
  }
  return 0;
}
