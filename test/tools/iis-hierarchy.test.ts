/*
 * The stand-in merges all levels of configuration as IIS does: parents, locations, locks, included
 * files.
 */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test, TestContext } from 'node:test';
import type { IisOptions } from '../../tools/iis';
import { application, script, serve } from './iis-application';
import { site } from './iis-ask';

const headers = (inside: string) => `<httpProtocol><customHeaders>${inside}</customHeaders></httpProtocol>`;
const documents = (inside: string) => `<defaultDocument><files>${inside}</files></defaultDocument>`;
const rules = (inside: string) => `<rewrite><rules>${inside}</rules></rewrite>`;
const redirect = (name: string, url: string, to: string) =>
  `<rule name="${name}" stopProcessing="true"><match url="${url}" /><action type="Redirect" url="${to}" /></rule>`;
const NODE = '<handlers><add name="node" path="server.js" verb="*" modules="iisnode" /></handlers>'
  + '<iisnode namedPipeConnectionRetryDelay="20" />';
const ENVIRONMENT = script('res.end(JSON.stringify(process.env));');

interface Below {
  /** The texts of the web.config files above, the outermost first. */
  parents: string[];
  own?: string;
  files?: Record<string, string>;
  options?: Partial<IisOptions>;
}

/**
 * Serves an application below other web.config files. Its path is /app, unless `options` has
 * another.
 */
async function serveBelow(t: TestContext, { parents, own = site(''), files = {}, options }: Below) {
  const folder = application(t, Object.fromEntries(parents.map((text, at) => [`${at}/web.config`, text])));
  const log: string[] = [];
  const served = await serve(t, { 'a.txt': 'file a', 'web.config': own, ...files }, {
    app: '/app',
    parents: parents.map((_, at) => path.join(folder, String(at), 'web.config')),
    log: line => { log.push(line); },
    ...options,
  });
  return {
    ...served,
    log: () => log.join('\n'),
    parent: (at: number) => path.join(folder, String(at), 'web.config'),
    writeParent: (text: string) => writeFileSync(path.join(folder, '0', 'web.config'), text),
  };
}

describe('A parent\'s web.config', () => {
  test('what it adds to a collection is there, and what the application takes away is not', async t => {
    const parents = [site(headers('<add name="X-Above" value="1" /><add name="X-Gone" value="2" />'))];
    const { get } = await serveBelow(t, { parents, own: site(headers('<remove name="X-Gone" /><add name="X-Own" value="3" />')) });
    const answer = await get('a.txt');
    assert.deepEqual([answer.headers['x-above'], answer.headers['x-gone'], answer.headers['x-own']], ['1', undefined, '3']);
    const cleared = await serveBelow(t, { parents, own: site(headers('<clear />')) });
    assert.equal((await cleared.get('a.txt')).headers['x-above'], undefined);
  });

  test('an entry that is in both is a 500.19 that names the application\'s file', async t => {
    for (const [above, own] of [
      [headers('<add name="X-Both" value="1" />'), headers('<add name="x-both" value="1" />')],
      [documents('<add value="a.txt" />'), documents('<add value="A.TXT" />')],
      ['<handlers><add name="h" path="x" verb="*" modules="iisnode" /></handlers>', '<handlers><add name="h" path="y" verb="*" modules="iisnode" /></handlers>'],
      ['<staticContent><mimeMap fileExtension=".foo" mimeType="a/b" /></staticContent>', '<staticContent><mimeMap fileExtension=".foo" mimeType="a/b" /></staticContent>'],
    ]) {
      const { get, folder, log } = await serveBelow(t, { parents: [site(above!)], own: site(own!) });
      const answer = await get('a.txt');
      assert.equal(answer.status, 500, own);
      assert.match(answer.text, /500\.19[^]*Cannot add duplicate collection entry[^]*0x800700b7/);
      assert(answer.text.includes(path.join(folder, 'web.config')), answer.text);
      assert.match(log(), /500\.19 for every (request|file that IIS itself serves): .*Cannot add duplicate/);
    }
  });

  test('an attribute is the last one\'s, the others stay', async t => {
    const parents = [site('<httpErrors existingResponse="PassThrough" errorMode="Custom" />')];
    const files = { 'server.js': script('res.statusCode = 404; res.end("of node");') };
    const passed = await serveBelow(t, { parents, own: site(NODE), files });
    assert.equal((await passed.get('server.js')).text, 'of node');
    const replaced = await serveBelow(t, { parents, own: site(`${NODE}<httpErrors existingResponse="Replace" />`), files });
    assert.notEqual((await replaced.get('server.js')).text, 'of node');
  });

  test('its handlers come after the application\'s own', async t => {
    const handler = (name: string, modules: string) => `<handlers><add name="${name}" path="*.txt" verb="*" modules="${modules}" /></handlers>`;
    const { get, trace } = await serveBelow(t, { parents: [site(handler('above', 'None'))], own: site(handler('own', 'StaticFileModule')) });
    assert.equal((await get('a.txt')).text, 'file a');
    assert.match(trace(), /handler own/);
    const alone = await serveBelow(t, { parents: [site(handler('above', 'None'))] });
    assert.equal((await alone.get('a.txt')).status, 500);
  });

  test('its appSettings are node\'s environment, and its APP_PATH moves the application', async t => {
    const above = '<appSettings><add key="APP_PATH" value="/elsewhere" /><add key="OTHER" value="1" /></appSettings>';
    const files = { 'server.js': ENVIRONMENT };
    const ask = async (own: string) => {
      const { get } = await serveBelow(t, { parents: [site('', above)], own: site(NODE, own), files });
      const { APP_PATH, OTHER } = JSON.parse((await get('server.js')).text) as Record<string, string>;
      return [APP_PATH, OTHER];
    };
    assert.deepEqual(await ask(''), ['/elsewhere', '1']);
    assert.deepEqual(await ask('<appSettings><clear /></appSettings>'), [undefined, undefined]);
    assert.deepEqual(await ask('<appSettings><remove key="app_path" /><add key="APP_PATH" value="/app" /></appSettings>'), ['/app', '1']);
  });

  test('a key of appSettings in both is a 500.1000 of what iisnode handles, and files still come', async t => {
    const same = '<appSettings><add key="NODE_PENDING_PIPE_INSTANCES" value="5000" /></appSettings>';
    const { get, trace, log } = await serveBelow(t, {
      parents: [site('', same)], own: site(NODE, same), files: { 'server.js': ENVIRONMENT },
    });
    assert.equal((await get('server.js')).status, 500);
    assert.match(trace(), /500\.1000.*0x800700b7/);
    assert.equal((await get('a.txt')).text, 'file a');
    assert.match(log(), /500\.1000 for every request: .*NODE_PENDING_PIPE_INSTANCES/);
  });

  test('an error in it is a 500.19 of the application, with its name and line', async t => {
    const { get } = await serveBelow(t, { parents: ['<configuration>\n<nonsense />\n</configuration>'] });
    const answer = await get('a.txt');
    assert.equal(answer.status, 500);
    assert.match(answer.text, /Config File .*0.web\.config\nLine {11}2\n/);
  });

  test('a change of it holds for the next request', async t => {
    const { get, writeParent } = await serveBelow(t, { parents: [site('')] });
    assert.equal((await get('a.txt')).headers['x-new'], undefined);
    writeParent(site(headers('<add name="X-New" value="1" />')));
    assert.equal((await get('a.txt')).headers['x-new'], '1');
  });

  test('its httpRedirect sends every request away, unless the application switches it off', async t => {
    const above = (more: string) => site(`<httpRedirect enabled="true" destination="http://new.example/" ${more} />`);
    const away = await serveBelow(t, { parents: [above('')] });
    const answer = await away.get('a.txt?q=1');
    assert.deepEqual([answer.status, answer.headers.location], [302, 'http://new.example/app/a.txt?q=1']);
    const exact = await (await serveBelow(t, { parents: [above('exactDestination="true" httpResponseStatus="Permanent"')] })).get('a.txt?q=1');
    assert.deepEqual([exact.status, exact.headers.location], [301, 'http://new.example/']);
    const child = await serveBelow(t, { parents: [above('childOnly="true"')] });
    assert.equal((await child.get('a.txt')).status, 200);
    const off = await serveBelow(t, { parents: [above('')], own: site('<httpRedirect enabled="false" />') });
    assert.equal((await off.get('a.txt')).text, 'file a');
  });

  test('its httpModules are a 500.22, unless the validation is off', async t => {
    const above = site('', '<system.web><httpModules><add name="m" type="M" /></httpModules></system.web>');
    const { get, trace } = await serveBelow(t, { parents: [above] });
    assert.equal((await get('a.txt')).status, 500);
    assert.match(trace(), /500\.22.*httpModules/);
    const off = await serveBelow(t, { parents: [above], own: site('<validation validateIntegratedModeConfiguration="false" />') });
    assert.equal((await off.get('a.txt')).status, 200);
  });

  test('its outbound rules make compressed answers of node a 500.52', async t => {
    const above = site(`<rewrite><outboundRules>
      <rule name="links" preCondition="pages"><match filterByTags="A" pattern="x" /><action type="Rewrite" value="y" /></rule>
      <preConditions><preCondition name="pages"><add input="{RESPONSE_CONTENT_TYPE}" pattern="^text/html" /></preCondition></preConditions>
    </outboundRules></rewrite>`);
    const files = {
      'server.js': script('res.setHeader("Content-Type", req.url.split("?")[1]); res.setHeader("Content-Encoding", "gzip"); res.end("x");'),
    };
    const ask = async (own: string, type: string) => {
      const { get, trace } = await serveBelow(t, { parents: [above], own: site(NODE + own), files });
      return [(await get(`server.js?${type}`)).status, /500\.52.*links.*"gzip"/.test(trace())];
    };
    assert.deepEqual(await ask('', 'text/html'), [500, true]);
    assert.deepEqual(await ask('', 'text/plain'), [200, false]);
    assert.deepEqual(await ask('<rewrite><outboundRules><clear /></outboundRules></rewrite>', 'text/html'), [200, false]);
  });
});

describe('Rules inheritance', () => {
  test('a parent\'s rules come first, then those of the child', async t => {
    const parents = [site(rules(redirect('above', 'x', '/above')))];
    const { get } = await serveBelow(t, { parents, own: site(rules(redirect('own', '[xy]', '/own'))) });
    assert.match((await get('x')).headers.location!, /\/above$/);
    assert.match((await get('y')).headers.location!, /\/own$/);
  });

  test('a parent\'s rule sees the URL relative to the parent\'s folder, and leads from there', async t => {
    const { get } = await serveBelow(t, { parents: [site(rules(redirect('above', '^app/(.*)$', 'to/{R:1}')))] });
    assert.match((await get('x')).headers.location!, /^http:\/\/[^/]+\/to\/x$/);
  });

  test('of several parents the outermost comes first, each with its own folder', async t => {
    const parents = [
      site(rules(redirect('site', '^a/b/one$', 'site'))),
      site(rules(redirect('a', '^b/(one|two)$', 'a'))),
    ];
    const { get } = await serveBelow(t, { parents, options: { app: '/a/b' } });
    assert.match((await get('one')).headers.location!, /^http:\/\/[^/]+\/site$/);
    assert.match((await get('two')).headers.location!, /^http:\/\/[^/]+\/a\/a$/);
  });

  test('a rule of the same name is an error of the module; <clear /> and <remove> end what comes from above', async t => {
    const parents = [site(rules(redirect('same', '.*', '/above')))];
    const ask = async (own: string) => {
      const { get, trace } = await serveBelow(t, { parents, own: site(rules(own)) });
      return { status: (await get('a.txt')).status, trace: trace() };
    };
    assert.match((await ask(redirect('SAME', 'x', '/x'))).trace, /500\.52.*0x800700b7/);
    assert.equal((await ask('<clear />')).status, 200);
    assert.equal((await ask('<remove name="same" />')).status, 200);
    assert.equal((await ask('')).status, 301);
  });

  test('a parent\'s rewrite map is known to the rules of the child', async t => {
    const maps = '<rewrite><rewriteMaps><rewriteMap name="M"><add key="x" value="/mapped" /></rewriteMap></rewriteMaps></rewrite>';
    const { get } = await serveBelow(t, { parents: [site(maps)], own: site(rules(redirect('own', '.*', '{M:{R:0}}'))) });
    assert.match((await get('x')).headers.location!, /\/mapped$/);
  });

  test('a parent\'s rule that leads out of the application leads nowhere here', async t => {
    const rewrite = '<rule name="all"><match url=".*" /><action type="Rewrite" url="index.php" /></rule>';
    const { get, trace } = await serveBelow(t, { parents: [site(rules(rewrite))] });
    assert.equal((await get('a.txt')).status, 404);
    assert.match(trace(), /rewritten to \/index\.php → 404/);
  });
});

describe('<location>', () => {
  const location = (attributes: string, inside: string) => `<configuration><location ${attributes}>${inside}</location></configuration>`;
  const server = (inside: string) => `<system.webServer>${inside}</system.webServer>`;
  const add = server(headers('<add name="X-Above" value="1" />'));
  const seen = async (t: TestContext, parent: string) => (await (await serveBelow(t, { parents: [parent] })).get('a.txt')).headers['x-above'];

  test('inheritInChildApplications="false" keeps from the application what is of the parent\'s folder', async t => {
    assert.equal(await seen(t, location('path="."', add)), '1');
    for (const at of ['path="."', 'path=""', '']) {
      assert.equal(await seen(t, location(`${at} inheritInChildApplications="false"`, add)), undefined, at);
    }
  });

  test('a path that is the application\'s holds for it, in any case of letters', async t => {
    for (const at of ['app', 'APP', 'app/', 'app/a.txt']) assert.equal(await seen(t, location(`path="${at}"`, add)), '1', at);
    for (const at of ['other', 'ap', 'app/b.txt']) assert.equal(await seen(t, location(`path="${at}"`, add)), undefined, at);
    assert.equal(await seen(t, location('path="app" inheritInChildApplications="false"', add)), '1');
  });

  test('of the application\'s own file it holds for its path and what is below', async t => {
    const own = location('path="sub"', server(documents('<clear />')));
    const files = { 'index.html': 'home', 'sub/index.html': 'sub', 'sub/deep/index.html': 'deep' };
    const { get } = await serve(t, { 'web.config': own, ...files });
    assert.deepEqual([(await get('')).status, (await get('sub/')).status, (await get('sub/deep/')).status], [200, 403, 403]);
  });

  test('an error in one holds where it holds; a section that nobody knows holds everywhere', async t => {
    const wrong = location('path="sub"', server('<defaultDocument enabled="x" />'));
    const { get } = await serve(t, { 'web.config': wrong, 'a.txt': 'a', 'sub/b.txt': 'b' });
    assert.deepEqual([(await get('a.txt')).status, (await get('sub/b.txt')).status], [200, 500]);
    const unknown = await serve(t, { 'web.config': location('path="sub"', server('<nonsense />')), 'a.txt': 'a' });
    assert.equal((await unknown.get('a.txt')).status, 500);
  });

  test('a section twice in a file, or in the file and in its location ".", is a 500.19', async t => {
    const twice = [
      site('<httpErrors /><httpErrors />'),
      `<configuration>${server('<httpErrors />')}<location path=".">${server('<httpErrors />')}</location></configuration>`,
    ];
    for (const config of twice) {
      const answer = await (await serve(t, { 'web.config': config, 'a.txt': 'a' })).get('a.txt');
      assert.equal(answer.status, 500);
      assert.match(answer.text, /already defined/);
    }
  });
});

describe('Files in folders below', () => {
  test('a web.config there holds there, and its errors too', async t => {
    const files = { 'sub/web.config': site(headers('<add name="X-Sub" value="1" />')), 'sub/a.txt': 'a', 'a.txt': 'a' };
    const { get, folder } = await serve(t, { 'web.config': site(''), ...files });
    assert.equal((await get('sub/a.txt')).headers['x-sub'], '1');
    assert.equal((await get('SUB/a.txt')).headers['x-sub'], '1');
    assert.equal((await get('a.txt')).headers['x-sub'], undefined);
    writeFileSync(path.join(folder, 'sub', 'web.config'), '<nonsense');
    assert.deepEqual([(await get('sub/a.txt')).status, (await get('a.txt')).status], [500, 200]);
    mkdirSync(path.join(folder, 'late'));
    writeFileSync(path.join(folder, 'late', 'b.txt'), 'b');
    assert.equal((await get('late/b.txt')).status, 200);
    writeFileSync(path.join(folder, 'late', 'web.config'), site(headers('<add name="X-Late" value="1" />')));
    assert.equal((await get('late/b.txt')).headers['x-late'], '1');
  });

  test('the URL that a rule has made has the configuration of its folder', async t => {
    const own = site(rules('<rule name="r"><match url="^x$" /><action type="Rewrite" url="sub/a.txt" /></rule>'));
    const files = { 'sub/web.config': site(headers('<add name="X-Sub" value="1" />')), 'sub/a.txt': 'file a' };
    const { get } = await serve(t, { 'web.config': own, ...files });
    const answer = await get('x');
    assert.deepEqual([answer.text, answer.headers['x-sub']], ['file a', '1']);
  });
});

describe('Locks', () => {
  const refused = async (t: TestContext, parent: string, own: string) => {
    const answer = await (await serveBelow(t, { parents: [parent], own: site(own) })).get('a.txt');
    if (answer.status === 500) assert.match(answer.text, /500\.19[^]*0x80070021/);
    return answer.status === 500;
  };
  const inLocation = (attributes: string, inside: string) =>
    `<configuration><location path="." ${attributes}><system.webServer>${inside}</system.webServer></location></configuration>`;

  test('overrideMode="Deny" and allowOverride="false" lock a section for the levels below', async t => {
    const section = '<httpErrors existingResponse="PassThrough" />';
    for (const attributes of ['overrideMode="Deny"', 'allowOverride="false"']) {
      assert.equal(await refused(t, inLocation(attributes, section), section), true, attributes);
      assert.equal(await refused(t, inLocation(attributes, section), '<urlCompression />'), false, attributes);
    }
    assert.equal(await refused(t, inLocation('overrideMode="Allow"', section), section), false);
  });

  test('lockAttributes: naming one is an error, with the same value too', async t => {
    const parent = (lock: string) => site(`<httpErrors errorMode="Custom" existingResponse="Auto" ${lock} />`);
    assert.equal(await refused(t, parent('lockAttributes="errorMode"'), '<httpErrors errorMode="Custom" />'), true);
    assert.equal(await refused(t, parent('lockAttributes="errorMode"'), '<httpErrors existingResponse="Auto" />'), false);
    assert.equal(await refused(t, parent('lockAttributes="defaultPath, errorMode"'), '<httpErrors errorMode="Custom" />'), true);
    assert.equal(await refused(t, parent('lockAttributes="*"'), '<httpErrors existingResponse="Auto" />'), true);
    assert.equal(await refused(t, parent('lockAllAttributesExcept="existingResponse"'), '<httpErrors existingResponse="Auto" />'), false);
    assert.equal(await refused(t, parent('lockAllAttributesExcept="existingResponse"'), '<httpErrors errorMode="Custom" />'), true);
  });

  test('lockElements: elements, and what a collection is changed with', async t => {
    const on = (lock: string) => site(`<httpProtocol ${lock}><customHeaders /></httpProtocol>`);
    assert.equal(await refused(t, on('lockElements="customHeaders"'), headers('<add name="X" value="1" />')), true);
    assert.equal(await refused(t, on('lockAllElementsExcept="customHeaders"'), headers('<add name="X" value="1" />')), false);
    const inside = (lock: string) => site(`<httpProtocol><customHeaders ${lock}><add name="X-A" value="1" /></customHeaders></httpProtocol>`);
    assert.equal(await refused(t, inside('lockElements="remove,clear"'), headers('<remove name="X-A" />')), true);
    assert.equal(await refused(t, inside('lockElements="remove,clear"'), headers('<clear />')), true);
    assert.equal(await refused(t, inside('lockElements="remove,clear"'), headers('<add name="X-B" value="1" />')), false);
  });

  test('lockItem: the entry cannot be removed, nor the collection be cleared', async t => {
    const parent = site(headers('<add name="X-A" value="1" lockItem="true" /><add name="X-B" value="1" />'));
    assert.equal(await refused(t, parent, headers('<remove name="X-A" />')), true);
    assert.equal(await refused(t, parent, headers('<clear />')), true);
    assert.equal(await refused(t, parent, headers('<remove name="X-B" />')), false);
    assert.equal(await refused(t, site('<httpErrors lockItem="true" errorMode="Custom" />'), '<httpErrors errorMode="Custom" />'), true);
  });

  test('a lock holds below the file that has it, not in it', async t => {
    const own = site('<httpErrors errorMode="Custom" lockAttributes="errorMode" />');
    const { get } = await serve(t, { 'web.config': own, 'a.txt': 'a', 'sub/b.txt': 'b', 'sub/web.config': site('<httpErrors errorMode="Custom" />') });
    assert.deepEqual([(await get('a.txt')).status, (await get('sub/b.txt')).status], [200, 500]);
  });

  test('a section that the server locks stays locked, whatever a parent says', async t => {
    assert.equal(await refused(t, inLocation('overrideMode="Allow"', '<serverRuntime />'), ''), true);
  });
});

describe('configSource', () => {
  const RULES = '<rewrite><rewriteMaps configSource="config\\maps.config" /><rules configSource="rules.config" /></rewrite>';
  const FILES = {
    'web.config': site(RULES),
    'config/maps.config': '<rewriteMaps><rewriteMap name="M"><add key="x" value="/mapped" /></rewriteMap></rewriteMaps>',
    'rules.config': `<?xml version="1.0"?>\n<rules>${redirect('r', '.+', '{M:{R:0}}')}</rules>`,
    'a.txt': 'file a',
  };

  test('the section is in the file of that name, which is read again when it changes', async t => {
    const { get, folder } = await serve(t, FILES);
    assert.match((await get('x')).headers.location!, /\/mapped$/);
    writeFileSync(path.join(folder, 'rules.config'), '<rules />');
    assert.equal((await get('a.txt')).text, 'file a');
  });

  test('any section can have one', async t => {
    const own = site('<httpProtocol configSource="headers.config" />', '<appSettings configSource="settings.config" />');
    const files = {
      'web.config': own.replace('<system.webServer>', `<system.webServer>${NODE}`),
      'headers.config': headers('<add name="X-Own" value="1" />'),
      'settings.config': '<appSettings><add key="GREETING" value="hello" /></appSettings>',
      'server.js': ENVIRONMENT,
    };
    const { get } = await serve(t, files);
    const answer = await get('server.js');
    assert.equal(answer.headers['x-own'], '1');
    assert.equal((JSON.parse(answer.text) as Record<string, string>).GREETING, 'hello');
  });

  for (const [what, files, says] of [
    ['a file that is not there', { 'rules.config': undefined }, /500\.52.*Cannot read configuration file .*rules\.config/],
    ['a file that is no XML', { 'rules.config': '<rules>\n<rule' }, /500\.52.*rules\.config, line 2.*not well-formed/],
    ['another root', { 'rules.config': '<rule />' }, /500\.52.*rules\.config.*Unrecognized element 'rule'/],
    ['what is wrong in it', { 'rules.config': '<rules>\n<rulez /></rules>' }, /500\.52.*rules\.config, line 2.*rulez/],
    ['two of one name in it', { 'rules.config': `<rules>${redirect('a', 'x', 'y')}${redirect('a', 'x', 'y')}</rules>` }, /500\.52.*rules\.config.*0x800700b7/],
    ['a file above', { 'web.config': site('<rewrite><rules configSource="..\\rules.config" /></rewrite>') }, /500\.52.*not in the folder/],
    ['an absolute path', { 'web.config': site('<rewrite><rules configSource="C:\\rules.config" /></rewrite>') }, /500\.52.*not in the folder/],
    ['something beside it', { 'web.config': site(`<rewrite><rules configSource="rules.config"><clear /></rules></rewrite>`) }, /500\.52.*nothing else/],
  ] as [string, Record<string, string | undefined>, RegExp][]) {
    test(`${what} is the error of whoever reads the section`, async t => {
      const all = Object.entries({ ...FILES, ...files }).filter((entry): entry is [string, string] => entry[1] !== undefined);
      const { get, trace } = await serve(t, Object.fromEntries(all));
      assert.equal((await get('a.txt')).status, 500);
      assert.match(trace(), says);
    });
  }
});

describe('A rule that URL Rewrite cannot read is named with file, line and element', () => {
  const lines = (...all: string[]) => all.join('\n');
  const rule = (...inside: string[]) =>
    lines('<rewrite><rules>', '<rule name="r">', ...inside, '</rule>', '</rules></rewrite>');
  const match = '<match url="x" />';

  interface Case {
    wrong: string;
    /** The path of the element `wrong`, from <rewrite> on. */
    element: string;
    says: RegExp;
  }
  const cases: Case[] = [
    { wrong: '<match url="^(stock/?socket(/.*)?$" />', element: 'match', says: /Unterminated/ },
    { wrong: '<match url="{" />', element: 'match', says: /contains a repeat expression/ },
    { wrong: '<add input="{URL}" pattern="[" />', element: 'conditions/add', says: /Unterminated/ },
    { wrong: '<add input="{URL" pattern="x" />', element: 'conditions/add', says: /is not closed/ },
    {
      wrong: '<add input="{A:x}" matchType="IsFile" />',
      element: 'conditions/add', says: /no function or rewrite map/,
    },
    { wrong: '<action type="Rewrite" url="{R:x}" />', element: 'action', says: /a back-reference/ },
    {
      wrong: '<action type="CustomResponse" statusCode="404" statusReason="{}" />',
      element: 'action', says: /refers to nothing/,
    },
    { wrong: '<set name="X" value="{" />', element: 'serverVariables/set', says: /is not closed/ },
  ].map(one => ({ ...one, element: `rules/rule/${one.element}` }));
  const check = 'outboundRules/preConditions/preCondition/add';
  cases.push(
    { wrong: '<add input="{URL}" pattern="(" />', element: check, says: /Unterminated group/ },
    { wrong: '<add input="{" pattern="x" />', element: check, says: /is not closed/ },
  );

  function around({ wrong, element }: Case): string {
    switch (element) {
      case 'rules/rule/match': return rule(wrong);
      case 'rules/rule/action': return rule(match, wrong);
      case 'rules/rule/conditions/add': return rule(match, '<conditions>', wrong, '</conditions>');
      case 'rules/rule/serverVariables/set':
        return rule(match, '<serverVariables>', wrong, '</serverVariables>');
      default: return lines(
        '<rewrite><outboundRules><preConditions>', '<preCondition name="p">', wrong,
        '</preCondition>', '</preConditions></outboundRules></rewrite>',
      );
    }
  }

  /** Returns the beginning of the line that the console shows for a mistake in a text. */
  function where(file: string, text: string, wrong: string, element = 'rules/rule/match'): string {
    const line = text.slice(0, text.indexOf(wrong)).split('\n').length;
    return `${file}, line ${line}, system.webServer/rewrite/${element}: `;
  }

  function assertSays(log: string, place: string, says = /Unterminated group/): void {
    const said = log.split('\n').filter(one => !one.startsWith('preview does not support'));
    assert.equal(said.length, 1, log);
    assert(said[0]!.startsWith(`500.52 for every request: ${place}`), said[0]);
    assert.match(said[0]!, says);
  }

  for (const one of cases) {
    const { wrong, element, says } = one;
    test(`${wrong} in ${element}, of the application and of a parent`, async t => {
      const text = site(`\n${around(one)}`);
      const own = await serveBelow(t, { parents: [], own: text, options: { app: '/' } });
      assertSays(own.log(), where(path.join(own.folder, 'web.config'), text, wrong, element), says);
      const above = await serveBelow(t, { parents: [text] });
      const place = where(above.parent(0), text, wrong, element);
      assertSays(above.log(), place, says);
      await above.get('a.txt');
      assert(above.trace().includes(place), above.trace());
    });
  }

  const wrong = '<match url="(" />';

  test('the file is the file of a configSource', async t => {
    const source = lines('<rules>', '<rule name="r">', wrong, '</rule>', '</rules>');
    const { log, folder } = await serveBelow(t, {
      parents: [],
      own: site('<rewrite><rules configSource="rules.config" /></rewrite>'),
      files: { 'rules.config': source },
      options: { app: '/' },
    });
    assertSays(log(), where(path.join(folder, 'rules.config'), source, wrong));
  });

  test('the line may be in a <location> of a parent', async t => {
    const text = lines(
      '<configuration>', '<location path="app">', '<system.webServer>', rule(wrong),
      '</system.webServer>', '</location>', '</configuration>',
    );
    const { log, parent } = await serveBelow(t, { parents: [text] });
    assertSays(log(), where(parent(0), text, wrong));
  });

  test('the file and the line are those of the rule, if both files have rules', async t => {
    const good = site(rules(redirect('above', 'x', 'y')));
    const bad = site(`\n\n${rule(wrong)}`);
    const own = await serveBelow(t, { parents: [good], own: bad });
    assertSays(own.log(), where(path.join(own.folder, 'web.config'), bad, wrong));
    const above = await serveBelow(t, { parents: [bad], own: good });
    assertSays(above.log(), where(above.parent(0), bad, wrong));
  });
});

describe('A mistake that is corrected while the site is served', () => {
  const CORRECTED = 'the web.config files of /app/ are read again, and have no mistake now';
  const mimeMap = '<mimeMap fileExtension=".x" mimeType="a/b" />';

  for (const [what, wrong] of [
    ['a pattern', rules('<rule name="r"><match url="(" /></rule>')],
    ['an attribute', '<httpErrors colour="red" />'],
    ['a mimeMap twice', `<staticContent>${mimeMap}${mimeMap}</staticContent>`],
    ['<iisnode>', '<iisnode colour="red" />'],
  ] as const) {
    test(`is said to be gone, once: ${what}`, async t => {
      const { get, log, writeParent } = await serveBelow(t, { parents: [site('')] });
      const said = async (text: string) => {
        const before = log().length;
        writeParent(text);
        await get('a.txt');
        await get('a.txt');
        return log().slice(before).trim();
      };
      assert.equal(await said(site(' ')), '');
      assert(!(await said(site(wrong))).includes(CORRECTED));
      assert.equal(await said(site('  ')), CORRECTED);
      assert.equal(await said(site('   ')), '');
    });
  }
});

describe('What preview does not support', () => {
  const inSystem = (inside: string) => `<system.webServer>${inside}</system.webServer>`;

  test('is said once, at the start, by the name of section or attribute and where it stands', async t => {
    const config = [
      '<configuration>', '<system.web><compilation /></system.web>', '<system.webServer>',
      '<directoryBrowse enabled="true" />', '<handlers><add name="a" path="*.x" verb="*" modules="StaticFileModule" preCondition="p" />',
      '<add name="b" path="*.y" verb="*" modules="StaticFileModule" preCondition="q" /></handlers>',
      '<httpErrors errorMode="Custom" detailedMoreInformationLink="x"><error statusCode="410" path="/a.txt" responseMode="ExecuteURL" /></httpErrors>',
      '<rewrite><rules><rule name="r"><match url="x" /><action type="None" logRewrittenUrl="true" /></rule></rules></rewrite>',
      '</system.webServer>', '</configuration>',
    ].join('\n');
    const log: string[] = [];
    const { get } = await serve(t, { 'web.config': config, 'a.txt': 'a' }, { log: line => { log.push(line); } });
    await get('a.txt');
    const said = log.map(line => /does not support (\S+) \(.*web\.config, line (\d+)\)$/.exec(line)?.slice(1).join(' ') ?? line);
    assert.deepEqual(said.sort(), [
      'system.web 2', 'system.webServer/directoryBrowse 4', 'system.webServer/handlers/add/@preCondition 5',
      'system.webServer/httpErrors/@detailedMoreInformationLink 7', 'system.webServer/httpErrors/error/@responseMode=ExecuteURL 7', 'system.webServer/rewrite/rules/rule/action/@logRewrittenUrl 8',
    ]);
  });

  test('in each location of the application, and where the server\'s own value is not the schema\'s default', async t => {
    const { log } = await serveBelow(t, {
      parents: [`<configuration><location path="elsewhere">${inSystem('<directoryBrowse />')}</location></configuration>`],
      own: `<configuration><location path="sub">${inSystem('<directoryBrowse />')}</location>`
        + `${inSystem('<handlers accessPolicy="Read" />')}</configuration>`,
    });
    const said = log().split('\n').map(line => /does not support (\S+) /.exec(line)?.[1] ?? line);
    assert.deepEqual(said.sort(), ['system.webServer/directoryBrowse', 'system.webServer/handlers/@accessPolicy']);
    const usual = await serveBelow(t, { parents: [], own: site('<handlers accessPolicy="Read, Script" />') });
    assert.equal(usual.log(), '');
  });

  test('in a parent as well, and nothing where all is supported', async t => {
    const { log } = await serveBelow(t, { parents: [site('<directoryBrowse />')], own: site('<defaultDocument enabled="true" />') });
    assert.match(log(), /^preview does not support system\.webServer\/directoryBrowse \(.*0.web\.config, line 1\)$/);
  });
});
