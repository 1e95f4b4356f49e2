import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { appPath } from '../support/template';
import type { IisOptions } from '../../tools/iis';
import { script, serve } from './iis-application';

const site = (server: string, rest = '') => `<configuration>${rest}<system.webServer>${server}</system.webServer></configuration>`;
const documents = (inner: string, attributes = '') => site(`<defaultDocument ${attributes}>${inner}</defaultDocument>`);
const filtering = (inner: string, attributes = '') => site(`<security><requestFiltering ${attributes}>${inner}</requestFiltering></security>`);

/**
 * The files of the site. Without configuration, IIS serves some of them, and refuses the others.
 */
const FILES = {
  'index.html': '<p>home', 'a.js': 'let secret;', 'notes.log': 'log', 'app.config': 'secret', 'bin/tool.js': 'tool', 'data/file name.txt': 'spaced',
  'server.js': script('res.statusCode = Number(req.url.split("?")[1]) || 200; res.end("of node");'),
};

interface Seen {
  what: string;
  config: string;
  url?: string;
  method?: string;
  headers?: Record<string, string>;
  /** The status, with the sub-status, which IIS shows only in its log. */
  status: string;
  text?: RegExp;
  options?: Partial<IisOptions>;
}

const ruled = (action: string, more = '') => site(`<rewrite><rules><rule name="r"><match url="^x" />${action}</rule></rules></rewrite>${more}`);
const iisnode = '<handlers><add name="iisnode" path="server.js" verb="*" modules="iisnode" /></handlers>';
const cases: Seen[] = [
  // Requests that no rule and no handler takes. The stand-in serves a file where IIS would serve
  // it, so it shows if a configuration makes a file public by mistake.
  { what: 'a file is served with its type', config: site(''), url: 'a.js', status: '200', text: /secret/ },
  { what: 'a name with a space is decoded', config: site(''), url: 'data/file%20name.txt', status: '200', text: /spaced/ },
  { what: 'a name in other letters is found', config: site(''), url: 'A.JS', status: '200', text: /secret/ },
  { what: 'a file of an unknown type is not served', config: site(''), url: 'notes.log', status: '404.3' },
  { what: 'but for a mimeMap', config: site('<staticContent><mimeMap fileExtension=".log" mimeType="text/plain" /></staticContent>'), url: 'notes.log', status: '200', text: /log/ },
  { what: 'a folder is its default document', config: site(''), url: '', status: '200', text: /home/ },
  { what: 'which a web.config chooses', config: documents('<files><add value="a.js" /></files>'), url: '', status: '200', text: /secret/ },
  { what: 'or switches off', config: documents('', 'enabled="false"'), url: '', status: '403.14' },
  { what: 'a folder without a slash is redirected', config: site(''), url: 'data', status: '301' },
  { what: 'a file takes GET and HEAD', config: site(''), url: 'a.js', method: 'DELETE', status: '405' },
  { what: 'there is nothing', config: site(''), url: 'nothing.html', status: '404' },
  { what: 'a handler\'s verbs are its own', config: site('<handlers><clear /><add name="iisnode" path="server.js" verb="GET,HEAD" modules="iisnode" /></handlers>'), url: 'server.js', method: 'DELETE', status: '405' },
  { what: 'without a handler no file is served', config: site('<handlers><clear /></handlers>'), url: 'a.js', status: '404.4' },
  { what: 'a handler of a module that is not there', config: site('<handlers><add name="php" path="*.js" verb="*" modules="FastCgiModule" /></handlers>'), url: 'a.js', status: '500.21' },

  // Request filtering.
  { what: 'a hidden segment', config: site(''), url: 'bin/tool.js', status: '404.8' },
  { what: 'one of web.config\'s own', config: filtering('<hiddenSegments><add segment="data" /></hiddenSegments>'), url: 'DATA/file%20name.txt', status: '404.8' },
  { what: 'one that is taken away', config: filtering('<hiddenSegments><remove segment="bin" /></hiddenSegments>'), url: 'bin/tool.js', status: '200' },
  { what: 'a hidden segment that a rule leads to', config: site('<rewrite><rules><rule name="r"><match url=".*" /><action type="Rewrite" url="bin/tool.js" /></rule></rules></rewrite>'), url: 'x', status: '404.8' },
  { what: 'a file extension that is denied', config: site(''), url: 'app.config', status: '404.7' },
  { what: 'only listed extensions', config: filtering('<fileExtensions allowUnlisted="false"><add fileExtension=".html" allowed="true" /></fileExtensions>'), url: 'a.js', status: '404.7' },
  { what: 'an extension that is listed', config: filtering('<fileExtensions allowUnlisted="false"><add fileExtension=".html" allowed="true" /></fileExtensions>'), url: 'index.html', status: '200' },
  { what: 'a doubly escaped URL', config: site(''), url: 'a%252ejs', status: '404.11' },
  { what: 'a plus sign', config: site(''), url: 'a+b', status: '404.11' },
  { what: 'which may be allowed', config: filtering('', 'allowDoubleEscaping="true"'), url: 'a+b', status: '404' },
  { what: 'letters beyond ASCII', config: filtering('', 'allowHighBitCharacters="false"'), url: 'gr%C3%BC%C3%9Fe', status: '404.12' },
  { what: 'a long URL', config: filtering('<requestLimits maxUrl="20" />'), url: 'a-name-of-more-than-that', status: '404.14' },
  { what: 'a long query string', config: filtering('<requestLimits maxQueryString="5" />'), url: 'a.js?123456', status: '404.15' },
  { what: 'a long header', config: filtering('<requestLimits><headerLimits><add header="X-Long" sizeLimit="5" /></headerLimits></requestLimits>'), url: 'a.js', headers: { 'x-long': '123456' }, status: '404.10' },
  { what: 'a verb that is denied', config: filtering('<verbs><add verb="GET" allowed="false" /></verbs>'), url: 'a.js', status: '404.6' },
  { what: 'a sequence that is denied', config: filtering('<denyUrlSequences><add sequence=".js" /></denyUrlSequences>'), url: 'a.js', status: '404.5' },
  { what: 'a sequence in the query string', config: filtering('<denyQueryStringSequences><add sequence="drop" /></denyQueryStringSequences>'), url: 'a.js?DR%4FP', status: '404.18' },

  // Rules that need a site.
  { what: 'a rule that redirects', config: site('<rewrite><rules><rule name="r"><match url="^old/(.*)" /><action type="Redirect" url="new/{R:1}" redirectType="Found" /></rule></rules></rewrite>'), url: 'old/x?y=1', status: '302' },
  { what: 'a rule that answers by itself', config: site('<rewrite><rules><rule name="r"><match url="^no" /><action type="CustomResponse" statusCode="410" subStatusCode="3" statusReason="Gone" statusDescription="no more" /></rule></rules></rewrite><httpErrors existingResponse="PassThrough" />'), url: 'no', status: '410.3', text: /no more/ },
  { what: 'a rule to another server', config: site('<rewrite><rules><rule name="r"><match url=".*" /><action type="Rewrite" url="http://other.invalid/{R:0}" /></rule></rules></rewrite>'), url: 'x', status: '404.4' },
  { what: 'a rule that sets a server variable', config: site('<rewrite><rules><rule name="r"><match url=".*" /><serverVariables><set name="HTTP_X" value="1" /></serverVariables><action type="None" /></rule></rules></rewrite>'), url: 'x', status: '500.50' },
  { what: 'a pattern that is none', config: site('<rewrite><rules><rule name="r"><match url="(" /><action type="None" /></rule></rules></rewrite>'), url: 'x', status: '500.52' },

  { what: 'a rule that leads out of the application', config: ruled('<action type="Rewrite" url="/other/server.js" />', iisnode), url: 'x', status: '404' },
  { what: 'a rule that leads out of the folder', config: ruled('<action type="Rewrite" url="data/../../../../etc/passwd" />'), url: 'x', status: '404' },
  { what: 'an answer without a status', config: ruled('<action type="CustomResponse" />'), url: 'x', status: '500.50' },
  { what: 'a header beyond ASCII', config: site('<httpProtocol><customHeaders><add name="X-T" value="a – b" /></customHeaders></httpProtocol>'), url: 'a.js', status: '200' },
  { what: 'a section of .NET\'s own', config: site('', '<system.diagnostics><trace /></system.diagnostics>'), url: 'a.js', status: '200' },

  // Error pages.
  { what: 'IIS replaces the text of an error', config: site(iisnode), url: 'server.js?404', status: '404', text: /^(?!of node)/ },
  { what: 'but not where it is told to pass it', config: site(`${iisnode}<httpErrors existingResponse="PassThrough" />`), url: 'server.js?404', status: '404', text: /^of node$/ },
  { what: 'nor to a browser on the server', config: site(iisnode), url: 'server.js?500', status: '500', text: /^of node$/, options: { local: true } },
  { what: 'unless it is to be replaced always', config: site(`${iisnode}<httpErrors existingResponse="Replace" />`), url: 'server.js?500', status: '500', text: /HTTP Error 500/, options: { local: true } },
  { what: 'an error page of the site\'s own', config: site(`${iisnode}<httpErrors errorMode="Custom"><remove statusCode="404" /><error statusCode="404" path="index.html" responseMode="File" /></httpErrors>`), url: 'server.js?404', status: '404', text: /home/ },
  { what: 'IIS\'s own error without a text', config: site('<httpErrors existingResponse="PassThrough" />'), url: 'nothing.html', status: '404', text: /^$/ },

  { what: 'a location of the folder itself', config: '<configuration><location path="."><system.webServer><defaultDocument enabled="false" /></system.webServer></location></configuration>', url: '', status: '403.14' },
  { what: 'a section that is locked', config: site('<serverRuntime />'), url: 'a.js', status: '500.19', text: /Section locked[^]*web\.config[^]*Line {11}1\n/ },
  { what: 'an element that nobody knows', config: site('<handlers>\n<ad name="x" />\n</handlers>'), url: 'a.js', status: '500.19', text: /Unrecognized element[^]*Line {11}2\nElement {8}system\.webServer\/handlers\/ad/ },
  { what: 'a file that is no XML', config: '<configuration>\n<a>\n</configuration>', url: 'a.js', status: '500.19' },
];

describe('a site answers as IIS does', { concurrency: 4 }, () => {
  for (const { what, config, url = '', method = 'GET', headers, status, text, options } of cases) {
    test(`${what}: ${status}`, async t => {
      const { get, trace } = await serve(t, { ...FILES, 'web.config': config }, options);
      const answer = await get(url, { method, headers });
      assert.equal(answer.status, Number(status.split('.')[0]), trace());
      if (status.includes('.')) assert(trace().includes(`→ ${status}`), trace());
      if (text) assert.match(answer.text, text);
    });
  }
});

test('headers: IIS\'s own on every answer, and no X-Powered-By once it is removed', async t => {
  const config = (inner: string) => site(`${iisnode}<httpProtocol><customHeaders>${inner}</customHeaders></httpProtocol>`);
  const { get, folder } = await serve(t, { ...FILES, 'web.config': config('<add name="X-Own" value="1" />') });
  for (const url of ['a.js', 'server.js', 'nothing.html', 'server.js?500']) {
    const { headers } = await get(url);
    assert.equal(headers['x-own'], '1', url);
    assert.equal(headers['x-powered-by'], 'ASP.NET', url);
    assert.equal(headers.server, 'Microsoft-IIS/7.5', url);
  }
  writeFileSync(path.join(folder, 'web.config'), config('<remove name="X-Powered-By" />'));
  assert.equal((await get('a.js')).headers['x-powered-by'], undefined);
});

test('IIS compresses the text of node where the role is there and web.config does not forbid it', async t => {
  const ask = async (server: string, dynamicCompression: boolean) => {
    const files = { ...FILES, 'server.js': script('res.setHeader("Content-Type", "text/plain"); res.end("x".repeat(1000));'), 'web.config': site(iisnode + server) };
    const { get } = await serve(t, files, { dynamicCompression });
    return (await get('server.js', { headers: { 'accept-encoding': 'gzip' } })).headers['content-encoding'];
  };
  assert.equal(await ask('', true), 'gzip');
  assert.equal(await ask('<urlCompression doDynamicCompression="false" />', true), undefined);
  assert.equal(await ask('', false), undefined);
});

test('a redirect encodes what rules have decoded, and leaves the query string as it was sent', async t => {
  const { get, iis } = await serve(t, { ...FILES, 'web.config': ruled('<action type="Redirect" url="{UrlDecode:n%C3%A4chste%20Seite}" />') });
  const { headers } = await get('x?q=%20x%2Fy');
  assert.equal(headers.location, `http://localhost:${iis.port}${appPath}/n%C3%A4chste%20Seite?q=%20x%2Fy`.replace(`localhost:${iis.port}`, new URL(headers.location!).host));
});

test('a web.config that cannot be read is a 500.19, and not the one before it', async t => {
  const { get, folder } = await serve(t, { ...FILES, 'web.config': site('') });
  assert.equal((await get('a.js')).status, 200);
  rmSync(path.join(folder, 'web.config'));
  mkdirSync(path.join(folder, 'web.config'));
  for (let n = 0; n < 2; n++) assert.equal((await get('a.js')).status, 500);
});

test('a web.config that is mended is taken at the next request', async t => {
  const { get, folder } = await serve(t, { ...FILES, 'web.config': site('<nonsense />') });
  assert.equal((await get('a.js')).status, 500);
  writeFileSync(path.join(folder, 'web.config'), site(''));
  assert.equal((await get('a.js')).status, 200);
});

for (const [what, request] of [
  ['a broken escape', `GET ${appPath}/%zz HTTP/1.1\r\nHost: a\r\n\r\n`],
  ['a zero byte', `GET ${appPath}/%00 HTTP/1.1\r\nHost: a\r\n\r\n`],
  ['a path above the root', 'GET /../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['no host', `GET ${appPath}/ HTTP/1.1\r\n\r\n`],
  ['nothing of HTTP', 'hello\r\n\r\n'],
  ['headers of more than 16 KB', `GET ${appPath}/ HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(17000)}\r\n\r\n`],
] as const) {
  test(`http.sys answers 400: ${what}`, async t => {
    const { iis } = await serve(t, { ...FILES, 'web.config': site('') });
    const socket = net.connect(iis.port, 'localhost');
    t.after(() => socket.destroy());
    socket.write(request);
    const [data] = await once(socket, 'data') as [Buffer];
    assert.match(String(data), /^HTTP\/1\.1 400 /);
  });
}

test('more requests at once than IIS takes are answered 503', async t => {
  const files = { ...FILES, 'server.js': script('setTimeout(() => res.end(), 1000);'), 'web.config': site(iisnode) };
  const { get, trace } = await serve(t, files, { concurrentRequestLimit: 3 });
  const statuses = await Promise.all(Array.from({ length: 5 }, async () => (await get('server.js')).status));
  assert.deepEqual(statuses.sort(), [200, 200, 200, 503, 503]);
  assert.match(trace(), /503\.2/);
});

test('nobody but this machine is answered', async t => {
  const { iis } = await serve(t, { ...FILES, 'web.config': site('') });
  const own = Object.values(networkInterfaces()).flat().find(one => one!.family === 'IPv4' && !one!.internal);
  if (!own) {
    t.skip('skipped: this machine has no address but its loopback');
    return;
  }
  const socket = net.connect(iis.port, own.address);
  t.after(() => socket.destroy());
  await assert.rejects(once(socket, 'connect'), /ECONNREFUSED/);
});

test('a rule that aborts cuts the connection', async t => {
  const rules = '<rewrite><rules><rule name="r"><match url="^cut" /><action type="AbortRequest" /></rule></rules></rewrite>';
  const { get } = await serve(t, { ...FILES, 'web.config': site(rules) });
  await assert.rejects(get('cut'), /hang up|ECONNRESET/);
  assert.equal((await get('a.js')).status, 200);
});
