import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { readConfig } from '../src/config';
import { customHeaders, elements, iisnodeSettings, webConfigText } from './config-files';
import { appPath, fromRoot, request, resource, root, startServer } from './helper';

const attribute = (name: string, key: string) => elements(name)[0]!.getAttribute(key)!;

/** The name of the rule that takes a URL, which IIS gives without a leading slash and without the query string. */
function ruleFor(url: string): string | undefined {
  const rule = elements('rule').find(one => {
    const match = one.getElementsByTagName('match')[0]!;
    assert.equal(match.getAttribute('ignoreCase'), null); // true by default
    return new RegExp(match.getAttribute('url')!, 'i').test(url);
  });
  return rule?.getAttribute('name') ?? undefined;
}

test('the rewrite rules take the socket for the socket and all the rest for pages, in both places a folder can be', () => {
  for (const prefix of ['', `${appPath.slice(1)}/`, `${appPath.slice(1).toUpperCase()}/`]) {
    for (const url of ['socket', 'socket/', 'socket/1/', 'socket/1/xhr-polling/abc', 'SOCKET/socket.io.js']) {
      assert.equal(ruleFor(prefix + url), 'socket', prefix + url);
    }
    for (const url of ['', 'health', 'socket.html', 'sockets/1/', 'x/socket/1/', 'package.json', 'dist/server.js', 'node_modules/x']) {
      assert.equal(ruleFor(prefix + url), 'pages', prefix + url);
    }
  }
});

test('the rules and the one handler lead to the file that is built', () => {
  const handlers = elements('handlers')[0]!.getElementsByTagName('add');
  assert.equal(handlers.length, 1);
  const entry = handlers[0]!.getAttribute('path')!;
  for (const rule of elements('rule')) {
    assert.equal(rule.getElementsByTagName('action')[0]!.getAttribute('url'), entry);
    assert.equal(rule.getElementsByTagName('conditions').length, 0);
  }
  assert(existsSync(path.join(root, entry)), entry);
  // iisnode looks for iisnode.yml beside that file, unless told otherwise.
  const yml = attribute('iisnode', 'configOverrides').replace(/\\/g, '/');
  assert.equal(path.resolve(root, path.dirname(entry), yml), path.join(root, 'iisnode.yml'));
  const segments = entry.split('/').map(segment => segment.toLowerCase());
  for (const hidden of elements('hiddenSegments')[0]!.getElementsByTagName('add')) {
    assert(!segments.includes(hidden.getAttribute('segment')!.toLowerCase()));
  }
});

test('the three places that know the path agree: the rule, APP_PATH, and what the page is told', async t => {
  const atRoot = /^\^\((.+)\/\)\?socket/.exec(elements('match')[0]!.getAttribute('url')!)!;
  assert.equal(`/${atRoot[1]}`, appPath);

  const server = await startServer(t);
  const page = await (await fetch(server.page)).text();
  const script = new URL(/id="client" src="([^"]+)"/.exec(page)![1]!, server.page);
  assert.equal(script.pathname, `${resource}/socket.io.js`);
  assert.equal((await fetch(script)).status, 200);
  // The rule takes the script's address, as application and at the root of a site.
  assert.equal(ruleFor(script.pathname.slice(appPath.length + 1)), 'socket');
  assert.equal(ruleFor(script.pathname.slice(1)), 'socket');
});

test('what is commented out for IIS 8 is right when it is not commented out', () => {
  const enabled = webConfigText
    .replace(/<!-- IIS 8 and later, along[^\n]*/, '')
    .replace(/<!-- IIS 8 and later: IIS[^]*?webSocket\n/, '')
    .replace('xhr-polling" /> -->', 'xhr-polling" />')
    .replace('<webSocket enabled="false" /> -->', '<webSocket enabled="false" />');
  const keys = elements('appSettings', enabled)[0]!.getElementsByTagName('add');
  const settings = Object.fromEntries(Array.from(keys).map(add => [add.getAttribute('key')!, add.getAttribute('value')!]));
  assert.deepEqual(readConfig(settings).transports, ['websocket', 'xhr-polling']);
  assert.equal(elements('webSocket', enabled)[0]!.getAttribute('enabled'), 'false');
  assert.equal((elements('webSocket', enabled)[0]!.parentNode as Element | null)?.nodeName, 'system.webServer');
  // IIS 7.5 has no such section, and answers 500.19.
  assert.equal(elements('webSocket').length, 0);
});

test('every setting in appSettings is one', () => {
  const settings = Object.fromEntries(Array.from(elements('appSettings')[0]!.getElementsByTagName('add'))
    .map(add => [add.getAttribute('key')!, add.getAttribute('value')!]));
  const own = Object.keys(settings).filter(key => key !== 'NODE_PENDING_PIPE_INSTANCES');
  assert.deepEqual(own.filter(key => !readFileSync(path.join(root, 'src/config.ts'), 'utf8').includes(`'${key}'`)), []);
  readConfig(settings);
});

test('IIS takes a body just above MAX_MESSAGE_BYTES, so that the server refuses it in words', () => {
  const bytes = Number(attribute('requestLimits', 'maxAllowedContentLength'));
  const { maxMessageBytes } = readConfig({});
  assert(bytes > maxMessageBytes && bytes < maxMessageBytes * 1.1);
});

test('what must hold without iisnode.yml is in web.config too, and says the same', () => {
  const settings = iisnodeSettings();
  for (const key of ['node_env', 'devErrorsEnabled', 'debuggingEnabled', 'enableXFF']) {
    assert.equal(attribute('iisnode', key), settings.get(key), key);
  }
});

test('web.config has what a deployment needs, section by section, and nothing that IIS 7.5 would refuse', () => {
  const sections = Array.from(elements('system.webServer')[0]!.childNodes).map(node => node.nodeName).filter(name => !name.startsWith('#'));
  // None of these is locked by default; any other may be, which is a 500.19.
  assert.deepEqual(sections, ['handlers', 'rewrite', 'iisnode', 'httpErrors', 'urlCompression', 'security', 'httpProtocol']);
  const expected: [element: string, attributes: Record<string, string>][] = [
    ['iisnode', {
      configOverrides: '..\\iisnode.yml', node_env: 'production', devErrorsEnabled: 'false', debuggingEnabled: 'false', enableXFF: 'true',
    }],
    ['httpErrors', { existingResponse: 'PassThrough' }],
    ['urlCompression', { doStaticCompression: 'false', doDynamicCompression: 'false' }],
  ];
  for (const [element, attributes] of expected) {
    const found = Array.from(elements(element)[0]!.attributes).map(one => [one.name, one.value]);
    assert.deepEqual(Object.fromEntries(found), attributes, element);
  }
  assert.match(webConfigText, /<add key="NODE_PENDING_PIPE_INSTANCES" value="5000" \/>/);
  const { 'Content-Security-Policy': policy, ...headers } = customHeaders();
  assert.deepEqual(headers, { 'X-Frame-Options': 'SAMEORIGIN', 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'same-origin' });
  assert.match(policy!, /^default-src 'none'; /);
  assert.doesNotMatch(policy!, /unsafe|\*/);
  const removed = Array.from(elements('customHeaders')[0]!.getElementsByTagName('remove')).map(one => one.getAttribute('name'));
  assert.deepEqual(removed.sort(), ['X-Powered-By', ...Object.keys(customHeaders())].sort());
  // A parent site's rules, handlers and hidden segments do not collide with these.
  for (const name of ['handlers', 'rules']) assert.equal(elements(name)[0]!.getElementsByTagName('clear').length, 1, name);
});

test('iisnode.yml says what long polling needs', () => {
  const settings = Object.fromEntries(iisnodeSettings());
  const expected = {
    nodeProcessCountPerApplication: '1', devErrorsEnabled: 'false', debuggingEnabled: 'false', loggingEnabled: 'true', enableXFF: 'true',
  };
  for (const [key, value] of Object.entries(expected)) assert.equal(settings[key], value, key);
});

// All that iisnode 0.2 reads from the file. Any other key is ignored, silently.
const KEYS = [
  'asyncCompletionThreadCount', 'debugHeaderEnabled', 'debuggerPathSegment', 'debuggingEnabled', 'devErrorsEnabled', 'enableXFF',
  'flushResponse', 'gracefulShutdownTimeout', 'idlePageOutTimePeriod', 'initialRequestBufferSize', 'interceptor', 'logDirectory',
  'loggingEnabled', 'maxConcurrentRequestsPerProcess', 'maxLogFileSizeInKB', 'maxLogFiles', 'maxNamedPipeConnectionPoolSize',
  'maxNamedPipeConnectionRetry', 'maxNamedPipePooledConnectionAge', 'maxRequestBufferSize', 'maxTotalLogFileSizeInKB',
  'namedPipeConnectionRetryDelay', 'node_env', 'nodeProcessCommandLine', 'nodeProcessCountPerApplication', 'nodeProcessStickySessions',
  'promoteServerVars', 'recycleSignalEnabled', 'uncFileChangesPollingInterval', 'watchedFiles',
];

test('iisnode.yml is in iisnode\'s own format', () => {
  const text = readFileSync(path.join(root, 'iisnode.yml'), 'latin1');
  assert.doesNotMatch(text, /[^\n\x20-\x7e]/); // no tab, no byte order mark
  for (const [key, value] of iisnodeSettings()) {
    assert(KEYS.includes(key), key);
    assert.notEqual(value, '', key);
    assert.match(value, key.endsWith('Enabled') || key === 'enableXFF' || key === 'nodeProcessStickySessions'
      ? /^(true|false)$/
      : /^(max|gracefulShutdown|namedPipe)|Count/.test(key) ? /^\d+$/ : /^[^"']+$/, key);
  }
});

test('a change of any file of the server is watched', () => {
  const watched = iisnodeSettings().get('watchedFiles')!.split(';');
  const folders = new Set(readdirSync(path.join(root, 'dist'), { recursive: true }).map(String)
    .filter(name => name.endsWith('.js')).map(name => path.dirname(name)));
  assert.deepEqual(watched.sort(), [...folders].map(folder => folder === '.' ? '*.js' : `${folder}\\*.js`).sort());
  assert(!watched.some(pattern => pattern.includes('..')));
});

test('logs go to a folder of their own that is never served', () => {
  const folder = path.posix.normalize(`dist/${iisnodeSettings().get('logDirectory')!.replace(/\\/g, '/')}`);
  const hidden = Array.from(elements('hiddenSegments')[0]!.getElementsByTagName('add')).map(add => add.getAttribute('segment'));
  assert(hidden.includes(folder));
  assert(!existsSync(path.join(root, folder, 'package.json')));
});

test('times fit: iisnode\'s pool, the server\'s kept connections, Socket.IO\'s polls', async t => {
  const settings = iisnodeSettings();
  const number = (key: string) => Number(settings.get(key));
  const { port } = await startServer(t);
  const { headers } = await request({ port, path: `${appPath}/health`, agent: undefined, headers: { connection: 'keep-alive' } });
  const kept = Number(/timeout=(\d+)/.exec(String(headers['keep-alive']))![1]) * 1000;
  assert(kept > number('maxNamedPipePooledConnectionAge'));

  const { Manager } = fromRoot('socket.io') as { Manager: new (door: object, options: object) => { get: (name: string) => number } };
  const { EventEmitter } = await import('node:events');
  const poll = new Manager(new EventEmitter(), { log: false }).get('polling duration') * 1000;
  assert(number('gracefulShutdownTimeout') > poll);
  assert(number('namedPipeConnectionRetryDelay') * number('maxNamedPipeConnectionRetry') >= 25000);
  assert(number('maxConcurrentRequestsPerProcess') > 5000);
});
