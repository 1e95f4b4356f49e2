import assert from 'node:assert/strict';
import type http from 'node:http';
import { describe, test } from 'node:test';
import { checkWebConfig } from '../../tools/iis/check';
import { readRules, RewriteResult } from '../../tools/iis/rewrite';
import { InputCase, Outcome, RewriteCase } from './iis-rewrite-case';
import { RULE_CASES } from './iis-rewrite-cases';
import { DOCUMENTED_CASES } from './iis-rewrite-documented';
import { RULES_CASES } from './iis-rewrite-more-cases';
import { INPUTS, INVALID_INPUTS, INVALID_RULES } from './iis-rewrite-strings';
import { compile } from '../../tools/iis/rewrite-template';
import { serverVariable } from '../../tools/iis/server-variables';
import { parseUrl } from '../../tools/iis/url';
import type { Place, Visit } from '../../tools/iis/visit';
import { parseXml } from '../../tools/iis/xml';

const place = (app = '', folder = '/site'): Place => ({ folder, base: `${app}/`, physicalPath: path => `${folder}/${path.slice(app.length + 1)}` });

/** Makes a request, with the parts of it that rules use. */
function visit({ url, method, headers, variables }: Pick<InputCase, 'url' | 'method' | 'headers' | 'variables'>): Visit {
  const { host, pathname, search, protocol, port } = new URL(url ?? 'http://example.com/');
  const encrypted = protocol === 'https:';
  const socket = { encrypted, localPort: Number(port) || (encrypted ? 443 : 80), remoteAddress: '192.0.2.1', remotePort: 4711, localAddress: '192.0.2.2' };
  const req = { method: method ?? 'GET', httpVersion: '1.1', socket, headers: { host, ...headers } } as unknown as http.IncomingMessage;
  const { path, query } = parseUrl(pathname + search)!;
  return { req, res: undefined as never, rawUrl: pathname + search, path, query, trace: [], variables: variables ?? {} };
}

/** Applies rules to a request, with the functions that a site of the stand-in uses. */
function run(rules: string, { url, app, method, headers, files = [] }: Pick<RewriteCase, 'url' | 'app' | 'method' | 'headers' | 'files'>): RewriteResult {
  const at = place(app);
  const one = visit({ url, method, headers });
  return readRules(parseXml(rules))({
    path: one.path,
    query: one.query,
    base: at.base,
    variable: (name, path, query) => serverVariable(one, at, name, path, query) ?? '',
    isFile: file => files.some(there => `/site/${there}` === file),
    isDirectory: folder => files.some(there => `/site/${there}` === `${folder.replace(/\/$/, '')}/`),
  });
}

function outcome(result: RewriteResult, url: string): Outcome {
  switch (result.kind) {
    case 'pass': return { kind: 'none' };
    case 'rewrite': return { kind: 'rewrite', url: result.path + (result.query && `?${result.query}`) };
    case 'proxy': return { kind: 'rewrite', url: result.url };
    case 'redirect': return { kind: 'redirect', status: result.status, location: new URL(result.url, url).href };
    case 'custom': return { kind: 'custom', status: result.status, reason: result.reason, body: result.description };
    case 'abort': return { kind: 'abort' };
    case 'error': return { kind: 'error' };
  }
}

describe('URL Rewrite does as Microsoft\'s own tests and documentation say', () => {
  for (const one of [...RULE_CASES, ...RULES_CASES, ...DOCUMENTED_CASES]) {
    // A case that has `differs` and no `iis` has no known result of the module (RewriteCase).
    const expected = one.iis ?? (one.differs === undefined ? one.expect : null);
    if (!expected) continue;
    test(one.what, () => {
      const wanted = expected.kind === 'redirect'
        ? { ...expected, location: new URL(expected.location, one.url).href }
        : expected.kind === 'custom'
          ? { ...expected, reason: expected.reason ?? '', body: expected.body ?? '' }
          : expected;
      assert.deepEqual(outcome(run(one.rules, one), one.url), wanted);
    });
  }
});

test('references in strings come to what Microsoft\'s own tests say', () => {
  let compared = 0;
  for (const one of INPUTS) {
    const expected = one.iis ?? (one.differs === undefined ? one.expect : null);
    if (expected === null) continue;
    const maps = new Map(Object.entries(one.maps ?? {}).map(([name, entries]) => [name.toLowerCase(), (key: string) => entries[key] ?? '']));
    const at = place();
    const seen = visit(one);
    const text = compile(one.input, maps)({ rule: one.r ?? [], condition: one.c ?? [], variable: name => serverVariable(seen, at, name) ?? '' });
    assert.equal(text, expected, one.what);
    compared++;
  }
  assert(compared > 50);
});

test('strings with references that cannot be are refused', () => {
  for (const { what, input, maps, differs } of INVALID_INPUTS) {
    if (differs !== undefined) continue;
    assert.throws(() => compile(input, new Map(Object.keys(maps ?? {}).map(name => [name.toLowerCase(), () => '']))), what);
  }
});

test('rules that cannot be are refused, by the schema or when they are read', () => {
  for (const { what, rules, differs } of INVALID_RULES) {
    if (differs !== undefined) continue;
    const problems = checkWebConfig(`<configuration><system.webServer>${rules}</system.webServer></configuration>`, '7.5');
    if (problems.length === 0) assert.throws(() => readRules(parseXml(rules)), what);
  }
});

const rule = (inner: string, attributes = '') => `<rewrite><rules><rule name="one" ${attributes}>${inner}</rule></rules></rewrite>`;
const cases: [what: string, rules: string, request: Pick<RewriteCase, 'url' | 'app' | 'files' | 'headers'>, expected: Outcome][] = [
  ['a rule sees what comes behind its folder', rule('<match url="^socket/" /><action type="Rewrite" url="x.js" />'), { url: 'http://h/app/socket/1/?t=1', app: '/app' }, { kind: 'rewrite', url: '/app/x.js?t=1' }],
  ['the folder is found in any case', rule('<match url="^SOCKET/" /><action type="Rewrite" url="x.js" />'), { url: 'http://h/APP/socket/', app: '/app' }, { kind: 'rewrite', url: '/app/x.js' }],
  ['with ignoreCase off the case counts', rule('<match url="^SOCKET/" ignoreCase="false" /><action type="Rewrite" url="x.js" />'), { url: 'http://h/socket/' }, { kind: 'none' }],
  ['a pattern never sees the query string', rule('<match url="t=1" /><action type="Rewrite" url="x.js" />'), { url: 'http://h/a?t=1' }, { kind: 'none' }],
  ['a disabled rule does nothing', rule('<match url=".*" /><action type="Rewrite" url="x.js" />', 'enabled="false"'), { url: 'http://h/a' }, { kind: 'none' }],
  ['negate turns a match round, and leaves no captures', rule('<match url="^(b)" negate="true" /><action type="Rewrite" url="x{R:0}.js" />'), { url: 'http://h/a' }, { kind: 'rewrite', url: '/x.js' }],
  ['a wildcard matches the whole URL only', rule('<match url="*/b" /><action type="Rewrite" url="{R:1}.js" />', 'patternSyntax="Wildcard"'), { url: 'http://h/a/b/c' }, { kind: 'none' }],
  ['a wildcard captures', rule('<match url="*/b" /><action type="Rewrite" url="{R:1}.js" />', 'patternSyntax="Wildcard"'), { url: 'http://h/a/x/b' }, { kind: 'rewrite', url: '/a/x.js' }],
  ['an exact match takes special characters as they are', rule('<match url="a.b" /><action type="Rewrite" url="x.js" />', 'patternSyntax="ExactMatch"'), { url: 'http://h/aXb' }, { kind: 'none' }],
  ['IsFile looks at the file of the URL', rule('<match url=".*" /><conditions><add input="{REQUEST_FILENAME}" matchType="IsFile" negate="true" /></conditions><action type="Rewrite" url="x.js" />'), { url: 'http://h/package.json', files: ['package.json'] }, { kind: 'none' }],
  ['IsDirectory looks at the folder of the URL', rule('<match url=".*" /><conditions><add input="{REQUEST_FILENAME}" matchType="IsDirectory" /></conditions><action type="Rewrite" url="x.js" />'), { url: 'http://h/src/', files: ['src/'] }, { kind: 'rewrite', url: '/x.js' }],
  ['MatchAny takes the first condition that holds', rule('<match url=".*" /><conditions logicalGrouping="MatchAny"><add input="{HTTP_HOST}" pattern="^(no)" /><add input="{QUERY_STRING}" pattern="^(yes)" /></conditions><action type="Rewrite" url="{C:1}.js" appendQueryString="false" />'), { url: 'http://h/?yes' }, { kind: 'rewrite', url: '/yes.js' }],
  ['a header is a server variable', rule('<match url=".*" /><conditions><add input="{HTTP_X_TEST}" pattern="^on$" /></conditions><action type="AbortRequest" />'), { url: 'http://h/', headers: { 'x-test': 'on' } }, { kind: 'abort' }],
  ['a server variable that a rule sets is not allowed', rule('<match url=".*" /><serverVariables><set name="HTTP_X" value="1" /></serverVariables><action type="Rewrite" url="x.js" />'), { url: 'http://h/' }, { kind: 'error' }],
];

test('rules without <match> take every URL, and those without <action> do nothing, as in the web.config that Azure makes', () => {
  const rules = `<rewrite><rules>
    <rule name="inspector" patternSyntax="ECMAScript" stopProcessing="true"><match url="^server.js\\/debug[\\/]?" /></rule>
    <rule name="static"><action type="Rewrite" url="public{REQUEST_URI}" /></rule>
    <rule name="dynamic">
      <conditions><add input="{REQUEST_FILENAME}" matchType="IsFile" negate="True" /></conditions>
      <action type="Rewrite" url="server.js" />
    </rule></rules></rewrite>`;
  assert.deepEqual(run(rules, { url: 'http://h/server.js/debug/' }), { kind: 'pass', rules: ['inspector'] });
  assert.deepEqual(run(rules, { url: 'http://h/page' }), { kind: 'rewrite', rules: ['static', 'dynamic'], path: '/server.js', query: '' });
  assert.deepEqual(run(rules, { url: 'http://h/a.css', files: ['public/a.css'] }), { kind: 'rewrite', rules: ['static'], path: '/public/a.css', query: '' });
});

describe('URL Rewrite, element by element', () => {
  for (const [what, rules, request, expected] of cases) {
    test(what, () => assert.deepEqual(outcome(run(rules, request), request.url), expected));
  }
});

test('rules go on with what a rule before them made of the URL, until one stops', () => {
  const rules = (stop: string) => `<rewrite><rules>
    <rule name="first" ${stop}><match url="^a$" /><action type="Rewrite" url="b" /></rule>
    <rule name="second"><match url="^b$" /><action type="Rewrite" url="c" /></rule></rules></rewrite>`;
  assert.deepEqual(run(rules(''), { url: 'http://h/a' }), { kind: 'rewrite', rules: ['first', 'second'], path: '/c', query: '' });
  assert.deepEqual(run(rules('stopProcessing="true"'), { url: 'http://h/a' }), { kind: 'rewrite', rules: ['first'], path: '/b', query: '' });
});
