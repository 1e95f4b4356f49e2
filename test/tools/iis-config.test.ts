import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';
import { readConfig } from '../../src/config';
import { request } from '../support/request';
import { startServer } from '../support/server';
import { appPath, fromRoot, resource, root } from '../support/template';
import { checkWebConfig } from '../../tools/iis/check';
import { readSiteConfig } from '../../tools/iis/config';
import type { Rules } from '../../tools/iis/rewrite';
import { overridesWarnings, parseOverrides, readSettings } from '../../tools/iis/settings';
import { parseXml } from '../../tools/iis/xml';

const webConfig = readFileSync(path.join(root, 'web.config'), 'utf8');
const iisnodeYml = readFileSync(path.join(root, 'iisnode.yml'), 'latin1');
const config = readSiteConfig(root, '7.5');
const entry = config.handlers[0]!.path;
const settings = readSettings(config.iisnode, path.join(root, entry));

/** Returns the result of the rewrite rules for a URL. */
function rewritten(url: string, base: string) {
  return (config.rewrite as Rules)({ path: url, query: 't=1', base, variable: () => '', isFile: () => true, isDirectory: () => true });
}

test('the rewrite rules take the socket for the socket and all the rest for pages, in both places a folder can be', () => {
  for (const [base, prefix] of [[`${appPath}/`, `${appPath}/`], ['/', `${appPath}/`], ['/', `${appPath.toUpperCase()}/`], ['/', '/']] as const) {
    const taken = (urls: string[], rule: string) => {
      for (const url of urls) {
        const expected = { kind: 'rewrite', rules: [rule], path: base + entry, query: 't=1' };
        assert.deepEqual(rewritten(prefix + url, base), expected, `${prefix}${url}`);
      }
    };
    taken(['socket', 'socket/', 'socket/1/', 'socket/1/xhr-polling/abc', 'SOCKET/socket.io.js'], 'socket');
    taken(['', 'health', 'socket.html', 'sockets/1/', 'x/socket/1/', 'package.json', 'dist/server.js', 'node_modules/x'], 'pages');
  }
});

test('the one handler there is runs the file that is built', () => {
  assert.deepEqual(config.handlers, [{ name: 'iisnode', path: entry, verbs: ['*'], modules: 'iisnode', resourceType: 'Unspecified' }]);
  assert(existsSync(path.join(root, entry)), entry);
  assert(!entry.toLowerCase().split('/').some(segment => config.filtering.hiddenSegments.includes(segment)));
});

test('the three places that know the path agree: the rule, APP_PATH, and what the page is told', async t => {
  const server = await startServer(t);
  const page = await (await fetch(server.page)).text();
  const script = new URL(/<script[^>]+src="([^"]+socket\.io\.js)"/.exec(page)![1]!, server.page);
  assert.equal(script.pathname, `${resource}/socket.io.js`);
  assert.equal((await fetch(script)).status, 200);
  // The rule takes the address of the script, in an application and at the root of a site.
  assert.deepEqual(rewritten(script.pathname, `${appPath}/`).rules, ['socket']);
  assert.deepEqual(rewritten(script.pathname, '/').rules, ['socket']);
});

test('what is commented out for IIS 8 is right when it is not commented out', () => {
  const enabled = webConfig
    .replace(/<!-- (<add key="TRANSPORTS"[^>]*>) -->/, '$1')
    .replace(/<!-- (<webSocket [^>]*>) -->/, '$1');
  // In IIS 10, the section is locked until an administrator unlocks it. IIS 7.5 does not know it.
  assert.deepEqual(checkWebConfig(enabled, '10').map(({ element, code }) => [element, code]), [['system.webServer/webSocket', '0x80070021']]);
  assert.match(checkWebConfig(enabled, '7.5')[0]!.message, /Unrecognized/);
  const appSettings = inLocation(enabled).find(({ name }) => name === 'appSettings')!;
  const adds = appSettings.children.filter(({ name }) => name === 'add');
  const given = Object.fromEntries(adds.map(({ attributes }) => [attributes.key!, attributes.value!]));
  assert.deepEqual(readConfig(given).transports, ['websocket', 'xhr-polling']);
});

test('every setting in appSettings is one', () => {
  const own = config.appSettings.filter(([key]) => !key.startsWith('NODE_'));
  assert.deepEqual(own.filter(([key]) => !readFileSync(path.join(root, 'src/config.ts'), 'utf8').includes(`'${key}'`)), []);
  readConfig(Object.fromEntries(config.appSettings));
  const { NODE_PENDING_PIPE_INSTANCES, NODE_OPTIONS } = Object.fromEntries(config.appSettings);
  assert.equal(NODE_PENDING_PIPE_INSTANCES, '5000');
  assert.match(NODE_OPTIONS!, /^--max-http-header-size=\d+$/);
  // npm start and npm run dev allow headers of the same size.
  const { scripts } = fromRoot('./package.json') as { scripts: Record<string, string> };
  for (const name of ['start', 'dev']) assert(scripts[name]!.includes(`node ${NODE_OPTIONS} dist/server.js`), name);
});

test('IIS takes a body just above MAX_MESSAGE_BYTES, so that the server refuses it in words', () => {
  const { maxContentLength } = config.filtering;
  const { maxMessageBytes } = readConfig({});
  assert(maxContentLength > maxMessageBytes && maxContentLength < maxMessageBytes * 1.1);
});

test('what must hold without iisnode.yml is in web.config too, and says the same', () => {
  const without = readSettings({ ...config.iisnode, configOverrides: 'none.yml' }, path.join(root, entry));
  for (const key of ['node_env', 'devErrorsEnabled', 'debuggingEnabled'] as const) assert.equal(without[key], settings[key], key);
  // src/iisnode.ts trusts these headers, because IIS sets them.
  const trusted = /PROMOTED = \[([^\]]*)\]/.exec(readFileSync(path.join(root, 'src/iisnode.ts'), 'utf8'))![1]!;
  const promoted = without.promoteServerVars.split(',').map(name => `'x-iisnode-${name.toLowerCase()}'`);
  assert.equal(promoted.join(', '), trusted);
  assert.deepEqual(Object.keys(config.iisnode).sort(), [
    'configOverrides', 'debuggingEnabled', 'devErrorsEnabled', 'node_env', 'promoteServerVars',
  ]);
});

/**
 * Returns the elements in the only <location> of a web.config. Fails if an element is outside of
 * it.
 */
function inLocation(text: string) {
  const { children } = parseXml(text);
  assert.deepEqual(children.map(({ name }) => name), ['location']);
  return children[0]!.children;
}

test('web.config has what a deployment needs, section by section', () => {
  const server = inLocation(webConfig).find(({ name }) => name === 'system.webServer')!;
  // None of these sections is locked by default. If another section is locked, IIS answers 500.19.
  assert.deepEqual(server.children.map(({ name }) => name), [
    'handlers', 'validation', 'httpRedirect', 'rewrite', 'iisnode', 'httpErrors', 'urlCompression', 'caching', 'security',
    'httpProtocol',
  ]);
  assert.equal(config.httpErrors.existingResponse, 'PassThrough');
  assert.equal(config.dynamicCompression, false);
  const { 'Content-Security-Policy': policy, ...headers } = Object.fromEntries(config.customHeaders);
  assert.deepEqual(headers, { 'X-Frame-Options': 'SAMEORIGIN', 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'same-origin' });
  assert.match(policy!, /^default-src 'none'; /);
  assert.doesNotMatch(policy!, /unsafe|\*/);
});

test('a parent site that has the same headers, segments and rules does not collide with ours', () => {
  for (const [, segment] of webConfig.matchAll(/<add segment="([^"]+)"/g)) {
    assert(webConfig.includes(`<remove segment="${segment}" />\n`), `${segment} is removed before it is added`);
  }
  for (const name of ['handlers', 'rules', 'outboundRules']) assert.match(webConfig, new RegExp(`<${name}>\\s*<clear />`));
});

test('iisnode.yml says what long polling needs', () => {
  const expected = {
    nodeProcessCountPerApplication: 1, devErrorsEnabled: false, debuggingEnabled: false, loggingEnabled: true,
  };
  assert.deepEqual({ ...settings, ...expected }, settings);
});

test('iisnode.yml is in iisnode\'s own format, and has no key that iisnode does not know', () => {
  assert.doesNotMatch(iisnodeYml, /[^\n\x20-\x7e]/); // no tab, no byte order mark
  assert.deepEqual(overridesWarnings(settings, path.join(root, entry)), []);
  for (const { key, value } of parseOverrides(iisnodeYml, 'iisnode.yml')) {
    assert.match(value, key.endsWith('Enabled') || key === 'nodeProcessStickySessions'
      ? /^(true|false)$/
      : /^(max|gracefulShutdown|namedPipe)|Count/.test(key) ? /^\d+$/ : /^[^"']+$/, key);
  }
});

test('a build is one recycle, when all is there: the one file that is watched is written last', () => {
  assert.equal(settings.watchedFiles, path.posix.basename(entry));
  const project = path.join(root, 'tsconfig.json');
  const text: unknown = ts.readConfigFile(project, name => ts.sys.readFile(name)).config;
  const { options, fileNames } = ts.parseJsonConfigFileContent(text, ts.sys, root);
  // tsc writes the files in the order of this list. iis-config.long.test.ts lets tsc write them,
  // which takes some seconds.
  const program = ts.createProgram(fileNames, { ...options, types: [], noLib: true });
  const sources = program.getSourceFiles().filter(({ isDeclarationFile }) => !isDeclarationFile);
  assert(sources.length > 20, String(sources.length));
  assert.equal(path.basename(sources.at(-1)!.fileName, '.ts'), path.basename(settings.watchedFiles, '.js'));
});

test('logs go to a folder of their own that is never served', () => {
  const folder = path.posix.normalize(`dist/${settings.logDirectory.replace(/\\/g, '/')}`);
  assert(config.filtering.hiddenSegments.includes(folder));
  assert(!existsSync(path.join(root, folder, 'package.json')));
});

test('times fit: iisnode\'s pool, the server\'s kept connections, Socket.IO\'s polls', async t => {
  const { port } = await startServer(t);
  const { headers } = await request({ port, path: `${appPath}/health`, agent: undefined, headers: { connection: 'keep-alive' } });
  const kept = Number(/timeout=(\d+)/.exec(String(headers['keep-alive']))![1]) * 1000;
  assert(kept > settings.maxNamedPipePooledConnectionAge);

  const { Manager } = fromRoot('socket.io') as { Manager: new (door: object, options: object) => { get: (name: string) => number } };
  const { EventEmitter } = await import('node:events');
  const poll = new Manager(new EventEmitter(), { log: false }).get('polling duration') * 1000;
  assert(settings.gracefulShutdownTimeout > poll);
  assert(settings.namedPipeConnectionRetryDelay * settings.maxNamedPipeConnectionRetry >= 25000);
  assert(settings.maxConcurrentRequestsPerProcess > readConfig({}).maxClients);
});
