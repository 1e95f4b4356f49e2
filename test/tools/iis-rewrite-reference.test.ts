/*
 * Tries each statement about behaviour in Microsoft's "URL Rewrite Module Configuration Reference".
 * The tests have the headings of this reference.
 */
import assert from 'node:assert/strict';
import { describe, test, TestContext } from 'node:test';
import { Ask, ask, rule, site, tell, told } from './iis-ask';

const FILES = {
  'a.txt': 'file a', 'b.txt': 'file b', 'c.txt': 'file c', 'sub/d.txt': 'file d', 'index.html': 'home',
};
const rewriteTo = (url: string) => `<action type="Rewrite" url="${url}" />`;
const redirectTo = (url: string) => `<action type="Redirect" url="${url}" />`;
const match = (url: string, more = '') => `<match url="${url}" ${more} />`;
const condition = (inside: string, more = '') => `<conditions ${more}>${inside}</conditions>`;

/**
 * @returns the text of the file that a request gets after a rewrite; its status, if it is not 200
 */
async function served(t: TestContext, rewrite: string, url: string, more: Ask = {}): Promise<string | number> {
  const { status, text } = await ask(t, { rewrite, url, files: FILES, ...more });
  return status === 200 ? text : status;
}

async function location(t: TestContext, rewrite: string, url: string, more: Ask = {}): Promise<string> {
  const { headers, trace } = await ask(t, { rewrite, url, files: FILES, ...more });
  assert(headers.location, trace);
  return headers.location.replace(/^http:\/\/localhost:\d+/, '');
}

/** @returns the value of a string with references */
async function value(t: TestContext, text: string, url: string, more: Ask = {}, inside = ''): Promise<string> {
  return told(await ask(t, { rewrite: tell(text, inside), url, files: FILES, ...more }));
}

describe('Rewrite rules scope', () => {
  test('a rule of a web.config sees the URL relative to its folder', async t => {
    const options = { app: '/content' };
    assert.equal(await location(t, rule(match('^default\\.aspx$') + redirectTo('/found')), 'default.aspx?tabid=2', { options }), '/found?tabid=2');
  });

  test('a rule in a <location> sees the URL relative to the location\'s path', async t => {
    const inside = (url: string) => `<system.webServer><rewrite>${rule(match(url) + redirectTo('/found'))}</rewrite></system.webServer>`;
    const config = (url: string) => `<configuration><location path="sub">${inside(url)}</location></configuration>`;
    const at = (url: string, asked: string) => ask(t, { config: config(url), url: asked, files: FILES });
    assert.equal((await at('^d\\.txt$', 'sub/d.txt')).status, 301);
    assert.equal((await at('^sub/d\\.txt$', 'sub/d.txt')).status, 200);
    assert.equal((await at('.*', 'a.txt')).status, 200);
  });

  test('a rule in a folder below sees the URL relative to that folder', async t => {
    const below = { ...FILES, 'sub/web.config': site(`<rewrite>${rule(match('^d\\.txt$') + redirectTo('x'))}</rewrite>`) };
    const { status, headers } = await ask(t, { config: site(''), url: 'sub/d.txt', files: below });
    assert.equal(status, 301);
    assert.match(headers.location!, /\/sub\/x$/);
  });

  test('global rules are the server\'s alone: in a web.config they are an error of the module', async t => {
    const { trace } = await ask(t, { rewrite: '<globalRules />', url: 'a.txt', files: FILES });
    assert.match(trace, /500\.52/);
  });
});

describe('Rules evaluation', () => {
  const two = (first: string, second: string, attributes = '') =>
    `<rules><rule name="1" ${attributes}>${first}</rule><rule name="2">${second}</rule></rules>`;

  test('a rule whose pattern does not match is passed over', async t => {
    assert.equal(await served(t, two(match('^zzz') + rewriteTo('b.txt'), match('^a') + rewriteTo('c.txt')), 'a.txt'), 'file c');
  });

  test('without conditions the action is carried out, and the next rule has its URL', async t => {
    assert.equal(await served(t, two(match('^a') + rewriteTo('b.txt'), match('^b') + rewriteTo('c.txt')), 'a.txt'), 'file c');
  });

  test('with conditions the action is carried out where they hold, and the next rule has its URL', async t => {
    const on = (pattern: string) => match('^a') + condition(`<add input="{REQUEST_METHOD}" pattern="${pattern}" />`) + rewriteTo('b.txt');
    assert.equal(await served(t, two(on('^GET$'), match('^b') + rewriteTo('c.txt')), 'a.txt'), 'file c');
    assert.equal(await served(t, two(on('^POST$'), match('^b') + rewriteTo('c.txt')), 'a.txt'), 'file a');
  });

  test('stopProcessing ends the rules where the action was carried out, and is off by default', async t => {
    const stop = 'stopProcessing="true"';
    assert.equal(await served(t, two(match('^a') + rewriteTo('b.txt'), match('.*') + rewriteTo('c.txt'), stop), 'a.txt'), 'file b');
    assert.equal(await served(t, two(match('^zzz') + rewriteTo('b.txt'), match('.*') + rewriteTo('c.txt'), stop), 'a.txt'), 'file c');
  });

  test('a rule that is not enabled does nothing', async t => {
    assert.equal(await served(t, rule(match('.*') + rewriteTo('b.txt'), 'enabled="false"'), 'a.txt'), 'file a');
  });
});

describe('Preserving original URL', () => {
  const names = ['HTTP_X_ORIGINAL_URL', 'UNENCODED_URL', 'URL'];
  const tellNode = 'res.end(JSON.stringify([req.url, req.headers["x-original-url"]].concat('
    + `${JSON.stringify(names)}.map(name => req.headers["x-iisnode-" + name.toLowerCase()]))))`;
  const files = {
    'server.js': `require('http').createServer((req, res) => ${tellNode}).listen(process.env.PORT);`,
  };
  const server = '<handlers><add name="iisnode" path="server.js" verb="*" modules="iisnode" /></handlers>'
    + `<iisnode namedPipeConnectionRetryDelay="20" promoteServerVars="${names.join()}" />`;

  test('HTTP_X_ORIGINAL_URL has the URL that was asked for decoded, UNENCODED_URL as it was sent', async t => {
    const rewrite = rule(match('.*') + rewriteTo('server.js'));
    const asked = 'search/old%2F1/%24%3A%3D/x%20y?q=%2F%20';
    const { text } = await ask(t, { rewrite, server, files, url: asked });
    const decoded = '/search/old/1/$:=/x%20y?q=%2F%20';
    assert.deepEqual(JSON.parse(text), [decoded, decoded, decoded, `/${asked}`, '/server.js']);
  });

  test('an encoded letter reaches node as that letter', async t => {
    const rewrite = rule(match('^socket/') + rewriteTo('server.js'));
    const { text } = await ask(t, { rewrite, server, files, url: '%73ocket/1/?t=%31' });
    assert.equal((JSON.parse(text) as string[])[0], '/socket/1/?t=%31');
  });
});

describe('Accessing URL parts from a rewrite rule', () => {
  const url = 'default.aspx?tabid=2&subtabid=3';
  const options = { app: '/content' };

  test('the pattern has the path alone', async t => {
    const rewrite = (pattern: string) => rule(match(pattern) + redirectTo('/x'));
    assert.equal((await ask(t, { rewrite: rewrite('^default\\.aspx$'), url, options })).status, 301);
    assert.equal((await ask(t, { rewrite: rewrite('tabid'), url, options })).status, 404);
  });

  for (const [name, expected] of [
    ['QUERY_STRING', /^tabid=2&subtabid=3$/],
    ['HTTP_HOST', /^www\.mysite\.com$/],
    ['SERVER_PORT', /^\d+$/],
    ['SERVER_PORT_SECURE', /^0$/],
    ['HTTPS', /^off$/i],
    ['REQUEST_URI', /^\/content\/default\.aspx\?tabid=2&subtabid=3$/],
    ['PATH_INFO', /^\/content\/default\.aspx$/],
  ] as const) {
    test(`${name} is what it says`, async t => {
      const request = { headers: { host: 'www.mysite.com' } };
      assert.match(await value(t, `{${name}}`, url, { options, request }), expected);
    });
  }
});

describe('Rule pattern', () => {
  test('it is compared with the URL as the rules before have made it', async t => {
    const rewrite = '<rules>'
      + `<rule name="1">${match('^a')}${rewriteTo('sub/d.txt')}</rule>`
      + `<rule name="2">${match('^sub/(.*)')}${redirectTo('/{R:1}')}</rule></rules>`;
    assert.equal(await location(t, rewrite, 'a.txt'), '/d.txt');
  });

  test('slashes in a row are one, and an encoded slash is a slash', async t => {
    const rewrite = rule(match('^(sub/.*)$') + redirectTo('/found/{R:1}'));
    assert.equal(await location(t, rewrite, 'sub//d.txt'), '/found/sub/d.txt');
    assert.equal(await location(t, rewrite, 'sub%2F%2Fd.txt'), '/found/sub/d.txt');
    assert.equal(await location(t, rewrite, 'sub/x/../d.txt'), '/found/sub/d.txt');
  });

  test('ECMAScript is the syntax by default', async t => {
    assert.equal(await served(t, rule(match('^[a]\\.t.t$') + rewriteTo('b.txt')), 'a.txt'), 'file b');
  });

  test('a wildcard: * is any number of characters and captures them, ? is one and captures nothing', async t => {
    const wild = 'patternSyntax="Wildcard"';
    assert.equal(await location(t, rule(match('scripts/*_in.???') + redirectTo('/{R:1}-{R:2}'), wild), 'Scripts/log_in.asp'), '/log-');
    assert.equal((await ask(t, { rewrite: rule(match('scripts/*_in.???') + redirectTo('/x'), wild), url: 'scripts/log_in.aspx' })).status, 404);
  });

  test('patternSyntax holds for the conditions of the rule as well', async t => {
    const rewrite = (pattern: string) => rule(
      match('*') + condition(`<add input="{REQUEST_METHOD}" pattern="${pattern}" />`) + redirectTo('/{C:1}'), 'patternSyntax="Wildcard"');
    assert.equal(await location(t, rewrite('G*'), 'a.txt'), '/ET');
    assert.equal(await served(t, rewrite('^GET$'), 'a.txt'), 'file a');
  });

  test('negate: the action is carried out where the pattern does not match', async t => {
    const rewrite = rule(match('^a', 'negate="true"') + rewriteTo('c.txt'));
    assert.deepEqual([await served(t, rewrite, 'a.txt'), await served(t, rewrite, 'b.txt')], ['file a', 'file c']);
  });

  test('letters match in any case, unless ignoreCase is off', async t => {
    assert.equal(await served(t, rule(match('^A\\.TXT$') + rewriteTo('b.txt')), 'a.txt'), 'file b');
    assert.equal(await served(t, rule(match('^A\\.TXT$', 'ignoreCase="false"') + rewriteTo('b.txt')), 'a.txt'), 'file a');
  });

  for (const pattern of ['^a{', '^/{C:1}', '{R:1}', 'a|{2}', 'a{,3}', '*', '(?&lt;=a)b', '(?&lt;name&gt;a)']) {
    test(`an expression that the module cannot compile is 500.52 for every request: ${pattern}`, async t => {
      for (const url of ['a.txt', 'nothing']) {
        const { status, trace, log } = await ask(t, { rewrite: rule(match(pattern) + rewriteTo('b.txt')), url, files: FILES });
        assert.equal(status, 500, trace);
        assert.match(trace, /500\.52/);
        assert.match(log, /500\.52 for every request/);
      }
    });
  }

  test('the same in a condition', async t => {
    const rewrite = rule(match('.*') + condition('<add input="{PATH_INFO}" pattern="^/{C:1}" />') + rewriteTo('b.txt'));
    const { trace } = await ask(t, { rewrite, url: 'a.txt', files: FILES });
    assert.match(trace, /500\.52.*contains a repeat expression/);
  });

  test('a repetition and an escaped brace are no error', async t => {
    for (const pattern of ['^a{1}\\.', '^(a){1,}', '^[{]?a', '^\\{?a', '^a\\.{1,2}t']) {
      assert.equal(await served(t, rule(match(pattern) + rewriteTo('b.txt')), 'a.txt'), 'file b', pattern);
    }
  });
});

describe('Rule conditions', () => {
  const holds = '<add input="{REQUEST_METHOD}" pattern="^GET$" />';
  const fails = '<add input="{REQUEST_METHOD}" pattern="^PUT$" />';
  const when = (inside: string, grouping = '') =>
    rule(match('^a') + condition(inside, grouping && `logicalGrouping="${grouping}"`) + rewriteTo('b.txt'));

  test('MatchAll, the default, wants all of them', async t => {
    for (const grouping of ['', 'MatchAll']) {
      assert.equal(await served(t, when(holds + holds, grouping), 'a.txt'), 'file b');
      assert.equal(await served(t, when(holds + fails, grouping), 'a.txt'), 'file a');
    }
  });

  test('MatchAny wants one of them', async t => {
    assert.equal(await served(t, when(fails + holds, 'MatchAny'), 'a.txt'), 'file b');
    assert.equal(await served(t, when(fails + fails, 'MatchAny'), 'a.txt'), 'file a');
  });

  test('the input may have server variables and back-references to the rule and to a condition before', async t => {
    const inside = condition('<add input="{REQUEST_METHOD}" pattern="^(G)(ET)$" />'
      + '<add input="{R:1}-{C:2}-{QUERY_STRING}" pattern="^a-ET-(q)$" />');
    assert.equal(await location(t, rule(match('^(.)\\.txt') + inside + redirectTo('/{C:1}')), 'a.txt?q'), '/q?q');
  });

  for (const [type, there, not] of [['IsFile', 'a.txt', 'sub'], ['IsDirectory', 'sub/', 'a.txt']] as const) {
    test(`${type} looks whether its input is the path of one`, async t => {
      const rewrite = rule(match('.*') + condition(`<add input="{REQUEST_FILENAME}" matchType="${type}" />`) + redirectTo('/yes'));
      assert.equal(await location(t, rewrite, there), '/yes');
      assert.notEqual((await ask(t, { rewrite, url: not, files: FILES })).headers.location, '/yes');
    });

    test(`${type} without an input looks at the physical path of the request`, async t => {
      const rewrite = rule(match('.*') + condition(`<add matchType="${type}" />`) + redirectTo('/yes'));
      assert.equal(await location(t, rewrite, there), '/yes');
      assert.equal((await ask(t, { rewrite, url: 'nowhere', files: FILES })).status, 404);
    });

    test(`${type} without an input, negated`, async t => {
      const rewrite = rule(match('.*') + condition(`<add matchType="${type}" negate="true" />`) + redirectTo('/no'));
      assert.equal(await location(t, rewrite, 'nowhere'), '/no');
      assert.notEqual((await ask(t, { rewrite, url: there, files: FILES })).headers.location, '/no');
    });
  }

  test('ignoreCase and negate of a condition', async t => {
    const when = (more: string) => rule(match('.*') + condition(`<add input="{REQUEST_METHOD}" pattern="^get$" ${more} />`) + rewriteTo('b.txt'));
    assert.equal(await served(t, when(''), 'a.txt'), 'file b');
    assert.equal(await served(t, when('ignoreCase="false"'), 'a.txt'), 'file a');
    assert.equal(await served(t, when('negate="true"'), 'a.txt'), 'file a');
  });
});

describe('Rewrite action', () => {
  test('the substitution is a path: something with a colon as well', async t => {
    const { trace } = await ask(t, { rewrite: rule(match('^x') + rewriteTo('a:b')), url: 'x' });
    assert.match(trace, /rewritten to \/a:b/);
    const absolute = await ask(t, { rewrite: rule(match('^x') + rewriteTo('http://other.invalid/x')), url: 'x' });
    assert.match(absolute.trace, /404\.4/);
  });

  test('a physical path is not supported: it is a path of the site', async t => {
    const { status } = await ask(t, { rewrite: rule(match('^x') + rewriteTo('C:\\inetpub\\wwwroot\\a.txt')), url: 'x', files: FILES });
    assert.equal(status, 404);
  });

  test('it may have back-references and server variables', async t => {
    const rewrite = rule(match('^(.)$') + condition('<add input="{QUERY_STRING}" pattern="^(t)" />') + rewriteTo('{R:1}.{C:1}x{C:1}?{REQUEST_METHOD}'));
    assert.equal(await served(t, rewrite, 'b?t'), 'file b');
  });

  test('the query string is appended, unless appendQueryString is off', async t => {
    const by = (more: string, url: string) => rule(match('^x') + `<action type="Rewrite" url="${url}" ${more} />`);
    const traced = async (rewrite: string) => (await ask(t, { rewrite, url: 'x?q=1', files: FILES })).trace;
    assert.match(await traced(by('', 'a.txt')), /rewritten to \/a\.txt\?q=1 /);
    assert.match(await traced(by('', 'a.txt?own=2')), /rewritten to \/a\.txt\?own=2&q=1 /);
    assert.match(await traced(by('appendQueryString="false"', 'a.txt?own=2')), /rewritten to \/a\.txt\?own=2 /);
  });
});

describe('Redirect action', () => {
  const by = (attributes: string) => rule(match('^x') + `<action type="Redirect" ${attributes} />`);

  test('Location is the substitution: a relative path counts from the folder, an absolute URI is taken as it is', async t => {
    const options = { app: '/app' };
    assert.equal(await location(t, by('url="contoso/test/default.aspx"'), 'x', { options }), '/app/contoso/test/default.aspx');
    assert.equal(await location(t, by('url="https://example.com/contoso/default.aspx"'), 'x', { options }), 'https://example.com/contoso/default.aspx');
  });

  test('the status is 301 by default, else that of redirectType', async t => {
    for (const [type, status] of [['', 301], ['Permanent', 301], ['Found', 302], ['SeeOther', 303], ['Temporary', 307]] as const) {
      const answer = await ask(t, { rewrite: by(`url="/y" ${type && `redirectType="${type}"`}`), url: 'x' });
      assert.equal(answer.status, status, type);
    }
  });

  test('308 is not supported: the configuration cannot be read', async t => {
    const { trace } = await ask(t, { rewrite: by('url="/y" redirectType="PermRedirect"'), url: 'x' });
    assert.match(trace, /500\.52/);
  });

  test('no rule after it is evaluated', async t => {
    const rewrite = '<rules>'
      + `<rule name="1">${match('^x')}${redirectTo('/first')}</rule>`
      + `<rule name="2">${match('.*')}<action type="AbortRequest" /></rule></rules>`;
    assert.equal(await location(t, rewrite, 'x'), '/first');
  });

  test('the query string is appended, unless appendQueryString is off', async t => {
    assert.equal(await location(t, by('url="/y"'), 'x?q=1'), '/y?q=1');
    assert.equal(await location(t, by('url="/y?own=2"'), 'x?q=1'), '/y?own=2&q=1');
    assert.equal(await location(t, by('url="/y" appendQueryString="false"'), 'x?q=1'), '/y');
  });
});

describe('CustomResponse, AbortRequest and None', () => {
  const custom = (attributes: string) => rule(match('^x(.*)') + `<action type="CustomResponse" ${attributes} />`);
  const pass = '<httpErrors existingResponse="PassThrough" />';

  test('a CustomResponse has its status, sub-status, reason and description, and ends the rules', async t => {
    const rewrite = custom('statusCode="410" subStatusCode="3" statusReason="Gone away" statusDescription="no more"')
      .replace('</rules>', `<rule name="2">${match('.*')}<action type="AbortRequest" /></rule></rules>`);
    const answer = await ask(t, { rewrite, server: pass, url: 'x' });
    assert.equal(answer.status, 410);
    assert.equal(answer.text, 'no more');
    assert.match(answer.trace, /410\.3/);
  });

  test('AbortRequest drops the connection', async t => {
    await assert.rejects(ask(t, { rewrite: rule(match('.*') + '<action type="AbortRequest" />'), url: 'x' }), /hang up|ECONNRESET/);
  });

  test('None does nothing, and is the default', async t => {
    for (const action of ['<action type="None" />', '<action />', '']) {
      assert.equal(await served(t, rule(match('.*') + action), 'a.txt'), 'file a');
    }
  });
});

describe('Using server variables, back-references, functions and maps', () => {
  // The reference calls two attributes statusLine and responseLine. The schema calls them
  // statusReason and statusDescription.
  const MAPS = '<rewriteMaps><rewriteMap name="Words"><add key="x" value="mapped" /></rewriteMap></rewriteMaps>';
  const PIECES: [what: string, text: string, comes: string][] = [
    ['a server variable', '{REQUEST_METHOD}', 'GET'],
    ['a header', '{HTTP_X_TOLD_BY}', 'me'],
    ['a back-reference to the rule', '{R:1}', 'x'],
    ['a back-reference to a condition', '{C:1}', 'ET'],
    ['a function', '{ToLower:{REQUEST_METHOD}}', 'get'],
    ['a function of mixed text', '{ToLower:-{R:1}-{C:1}-}', '-x-et-'],
    ['a map', '{Words:{R:1}}', 'mapped'],
    ['a function of a map', '{UrlEncode:{Words:{R:1}} !}', 'mapped%20!'],
  ];
  const request = { headers: { 'x-told-by': 'me' } };
  const start = match('^(x)$') + condition('<add input="{REQUEST_METHOD}" pattern="^G(.*)$" />');
  const one = (rest: string) => MAPS + rule(start + rest);

  for (const [what, text, comes] of PIECES) {
    test(`${what} may stand in the URL of a Redirect`, async t => {
      assert.equal(await location(t, one(redirectTo(`/to/${text}`)), 'x', { request }), `/to/${encodeURI(comes)}`);
    });

    test(`${what} may stand in the URL of a Rewrite`, async t => {
      const { trace } = await ask(t, { rewrite: one(rewriteTo(`to/?${text}`)), url: 'x', request });
      assert(trace.includes(`rewritten to /to/?${comes} `), trace);
    });

    test(`${what} may stand in the reason and the description of a CustomResponse`, async t => {
      const action = `<action type="CustomResponse" statusCode="403" statusReason="because ${text}" statusDescription="it is ${text}" />`;
      const server = '<httpErrors existingResponse="PassThrough" />';
      const { reason, text: body } = await ask(t, { rewrite: one(action), server, url: 'x', request });
      assert.deepEqual([reason, body], [`because ${comes}`, `it is ${comes}`]);
    });

    test(`${what} may stand in the input of a condition`, async t => {
      const inside = start.replace('</conditions>', `<add input="{C:0}=${text}" pattern="^(GET=.*)$" /></conditions>`);
      const rewrite = MAPS + rule(inside + '<action type="Redirect" url="http://v/?{UrlEncode:{C:1}}" />');
      assert.equal(told(await ask(t, { rewrite, url: 'x', request })), `GET=${comes}`);
    });

    test(`${what} may stand in the key of a map`, async t => {
      const key = `k-${comes}`;
      const maps = MAPS.replace('</rewriteMaps>', `<rewriteMap name="Keys"><add key="${key}" value="found" /></rewriteMap></rewriteMaps>`);
      assert.equal(await location(t, maps + rule(start + redirectTo(`/{Keys:k-${text}}`)), 'x', { request }), '/found');
    });

    test(`${what} may stand in the value of a server variable that a rule sets`, async t => {
      const set = `<serverVariables><set name="SEEN" value="${text}" /></serverVariables>`;
      const rewrite = MAPS + '<rules>'
        + `<rule name="1">${start}${set}<action type="None" /></rule>`
        + `<rule name="2">${match('.*')}${redirectTo('http://v/?{UrlEncode:{SEEN}}')}</rule></rules>`;
      assert.equal(told(await ask(t, { rewrite, url: 'x', request, options: { allowedServerVariables: ['SEEN'] } })), comes);
    });
  }

  test('a header is HTTP_ and its name in capitals, each dash an underscore', async t => {
    assert.equal(await value(t, '{HTTP_USER_AGENT}', 'x', { request: { headers: { 'User-Agent': 'Agent/1' } } }), 'Agent/1');
    assert.equal(await value(t, '{HTTP_NOT_SENT}', 'x'), '');
  });

  test('back-references count from 0, the whole match, to 9', async t => {
    const pattern = '^(a)(b)(c)(d)(e)(f)(g)(h)(i)$';
    const rewrite = rule(match(pattern) + redirectTo('/{R:0}-{R:1}{R:2}{R:3}{R:4}{R:5}{R:6}{R:7}{R:8}{R:9}'));
    assert.equal(await location(t, rewrite, 'abcdefghi'), '/abcdefghi-abcdefghi');
  });

  test('in an action {C:n} is of the last condition that matched', async t => {
    const inside = condition('<add input="{QUERY_STRING}" pattern="p1=([0-9]+)" /><add input="{QUERY_STRING}" pattern="p2=([a-z]+)" />');
    assert.equal(await value(t, '{C:1}', 'x?p1=123&p2=abc', {}, inside), 'abc');
  });

  test('with trackAllCaptures {C:n} go on through all conditions, and {C:0} is the first one\'s whole match', async t => {
    const inside = condition(
      '<add input="{URL}" pattern="^/([a-zA-Z]+)/([0-9]+)/$" /><add input="{QUERY_STRING}" pattern="p2=([a-z]+)" />', 'trackAllCaptures="true"');
    assert.equal(await value(t, '{C:0} {C:1} {C:2} {C:3}', 'article/23/?p1=123&p2=abc', {}, inside), '/article/23/ article 23 abc');
  });
});

describe('String functions', () => {
  for (const [text, comes] of [
    ['{ToLower:DEFAULT.HTM}', 'default.htm'],
    ['{UrlDecode:{QUERY_STRING}}', 'a b/c'],
    ['{UrlEncode:{R:0}.aspx?p=[résumé]}', 'x.aspx%3Fp%3D%5Br%C3%A9sum%C3%A9%5D'],
    ['{HtmlEncode:&lt;b&gt;}', '&#60;b&#62;'],
    ['{tolower:ABC}', 'abc'],
  ] as const) {
    test(`${text} is ${comes}`, async t => {
      assert.equal(await value(t, text, 'x?a%20b%2Fc'), comes);
    });
  }

  for (const text of ['{NoFunction:x}', '{ToLower:x', '{}']) {
    test(`${text} cannot be read: 500.52 for every request`, async t => {
      const { trace } = await ask(t, { rewrite: rule(match('^x') + redirectTo(`/${text}`)), url: 'a.txt', files: FILES });
      assert.match(trace, /500\.52/);
    });
  }
});

describe('Rewrite maps', () => {
  const maps = (inside: string, attributes = '') => `<rewriteMaps><rewriteMap name="M" ${attributes}>${inside}</rewriteMap></rewriteMaps>`;
  const look = (key: string) => rule(match('.*') + redirectTo(`http://v/?{UrlEncode:[{M:${key}}]}`));
  const found = async (t: TestContext, map: string, key: string) => told(await ask(t, { rewrite: map + look(key) }));

  test('a key that is not there is defaultValue, which is empty by default', async t => {
    assert.equal(await found(t, maps('<add key="a" value="1" />'), 'b'), '[]');
    assert.equal(await found(t, maps('<add key="a" value="1" />', 'defaultValue="other"'), 'b'), '[other]');
    assert.equal(await found(t, maps(''), 'b'), '[]');
  });

  test('keys are found in any case, unless ignoreCase is off', async t => {
    assert.equal(await found(t, maps('<add key="a" value="1" />'), 'A'), '[1]');
    assert.equal(await found(t, maps('<add key="a" value="1" />', 'ignoreCase="false"'), 'A'), '[]');
  });

  test('there may be any number of maps, each found by its name', async t => {
    const two = '<rewriteMaps><rewriteMap name="N"><add key="a" value="N" /></rewriteMap><rewriteMap name="M"><add key="a" value="M" /></rewriteMap></rewriteMaps>';
    assert.equal(await found(t, two, 'a'), '[M]');
  });

  test('a map of the name of another is an error of the module', async t => {
    const two = maps('').replace('</rewriteMaps>', '<rewriteMap name="m" /></rewriteMaps>');
    assert.match((await ask(t, { rewrite: two, url: 'a.txt', files: FILES })).trace, /500\.52/);
  });

  test('<clear /> and <remove> take away what came before, among maps and in a map', async t => {
    assert.equal(await found(t, maps('<add key="a" value="1" /><clear /><add key="b" value="2" />'), 'a'), '[]');
    assert.equal(await found(t, maps('<add key="a" value="1" /><remove key="a" /><add key="a" value="3" />'), 'a'), '[3]');
    const map = '<rewriteMap name="M"><add key="a" value="1" /></rewriteMap>';
    assert.equal(await found(t, `<rewriteMaps>${map}<remove name="M" />${map.replace('"1"', '"2"')}</rewriteMaps>`, 'a'), '[2]');
    assert.equal(await found(t, `<rewriteMaps>${map}<clear />${map.replace('"1"', '"2"')}</rewriteMaps>`, 'a'), '[2]');
  });
});

describe('The rules as a collection', () => {
  const to = (name: string, file: string) => `<rule name="${name}"><match url="^a" />${rewriteTo(file)}</rule>`;

  test('<clear /> and <remove> take away the rules before them', async t => {
    assert.equal(await served(t, `<rules>${to('1', 'b.txt')}<clear /></rules>`, 'a.txt'), 'file a');
    assert.equal(await served(t, `<rules>${to('1', 'b.txt')}<clear />${to('2', 'c.txt')}</rules>`, 'a.txt'), 'file c');
    assert.equal(await served(t, `<rules>${to('1', 'b.txt')}<remove name="1" />${to('2', 'c.txt')}</rules>`, 'a.txt'), 'file c');
  });

  test('two rules of one name, in any case of letters, are an error of the module', async t => {
    const { trace } = await ask(t, { rewrite: `<rules>${to('One', 'b.txt')}${to('ONE', 'c.txt')}</rules>`, url: 'b.txt', files: FILES });
    assert.match(trace, /500\.52.*0x800700b7/);
  });

  for (const [what, inside] of [
    ['an attribute that there is not', '<rule name="1" colour="red"><match url="x" /></rule>'],
    ['an element that there is not', '<rule name="1"><matches url="x" /></rule>'],
    ['a rule without a name', '<rule><match url="x" /></rule>'],
    ['a value that is none', '<rule name="1" enabled="maybe"><match url="x" /></rule>'],
  ] as const) {
    test(`${what} is an error of the module: 500.52`, async t => {
      const { trace, log } = await ask(t, { rewrite: `<rules>${inside}</rules>`, url: 'a.txt', files: FILES });
      assert.match(trace, /500\.52/);
      assert.match(log, /500\.52 for every request: .*web\.config, line 1, system\.webServer\/rewrite\/rules/);
    });
  }
});

describe('Setting request headers and server variables (reference of version 2)', () => {
  const set = (inside: string, action = '<action type="None" />') => '<rules>'
    + `<rule name="1"><match url="(.*)" /><serverVariables>${inside}</serverVariables>${action}</rule>`
    + `<rule name="2"><match url=".*" />${redirectTo('http://v/?{UrlEncode:{X_SEEN}|{HTTP_X_HOST}}')}</rule></rules>`;
  const options = { allowedServerVariables: ['X_SEEN', 'http_x_host'] };

  test('a variable that is not in the server\'s list is an error where the rule is carried out: 500.50', async t => {
    const rewrite = set('<set name="X_SEEN" value="1" />');
    const { trace, status } = await ask(t, { rewrite, url: 'x' });
    assert.equal(status, 500);
    assert.match(trace, /500\.50.*X_SEEN is not allowed to be set/);
    const other = rewrite.replace('url="(.*)"', 'url="^never"').replace(redirectTo('http://v/?{UrlEncode:{X_SEEN}|{HTTP_X_HOST}}'), '');
    assert.equal(await served(t, other, 'a.txt'), 'file a');
  });

  test('the list itself is locked in a web.config: 500.52', async t => {
    const rewrite = '<allowedServerVariables><add name="X_SEEN" /></allowedServerVariables>';
    assert.match((await ask(t, { rewrite, url: 'a.txt', files: FILES })).trace, /500\.52.*0x80070021/);
  });

  test('one of the list is set, and the rules after it see it', async t => {
    const rewrite = set('<set name="X_SEEN" value="{R:1}" />');
    assert.equal(told(await ask(t, { rewrite, url: 'abc', options })), 'abc|');
  });

  test('replace, on by default, overwrites a value that is there', async t => {
    const request = { headers: { 'x-host': 'sent' } };
    const by = (more: string) => set(`<set name="HTTP_X_HOST" value="set" ${more} />`);
    assert.equal(told(await ask(t, { rewrite: by(''), url: 'x', options, request })), '|set');
    assert.equal(told(await ask(t, { rewrite: by('replace="false"'), url: 'x', options, request })), '|sent');
    assert.equal(told(await ask(t, { rewrite: by('replace="false"'), url: 'x', options })), '|set');
  });

  test('a name of HTTP_ sets a request header: dashes for underscores', async t => {
    const files = { 'server.js': 'require(\'http\').createServer((req, res) => res.end(req.headers[\'x-host\'])).listen(process.env.PORT);' };
    const server = '<handlers><add name="iisnode" path="server.js" verb="*" modules="iisnode" /></handlers><iisnode namedPipeConnectionRetryDelay="20" />';
    const rewrite = set('<set name="HTTP_X_HOST" value="{REQUEST_METHOD}" />', rewriteTo('server.js'))
      .replace(/<rule name="2">.*<\/rule>/, '');
    const request = { headers: { 'x-host': 'sent' } };
    assert.equal((await ask(t, { rewrite, server, files, url: 'x', options, request })).text, 'GET');
  });
});
