import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { root } from '../support/template';
import { checkWebConfig, ConfigProblem } from '../../tools/iis/check';
import { mimeTypes } from '../../tools/iis/mime-types';
import { defaults, parseOutline, SECTIONS } from '../../tools/iis/schema';
import { DEFAULT_HANDLERS, DENIED_EXTENSIONS, HIDDEN_SEGMENTS, serverEntries } from '../../tools/iis/server-defaults';
import { parseXml, XmlError } from '../../tools/iis/xml';

const INVALID = '0x8007000d';
const LOCKED = '0x80070021';
const DUPLICATE = '0x800700b7';

/**
 * Makes a web.config.
 * @param lines the lines inside of <system.webServer>; the first is line 2 of the file
 */
function server(...lines: string[]): string {
  return ['<configuration><system.webServer>', ...lines, '</system.webServer></configuration>'].join('\n');
}

function filtering(...lines: string[]): string {
  return server('<security><requestFiltering>', ...lines, '</requestFiltering></security>');
}

test('IIS 7.5 and IIS 10 take the web.config that is shipped', () => {
  const text = readFileSync(path.join(root, 'web.config'), 'utf8');
  assert.deepEqual(checkWebConfig(text, '7.5'), []);
  assert.deepEqual(checkWebConfig(text, '10'), []);
});

const taken: [why: string, config: string, iis?: '10'][] = [
  ['an empty configuration', '<configuration />'],
  ['a byte order mark', '\uFEFF<?xml version="1.0" encoding="utf-8"?>\n<configuration />'],
  ['sections of .NET, whatever is in them', '<configuration><system.web><a b="c" /></system.web><runtime><x xmlns="y" /></runtime></configuration>'],
  ['the namespace that Visual Studio 2005 wrote', '<configuration xmlns="http://schemas.microsoft.com/.NetConfiguration/v2.0"><appSettings /></configuration>'],
  ['each kind of value', server(
    '<iisnode devErrorsEnabled="FALSE" maxLogFiles="4294967295" maxConcurrentRequestsPerProcess="Infinite" />',
    '<directoryBrowse enabled="true" showFlags="Date, Time" />',
    '<caching><profiles><add extension=".x" policy="CacheForTimePeriod" duration="1.00:00:30" /></profiles></caching>')],
  ['attributes that lock', server('<iisnode lockAttributes="node_env"><!-- empty --></iisnode>')],
  ['conditions of a rule that are alike', server(
    '<rewrite><rules><rule name="a"><match url="x" /><conditions>',
    '<add input="{URL}" pattern="a" /><add input="{URL}" pattern="a" />',
    '</conditions><action type="None" /></rule></rules></rewrite>')],
  ['conditions of two outbound rules that are alike', server(
    '<rewrite><outboundRules>',
    ...['a', 'b'].map(name => `<rule name="${name}"><match pattern="x" /><conditions><add input="{URL}" pattern="a" /></conditions></rule>`),
    '</outboundRules></rewrite>')],
  ['an entry of the server that is removed first', filtering(
    '<hiddenSegments><remove segment="BIN" /><add segment="bin" /></hiddenSegments>')],
  ['an entry of the server after a clear', server('<defaultDocument><files><clear /><add value="index.html" /></files></defaultDocument>')],
  ['an entry that is removed and added again', server(
    '<httpProtocol><customHeaders><add name="a" value="1" /><remove name="a" /><add name="a" value="2" /></customHeaders></httpProtocol>')],
  ['removing what is not there', server('<handlers><remove name="none" /></handlers>')],
  ['a page for a sub-status of its own', server('<httpErrors><error statusCode="404" subStatusCode="8" path="x" /></httpErrors>')],
  ['a handler whose name differs in case only', server('<handlers><add name="staticfile" path="*" verb="*" modules="StaticFileModule" /></handlers>')],
  ['.json on IIS 7.5, which has no type for it', server('<staticContent><mimeMap fileExtension=".json" mimeType="application/json" /></staticContent>')],
  ['in a location what the file removed', [
    '<configuration>',
    '<location path="sub"><system.webServer><httpProtocol><customHeaders><add name="X-Powered-By" value="x" /></customHeaders></httpProtocol></system.webServer></location>',
    '<system.webServer><httpProtocol><customHeaders><clear /></customHeaders></httpProtocol></system.webServer>',
    '</configuration>',
  ].join('\n')],
  ['removeServerHeader on IIS 10', server('<security><requestFiltering removeServerHeader="true" /></security>'), '10'],
];

for (const [why, config, iis] of taken) {
  test(`IIS ${iis ?? '7.5'} takes ${why}`, () => {
    assert.deepEqual(checkWebConfig(config, iis ?? '7.5'), []);
  });
}

const refused: [why: string, config: string, line: number, element: string, message: RegExp, code?: string, iis?: '10'][] = [
  ['text that is no XML', 'hello', 1, '', /not well-formed/],
  ['nothing', '', 1, '', /not well-formed/],
  ['a tag that is not closed', '<configuration>\n<system.webServer>\n</configuration>', 2, '', /not well-formed.*system\.webServer/],
  ['an attribute twice', '<configuration>\n<a b="1" b="2" /></configuration>', 2, '', /not well-formed/],
  ['an attribute without quotes', '<configuration>\n<a b=1 /></configuration>', 2, '', /not well-formed/],
  ['an entity that is not XML\'s', '<configuration>\n\n<a b="&nbsp;" /></configuration>', 3, '', /not well-formed/],
  ['a bare ampersand', server('<rewrite>', '<a b="x & y" />', '</rewrite>'), 3, '', /not well-formed.*&/],
  ['a control character', '<configuration>\n\u0001</configuration>', 2, '', /not well-formed/],
  ['a reference to a control character', '<configuration>\n<a b="&#1;" /></configuration>', 2, '', /not well-formed/],
  ['a ]]> on its own', '<configuration>\n]]></configuration>', 2, '', /not well-formed/],
  ['two roots', '<configuration />\n<configuration />', 2, '', /not well-formed/],
  ['another root', '\n<Configuration />', 2, 'Configuration', /Unrecognized element 'Configuration'/],
  ['a section there is not', server('<iisnode />', '<proxy enabled="true" />'), 3, 'system.webServer/proxy', /Unrecognized configuration section/],
  ['a group there is not', '<configuration>\n<system.webserver />\n</configuration>', 2, 'system.webserver', /Unrecognized configuration section/],
  ['a section in a group there is not', server('<rewrite><rule /></rewrite>'), 2, 'system.webServer/rewrite/rule', /Unrecognized configuration section/],
  ['a section of the server', '<configuration><system.applicationHost>\n<sites /></system.applicationHost></configuration>',
    2, 'system.applicationHost/sites', /applicationHost\.config only/, LOCKED],
  ['an attribute there is not', server('<iisnode', 'nodeProcessCount="1" />'), 2, 'system.webServer/iisnode', /Unrecognized attribute 'nodeProcessCount'/],
  ['an attribute in other case', server('<urlCompression dostaticcompression="true" />'), 2, 'system.webServer/urlCompression', /'dostaticcompression'/],
  ['an attribute of IIS 10', filtering().replace('Filtering', 'Filtering removeServerHeader="true"'), 2,
    'system.webServer/security/requestFiltering', /Unrecognized attribute 'removeServerHeader'/],
  ['an attribute of another namespace', server('<handlers xmlns:x="y" x:Transform="Replace" />'), 2, 'system.webServer/handlers', /'x:Transform'/],
  ['a default namespace', '<configuration xmlns="x" />', 1, 'configuration', /'xmlns'/],
  ['an element there is not', server('<httpErrors>', '<errors />', '</httpErrors>'), 3, 'system.webServer/httpErrors/errors', /Unrecognized element 'errors'/],
  ['an element in a rule that there is not', server('<rewrite><rules><rule name="x">', '<Match url="x" />', '</rule></rules></rewrite>'),
    3, 'system.webServer/rewrite/rules/rule/Match', /Unrecognized element 'Match'/],
  ['what is not true or false', server('<iisnode devErrorsEnabled="no" />'), 2, 'system.webServer/iisnode', /'devErrorsEnabled' attribute is invalid.*'no'/],
  ['an empty bool', server('<iisnode devErrorsEnabled="" />'), 2, 'system.webServer/iisnode', /devErrorsEnabled/],
  ['a fraction', server('<iisnode maxLogFiles="1.5" />'), 2, 'system.webServer/iisnode', /'maxLogFiles'.*whole number/],
  ['a number below 0', server('<iisnode maxLogFiles="-1" />'), 2, 'system.webServer/iisnode', /'maxLogFiles'.*between 0 and 4294967295/],
  ['a number of more than 32 bits', server('<iisnode maxLogFiles="4294967296" />'), 2, 'system.webServer/iisnode', /'maxLogFiles'.*between/],
  ['infinite where it is not allowed', server('<iisnode maxLogFiles="infinite" />'), 2, 'system.webServer/iisnode', /'maxLogFiles'/],
  ['none of an enum\'s values', server('<httpErrors existingResponse="Passthrough" />'), 2, 'system.webServer/httpErrors', /one of Auto, Replace, PassThrough/],
  ['a flag there is not', server('<handlers accessPolicy="Read, Scripts" />'), 2, 'system.webServer/handlers', /'accessPolicy'.*Read, Write/],
  ['what is no time span', server('<staticContent><clientCache cacheControlMaxAge="3600" /></staticContent>'), 2,
    'system.webServer/staticContent/clientCache', /'cacheControlMaxAge'.*time span/],
  ['a time span out of range', server('<caching><profiles><add extension=".x" duration="00:00:00" /></profiles></caching>'), 2,
    'system.webServer/caching/profiles/add', /'duration'.*between 1 and 4294967 seconds/],
  ['a number out of range', server('<httpErrors><error statusCode="399" path="x" /></httpErrors>'), 2, 'system.webServer/httpErrors/error',
    /'statusCode'.*between 400 and 999/],
  ['a number in a range that is left out', server('<rewrite><rules><rule name="x"><match url="x" />', '<action type="CustomResponse" statusCode="302" />',
    '</rule></rules></rewrite>'), 3, 'system.webServer/rewrite/rules/rule/action', /'statusCode'.*not be between 300 and 307/],
  ['an empty string where something must be', server('<rewrite><rules><rule name="x"><match url="" /></rule></rules></rewrite>'), 2,
    'system.webServer/rewrite/rules/rule/match', /'url'.*empty/],
  ['white space at an end', server('<rewrite><rules><rule name="x"><match url="x" /><action type="Rewrite" url=" x" /></rule></rules></rewrite>'), 2,
    'system.webServer/rewrite/rules/rule/action', /'url'.*white space/],
  ['an entry without its name', server('<handlers>', '<add path="*" verb="*" />', '</handlers>'), 3, 'system.webServer/handlers/add',
    /Missing required attribute 'name'/],
  ['an attribute of <remove> that is no key', server('<staticContent><remove fileExtension=".x" mimeType="y" /></staticContent>'), 2,
    'system.webServer/staticContent/remove', /Unrecognized attribute 'mimeType'/],
  ['a <remove> that names nothing', server('<handlers><remove /></handlers>'), 2, 'system.webServer/handlers/remove', /Missing required attribute 'name'/],
  ['an attribute of <clear>', server('<handlers><clear name="x" /></handlers>'), 2, 'system.webServer/handlers/clear', /Unrecognized attribute 'name'/],
  ['an element in <remove>', server('<handlers><remove name="x"><a /></remove></handlers>'), 2, 'system.webServer/handlers/remove/a', /Unrecognized element/],
  ['an entry twice', server('<handlers>', '<add name="a" path="*" verb="*" />', '<add name="a" path="b" verb="*" />', '</handlers>'), 4,
    'system.webServer/handlers/add', /name 'a'/, DUPLICATE],
  ['an entry twice, in other case', filtering('<hiddenSegments>', '<add segment="logs" />', '<add segment="LOGS" />', '</hiddenSegments>'), 5,
    'system.webServer/security/requestFiltering/hiddenSegments/add', /segment 'LOGS'/, DUPLICATE],
  ['a key that is twice the default', server('<rewrite><outboundRules><rule name="a"><match pattern="x" /><conditions>', '<add input="u" pattern="x" />',
    '<add input="u" pattern="x" negate="false" />', '</conditions></rule></outboundRules></rewrite>'), 4,
  'system.webServer/rewrite/outboundRules/rule/conditions/add', /input, matchType, pattern/, DUPLICATE],
  ['a hidden segment that the server has', filtering('<hiddenSegments><add segment="Bin" /></hiddenSegments>'), 3,
    'system.webServer/security/requestFiltering/hiddenSegments/add', /segment 'Bin'/, DUPLICATE],
  ['a file extension that the server has', filtering('<fileExtensions><add fileExtension=".config" allowed="true" /></fileExtensions>'), 3,
    'system.webServer/security/requestFiltering/fileExtensions/add', /'\.config'/, DUPLICATE],
  ['a header that the server has', server('<httpProtocol><customHeaders><add name="x-powered-by" value="y" /></customHeaders></httpProtocol>'), 2,
    'system.webServer/httpProtocol/customHeaders/add', /'x-powered-by'/, DUPLICATE],
  ['a default document that the server has', server('<defaultDocument><files><add value="index.html" /></files></defaultDocument>'), 2,
    'system.webServer/defaultDocument/files/add', /value 'index\.html'/, DUPLICATE],
  ['a handler that the server has', server('<handlers><add name="StaticFile" path="*" verb="*" modules="StaticFileModule" /></handlers>'), 2,
    'system.webServer/handlers/add', /name 'StaticFile'/, DUPLICATE],
  ['an error page that the server has', server('<httpErrors><error statusCode="404" path="x" /></httpErrors>'), 2,
    'system.webServer/httpErrors/error', /statusCode, subStatusCode '404, -1'/, DUPLICATE],
  ['a MIME type that the server has', server('<staticContent><mimeMap fileExtension=".HTML" mimeType="text/html" /></staticContent>'), 2,
    'system.webServer/staticContent/mimeMap', /fileExtension '\.HTML'/, DUPLICATE],
  ['.json on IIS 10', server('<staticContent><mimeMap fileExtension=".json" mimeType="application/json" /></staticContent>'), 2,
    'system.webServer/staticContent/mimeMap', /fileExtension '\.json'/, DUPLICATE, '10'],
  ['a section that is locked', server('<serverRuntime appConcurrentRequestLimit="9000" />'), 2, 'system.webServer/serverRuntime', /locked/, LOCKED],
  ['authentication', server('<security><authentication>', '<windowsAuthentication enabled="true" />', '</authentication></security>'), 3,
    'system.webServer/security/authentication/windowsAuthentication', /locked/, LOCKED],
  ['an attribute that is locked', server('<httpErrors defaultPath="x" />'), 2, 'system.webServer/httpErrors', /Lock violation: 'defaultPath'/, LOCKED],
  ['<webSocket>, which it does not know', server('<webSocket enabled="false" />'), 2, 'system.webServer/webSocket', /Unrecognized configuration section/],
  ['<webSocket>, which is locked', server('<webSocket enabled="false" />'), 2, 'system.webServer/webSocket', /locked/, LOCKED, '10'],
  ['<applicationInitialization>', server('<applicationInitialization />'), 2, 'system.webServer/applicationInitialization', /Unrecognized/],
  ['what is wrong in a location', '<configuration>\n<location path="x"><system.webServer>\n<foo /></system.webServer></location></configuration>', 3,
    'system.webServer/foo', /Unrecognized configuration section/],
  ['in a location what the file has', [
    '<configuration>',
    '<location path="x"><system.webServer><handlers>',
    '<add name="a" path="*" verb="*" />',
    '</handlers></system.webServer></location>',
    '<system.webServer><handlers><add name="a" path="*" verb="*" /></handlers></system.webServer>',
    '</configuration>',
  ].join('\n'), 3, 'system.webServer/handlers/add', /name 'a'/, DUPLICATE],
  ['an application setting without a value', '<configuration><appSettings>\n<add key="a" /></appSettings></configuration>', 2, 'appSettings/add',
    /Missing required attribute 'value'/],
];

for (const [why, config, line, element, message, code = INVALID, iis = '7.5'] of refused) {
  test(`IIS ${iis} refuses ${why}`, () => {
    const problems = checkWebConfig(config, iis);
    assert.equal(problems.length, 1, JSON.stringify(problems));
    const found: ConfigProblem = problems[0]!;
    assert.deepEqual([found.line, found.element, found.code], [line, element, code]);
    assert.match(found.message, message);
  });
}

test('the first problem is the first of the file, and what is in a location comes last', () => {
  const config = [
    '<configuration>', '<location path="x"><system.webServer><foo /></system.webServer></location>',
    '<system.webServer>', '<iisnode a="1" devErrorsEnabled="x">', '<b /></iisnode>', '<c />', '</system.webServer></configuration>',
  ].join('\n');
  assert.deepEqual(checkWebConfig(config, '7.5').map(problem => problem.line), [4, 4, 5, 6, 2]);
});

test('an XML text becomes elements with their attributes in order, their lines and their parents', () => {
  const root = parseXml('\uFEFF<?xml version="1.0"?>\n<!-- <x> & -->\n<a z="1" y="&lt;&amp;&#10;" x=\'"\'>\n text <b\n c="d]]>"/><![CDATA[ & ]]></a>');
  assert.equal(root.line, 3);
  assert.deepEqual(Object.entries(root.attributes), [['z', '1'], ['y', '<&\n'], ['x', '"']]);
  assert.deepEqual(root.children.map(({ name, line, parent }) => [name, line, parent]), [['b', 4, root]]);
  assert.throws(() => parseXml('<a>\n</b>'), (error: XmlError) => error instanceof XmlError && error.line >= 1 && error.message.includes('not well-formed'));
});

test('the outline of the schemas is read as it is written', () => {
  const entry = SECTIONS.get('system.webServer/httpErrors')!.collections[0]!;
  assert.deepEqual([entry.add, entry.remove, entry.clear, entry.prepend], ['error', 'remove', 'clear', false]);
  assert.deepEqual(Array.from(entry.entry.attributes.keys()), ['statusCode', 'subStatusCode', 'prefixLanguageFilePath', 'path', 'responseMode']);
  assert.equal(SECTIONS.get('system.webServer/handlers')!.collections[0]!.prepend, true);
  for (const section of SECTIONS.values()) {
    for (const { name, type, values } of section.attributes.values()) {
      assert(['bool', 'enum', 'flags', 'int', 'int64', 'string', 'timeSpan', 'uint'].includes(type), name);
      assert.equal(values.length > 0, type === 'enum' || type === 'flags', name);
    }
  }
  assert.throws(() => parseOutline('section what is this'), /not an attribute/);
});

test('defaults are those of the schemas', () => {
  assert.deepEqual(defaults('security/requestFiltering', 'requestLimits'), { maxAllowedContentLength: '30000000', maxUrl: '4096', maxQueryString: '2048' });
  const iisnode = defaults('iisnode');
  assert.equal(Object.keys(iisnode).length, 34);
  assert.deepEqual([iisnode.maxConcurrentRequestsPerProcess, iisnode.promoteServerVars, iisnode.watchedFiles], ['1024', '', '*.js;iisnode.yml']);
  assert.equal(iisnode.interceptor, '"%programfiles%\\iisnode\\interceptor.js"');
  assert.deepEqual(defaults('rewrite/rules', 'rule/conditions'), { logicalGrouping: 'MatchAll', trackAllCaptures: 'false' });
  assert.equal(defaults('directoryBrowse').showFlags, 'Date, Time, Size, Extension');
  assert.throws(() => defaults('none'), /no schema/);
  assert.throws(() => defaults('iisnode', 'none'), /no schema/);
});

test('the server\'s own entries are what a fresh IIS has', () => {
  assert.equal(HIDDEN_SEGMENTS.length, 8);
  assert(DENIED_EXTENSIONS.includes('.config') && DENIED_EXTENSIONS.every(extension => extension.startsWith('.')));
  assert.equal(DEFAULT_HANDLERS.at(-1)!.name, 'StaticFile');
  const [old, recent] = [mimeTypes('7.5'), mimeTypes('10')];
  assert.deepEqual([old.get('.html'), old.get('.js'), old.get('.json'), old.get('.woff')], ['text/html', 'application/x-javascript', undefined, undefined]);
  assert.deepEqual([recent.get('.js'), recent.get('.json'), recent.get('.woff')], ['application/javascript', 'application/json', 'font/x-woff']);
  // Later releases have all extensions of IIS 7.5, some of them with another type.
  for (const extension of old.keys()) assert(recent.has(extension), extension);
  for (const [extension, type] of recent) {
    assert.match(extension, /^\.[\w.-]+$/);
    assert.match(type, /^[\w-]+\/[\w.+-]+$/);
  }
  for (const keys of serverEntries('10').values()) assert.equal(new Set(keys.map(key => key.join())).size, keys.length);
});
