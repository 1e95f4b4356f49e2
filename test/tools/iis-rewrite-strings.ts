// Strings with references, refused rules and refused strings. They are from Microsoft's tests for
// its own re-implementation.
import { GUID, InputCase } from './iis-rewrite-case';

/** Rules that the re-implementation refuses to load. Each has only one fault. */
export const INVALID_RULES: { what: string; rules: string; differs?: string }[] = [
  {
    what: 'a rule without match and action',
    rules: '<rewrite><rules><rule name="one"></rule></rules></rewrite>',
    differs: 'The schema of IIS does not require the elements; what the module then does is not documented.',
  },
  {
    what: 'a match without url',
    rules: '<rewrite><rules><rule name="one"><match /><action type="Rewrite" url="foo" /></rule></rules></rewrite>',
    differs: 'The schema of IIS does not require it, and published web.configs leave it out to take every URL.',
  },
  {
    what: 'a condition without input',
    rules: '<rewrite><rules><rule name="one"><match url="(.*)" /><conditions><add pattern="^OFF$" /></conditions><action type="Rewrite" url="foo" /></rule></rules></rewrite>',
    differs: 'The schema of IIS does not require input; for IsFile and IsDirectory it stands for the requested file.',
  },
  {
    what: 'an action with an empty url',
    rules: '<rewrite><rules><rule name="one"><match url="(.*)" /><action type="Rewrite" url="" /></rule></rules></rewrite>',
    differs: 'The schema of IIS refuses white space at the ends of the URL, not an empty one.',
  },
  {
    what: 'an unknown redirectType',
    rules: '<rewrite><rules><rule name="one"><match url="(.*)/$" /><action type="Redirect" redirectType="foo" url="{R:1}" /></rule></rules></rewrite>',
  },
  {
    what: 'an unknown type of action',
    rules: '<rewrite><rules><rule name="one"><match url="(.*)/$" /><action type="foo" url="{R:1}" /></rule></rules></rewrite>',
  },
  {
    what: 'an unknown logicalGrouping',
    rules: '<rewrite><rules><rule name="one"><match url="(.*)/$" /><conditions logicalGrouping="foo"><add input="{REQUEST_FILENAME}" matchType="IsFile" negate="true" /></conditions><action type="Redirect" url="{R:1}" /></rule></rules></rewrite>',
  },
  {
    what: 'an unknown patternSyntax',
    rules: '<rewrite><rules><rule name="one" patternSyntax="foo"><match url="(.*)/$" /><action type="Redirect" url="{R:1}" /></rule></rules></rewrite>',
  },
  {
    what: 'an unknown matchType',
    rules: '<rewrite><rules><rule name="one"><match url="(.*)/$" /><conditions><add input="{REQUEST_FILENAME}" matchType="foo" negate="true" /></conditions><action type="Redirect" url="{R:1}" /></rule></rules></rewrite>',
  },
  {
    what: 'enabled is no boolean',
    rules: '<rewrite><rules><rule name="one" enabled="foo"><match url="(.*)/$" /><action type="Redirect" url="{R:1}" /></rule></rules></rewrite>',
  },
  {
    what: 'stopProcessing is no boolean',
    rules: '<rewrite><rules><rule name="one" stopProcessing="foo"><match url="(.*)/$" /><action type="Redirect" url="{R:1}" /></rule></rules></rewrite>',
  },
  {
    what: 'ignoreCase of the match is no boolean',
    rules: '<rewrite><rules><rule name="one"><match url="(.*)/$" ignoreCase="foo" /><action type="Redirect" url="{R:1}" /></rule></rules></rewrite>',
  },
  {
    what: 'ignoreCase of a condition is no boolean',
    rules: '<rewrite><rules><rule name="one"><match url="(.*)/$" /><conditions><add input="{REQUEST_FILENAME}" pattern="." ignoreCase="foo" /></conditions><action type="Redirect" url="{R:1}" /></rule></rules></rewrite>',
  },
  {
    what: 'negate of the match is no boolean',
    rules: '<rewrite><rules><rule name="one"><match url="(.*)/$" negate="foo" /><action type="Redirect" url="{R:1}" /></rule></rules></rewrite>',
  },
  {
    what: 'negate of a condition is no boolean',
    rules: '<rewrite><rules><rule name="one"><match url="(.*)/$" /><conditions><add input="{REQUEST_FILENAME}" pattern="." negate="foo" /></conditions><action type="Redirect" url="{R:1}" /></rule></rules></rewrite>',
  },
  {
    what: 'trackAllCaptures is no boolean',
    rules: '<rewrite><rules><rule name="one"><match url="(.*)/$" /><conditions trackAllCaptures="foo"><add input="{REQUEST_FILENAME}" pattern="." /></conditions><action type="Redirect" url="{R:1}" /></rule></rules></rewrite>',
  },
  {
    what: 'appendQueryString is no boolean',
    rules: '<rewrite><rules><rule name="one"><match url="(.*)/$" /><action type="Redirect" url="{R:1}" appendQueryString="foo" /></rule></rules></rewrite>',
  },
  {
    what: 'rules outside of <rewrite>',
    rules: '<rules><rule></rule></rules>',
  },
  {
    what: 'a condition without pattern',
    rules: '<rewrite><rules><rule name="one"><match url="(.*)" /><conditions><add input="{HTTPS}" /></conditions><action type="Rewrite" url="foo" /></rule></rules></rewrite>',
    differs: 'The schema of IIS does not require pattern; what the module then does is not documented.',
  },
  {
    what: 'a condition without pattern, and with patternSyntax, which belongs to the rule',
    rules: '<rewrite><rules><rule name="one"><match url="(.*)" /><conditions><add input="{HTTPS}" patternSyntax="ExactMatch" /></conditions><action type="Rewrite" url="foo" /></rule></rules></rewrite>',
  },
  {
    what: 'an input whose brace is not closed',
    rules: '<rewrite><rules><rule name="one"><match url="(.*)" /><conditions><add input="{HTTPS" pattern="^OFF$" /></conditions><action type="Rewrite" url="foo" /></rule></rules></rewrite>',
  },
  {
    what: 'an action whose URL is an open brace',
    rules: '<rewrite><rules><rule name="one"><match url="(.*)" /><action type="Rewrite" url="{" /></rule></rules></rewrite>',
  },
];

/** Strings that the re-implementation refuses in each place that may have {…}. */
export const INVALID_INPUTS: { what: string; input: string; maps?: InputCase['maps']; differs?: string }[] = [
  { what: 'an open brace alone', input: '{' },
  { what: 'neither name nor argument', input: '{:}' },
  { what: 'a back-reference that ends before its number', input: '{R:' },
  { what: 'a back-reference that is not closed', input: '{R:1' },
  { what: 'a back-reference by a letter', input: '{R:A}' },
  { what: 'a back-reference above 9', input: '{R:10}', differs: 'The module allows 31 by default (registry value MaxBackReferences).' },
  { what: 'a negative back-reference', input: '{R:-1}' },
  { what: 'an unknown function that is not closed', input: '{foo:1' },
  { what: 'a back-reference without number inside a function', input: '{UrlEncode:{R:}}' },
  { what: 'a function that is not closed', input: '{UrlEncode:{R:1}' },
  { what: 'a server variable that is not closed', input: '{HTTPS' },
  { what: 'a rewrite map where there are none', input: '{apiMap:{R:1}}' },
  { what: 'a rewrite map of another name', input: '{apiMap:{R:1}}', maps: { testMap: {} } },
];

const FOO_BAR_BAZ = ['foo/bar/baz', 'foo', 'bar', 'baz'];
const HEADERS = {
  'content-length': '10', 'content-type': 'json', accept: 'accept', cookie: 'cookie', referer: 'referer', 'user-agent': 'useragent', connection: 'connection',
};
const FOO = 'http://example.com/foo?bar=1';

export const INPUTS: InputCase[] = [
  // Back-references.
  ...([
    ['hello/hey/what', 'hello/hey/what'],
    ['hey/hello/what', 'hey/hello/what'],
    ['hey/{R:1}/what', 'hey/foo/what'],
    ['hey/{R:2}/what', 'hey/bar/what'],
    ['hey/{R:3}/what', 'hey/baz/what'],
    ['hey/{C:1}/what', 'hey/foo/what'],
    ['hey/{C:2}/what', 'hey/bar/what'],
    ['hey/{C:3}/what', 'hey/baz/what'],
    ['hey/{R:1}/{C:1}', 'hey/foo/foo'],
    ['foo/bar/{R:1}/what', 'foo/bar/foo/what'],
    ['foo/{R:1}', 'foo/foo'],
    ['foo/{R:1}/{C:2}', 'foo/foo/bar'],
    ['foo/{R:1}{C:2}', 'foo/foobar'],
    ['foo/', 'foo/'],
  ] as const).map(([input, expect]): InputCase => ({ what: `${input} with back-references`, input, r: FOO_BAR_BAZ, c: FOO_BAR_BAZ, expect })),

  // Functions.
  ...([
    ['hey/{ToLower:HEY}', 'hey/hey'],
    ['hey/{ToLower:{R:1}}', 'hey/foo'],
    ['hey/{ToLower:{C:1}}', 'hey/foo'],
    ['hey/{ToLower:{C:1}/what}', 'hey/foo/what'],
    ['hey/ToLower:/what', 'hey/ToLower:/what'],
    ['{ToLower:Hello}', 'hello'],
    ['{ToLower:WHAT}', 'what'],
    ['{ToLower:hey}', 'hey'],
    ['hey/{UrlEncode:<hey>}', 'hey/%3Chey%3E'],
    ['hey/?returnUrl={UrlEncode:http://domain.com?query=résumé}', 'hey/?returnUrl=http%3A%2F%2Fdomain.com%3Fquery%3Dr%C3%A9sum%C3%A9'],
    ['{UrlEncode: }', '%20'],
    ['{UrlEncode:x&y}', 'x%26y'],
    ['{UrlEncode:hey}', 'hey'],
    ['hey/{UrlDecode:%3Chey%3E}', 'hey/<hey>'],
    ['{UrlDecode:http%3A%2F%2Fdomain.com%3Fquery%3Dr%C3%A9sum%C3%A9}', 'http://domain.com?query=résumé'],
    ['{UrlDecode:%20}', ' '],
    ['{UrlDecode:x%26y}', 'x&y'],
    ['{UrlDecode:hey}', 'hey'],
  ] as const).map(([input, expect]): InputCase => ({ what: `${input} is a function`, input, r: FOO_BAR_BAZ, c: FOO_BAR_BAZ, expect })),

  // Rewrite maps.
  {
    what: 'a rewrite map gives the value of the key',
    input: '{apiMap:{R:1}}',
    r: ['api.test.com', 'api.test.com', ''],
    c: ['{apiMap:{R:1}}', '{apiMap:{R:1}}'],
    maps: { apiMap: { 'api.test.com': 'test.com/api' } },
    expect: 'test.com/api',
  },

  // Braces. Microsoft documents these for the module itself, which has no escape character.
  {
    what: 'an open brace is written with UrlDecode, a closing one outside of an expression is itself',
    input: 'Products.aspx?Id={UrlDecode:%7B}{GuidMap:{R:0}}}',
    r: ['x'],
    maps: { GuidMap: { x: GUID } },
    expect: `Products.aspx?Id={${GUID}`,
    differs: 'The re-implementation ends the string at a closing brace that stands alone.',
    iis: `Products.aspx?Id={${GUID}}`,
  },
  {
    what: 'a closing brace inside of an expression is written with UrlDecode',
    input: 'Products.aspx?Name={NameFromGuidMap:{UrlDecode:%7B}{R:0}{UrlDecode:%7D}}',
    r: [GUID],
    maps: { NameFromGuidMap: { [`{${GUID}}`]: 'chair' } },
    expect: 'Products.aspx?Name=chair',
  },

  // Server variables.
  ...([
    ['CONTENT_LENGTH', '10'],
    ['CONTENT_TYPE', 'json'],
    ['HTTP_ACCEPT', 'accept'],
    ['HTTP_COOKIE', 'cookie'],
    ['HTTP_HOST', 'example.com'],
    ['HTTP_REFERER', 'referer'],
    ['HTTP_USER_AGENT', 'useragent'],
    ['HTTP_CONNECTION', 'connection'],
    ['QUERY_STRING', 'bar=1'],
    ['REQUEST_METHOD', 'GET'],
  ] as const).map(([name, expect]): InputCase => ({ what: `${name} of the request`, input: `{${name}}`, url: FOO, headers: HEADERS, expect })),
  {
    what: 'HTTP_URL of the request',
    input: '{HTTP_URL}',
    url: FOO,
    expect: '/foo',
    differs: 'In IIS it has the query string.',
    iis: '/foo?bar=1',
  },
  {
    what: 'REQUEST_URI of the request',
    input: '{REQUEST_URI}',
    url: FOO,
    expect: '/foo',
    differs: 'In IIS it has the query string.',
    iis: '/foo?bar=1',
  },
  {
    what: 'REQUEST_FILENAME of the request',
    input: '{REQUEST_FILENAME}',
    url: FOO,
    expect: '/foo',
    differs: 'In IIS it is the physical path of the file, as C:\\inetpub\\wwwroot\\foo.',
  },
  ...['HTTP_URL', 'REQUEST_URI'].map((name): InputCase => ({
    what: `${name} of the request in a global rule`,
    input: `{${name}}`,
    url: FOO,
    global: true,
    expect: FOO,
    differs: 'In IIS it never has scheme and host.',
    iis: '/foo?bar=1',
  })),
  { what: 'QUERY_STRING has no question mark', input: '{QUERY_STRING}', url: 'http://example.com/?hey=1', expect: 'hey=1' },
  { what: 'QUERY_STRING of a request without one is empty', input: '{QUERY_STRING}', url: 'http://example.com/', expect: '' },
  { what: 'HTTPS of an HTTP request', input: '{HTTPS}', url: 'http://example.com/', expect: 'OFF', differs: 'The documentation of the module has OFF, lists of its variables elsewhere have off. Patterns ignore case by default.' },
  { what: 'HTTPS of an HTTPS request', input: '{HTTPS}', url: 'https://example.com/', expect: 'ON', differs: 'Lists of the module\'s variables have on. Patterns ignore case by default.' },
  { what: 'a variable that the server gives comes before the request', input: 'hey/{HTTP_URL}', variables: { HTTP_URL: 'TEST_VARIABLE' }, expect: 'hey/TEST_VARIABLE' },
  { what: 'REQUEST_URI is the path', input: '{REQUEST_URI}', url: 'http://localhost:80/foo/bar', expect: '/foo/bar' },
  { what: 'REQUEST_URI keeps a colon', input: '{REQUEST_URI}', url: 'http://localhost:80/foo:bar', expect: '/foo:bar' },
  {
    what: 'REQUEST_URI keeps a space encoded',
    input: '{REQUEST_URI}',
    url: 'http://localhost:80/foo%20bar',
    expect: '/foo%20bar',
    differs: 'Observed in IIS as decoded, while UNENCODED_URL is as it was sent; not documented.',
  },
  ...([
    ['http://localhost:80/', '/'],
    ['http://localhost:80/foo:bar', '/foo:bar'],
    ['http://localhost:80/foo/bar', '/foo/bar'],
    ['http://localhost:81/foo/bar', '/foo/bar'],
    ['https://localhost:443/foo/bar', '/foo/bar'],
  ] as const).map(([url, iis]): InputCase => ({
    what: `REQUEST_URI of ${url} in a global rule`,
    input: '{REQUEST_URI}',
    url,
    global: true,
    expect: url,
    differs: 'In IIS it never has scheme and host.',
    iis,
  })),
  ...([
    ['http://foobar:80/foo/bar', 'foobar'],
    ['http://foobar:443/foo/bar', 'foobar'],
    ['http://foobar:8080/foo/bar', 'foobar'],
    ['http://[2001:db8:85a3::8a2e:370:7334]:8080/foo/bar', '[2001:db8:85a3::8a2e:370:7334]'],
    ['http://127.0.0.1:8080/foo/bar', '127.0.0.1'],
  ] as const).map(([url, expect]): InputCase => ({ what: `SERVER_NAME of ${url}`, input: '{SERVER_NAME}', url, expect })),
];
