/*
 * Worlds in which the template's web.config and iisnode.yml are tried. Each has other things around
 * the application, and says how the application has to look there.
 */
import { existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { IisOptions, startIis } from '../../../tools/iis';
import { request } from '../../support/request';
import { appPath, emptyFolder, root } from '../../support/template';
import { until } from '../../support/wait';

const NAME = appPath.slice(1);
const read = (name: string) => readFileSync(path.join(root, name), 'utf8');
export const SHIPPED = { 'web.config': read('web.config'), 'iisnode.yml': read('iisnode.yml') };
export type Files = typeof SHIPPED;

/** The script of a server that answers with the data that it was given. */
export const SERVER = `
const http = require('http');
let requests = 0, connections = 0, held = 0;
http.createServer((req, res) => {
  requests += 1;
  const path = req.url.split('?')[0];
  if (path.endsWith('/cut')) return req.socket.destroy();
  if (path.endsWith('/held')) {
    held += 1;
    return setTimeout(() => res.end('held ' + process.pid), 2000);
  }
  if (path.endsWith('/unknown')) {
    res.statusCode = 404;
    return res.end('the server\\'s own words');
  }
  if (path.endsWith('/encoded')) res.setHeader('Content-Encoding', 'gzip');
  res.setHeader('Content-Type', 'text/plain');
  req.resume();
  const { APP_PATH, LOG_LEVEL, NODE_ENV } = process.env;
  const ofParent = [APP_PATH, LOG_LEVEL].filter(value => value === '/elsewhere' || value === 'Trace');
  const logs = Object.keys(process.env).filter(name => /^IISNODE_/.test(name) && name !== 'IISNODE_VERSION')
    .sort().map(name => name + '=' + process.env[name]);
  const promoted = req.rawHeaders.filter(name => /^x-iisnode-/i.test(name));
  res.end(JSON.stringify({
    url: req.url, pid: process.pid, requests, connections, held, ofParent, NODE_ENV, logs,
    promoted, headers: http.maxHeaderSize,
  }));
}).on('connection', () => connections += 1).listen(process.env.PORT);
console.log('listening');
`;

/** The web.config of a site that has other settings for everything. */
const HOSTILE = `<configuration>
  <appSettings>
    <add key="APP_PATH" value="/elsewhere" />
    <add key="LOG_LEVEL" value="Trace" />
    <add key="NODE_PENDING_PIPE_INSTANCES" value="4" />
    <add key="node_options" value="--max-http-header-size=8192" />
  </appSettings>
  <system.web>
    <httpModules><add name="Old" type="Old.Module" /></httpModules>
    <httpHandlers><add path="*.old" verb="*" type="Old.Handler" /></httpHandlers>
    <identity impersonate="true" />
  </system.web>
  <system.webServer>
    <handlers>
      <add name="iisnode" path="index.js" verb="GET" modules="iisnode" />
      <add name="Old" path="*" verb="*" modules="None" />
    </handlers>
    <httpRedirect enabled="true" destination="https://elsewhere.example/" />
    <rewrite>
      <rules>
        <rule name="pages" stopProcessing="true">
          <match url=".*" /><action type="Redirect" url="https://elsewhere.example/{R:0}" />
        </rule>
        <rule name="socket" stopProcessing="true">
          <match url=".*" /><action type="AbortRequest" />
        </rule>
      </rules>
      <outboundRules>
        <rule name="links"><match filterByTags="A" pattern="^/old" /><action type="Rewrite" value="/new" /></rule>
      </outboundRules>
    </rewrite>
    <iisnode node_env="development" devErrorsEnabled="true" debuggingEnabled="true"
      debugHeaderEnabled="true" promoteServerVars="LOGON_USER" configOverrides="other.yml"
      nodeProcessCountPerApplication="2" nodeProcessStickySessions="true"
      maxConcurrentRequestsPerProcess="0" maxNamedPipeConnectionRetry="0"
      namedPipeConnectionRetryDelay="12000" maxNamedPipePooledConnectionAge="0"
      watchedFiles="other.js" gracefulShutdownTimeout="0" loggingEnabled="false"
      logDirectory="elsewhere" maxLogFileSizeInKB="1" maxTotalLogFileSizeInKB="2" maxLogFiles="3" />
    <httpErrors existingResponse="Replace" errorMode="Custom" />
    <urlCompression doDynamicCompression="true" />
    <caching>
      <profiles><add extension=".js" policy="CacheForTimePeriod" duration="01:00:00" /></profiles>
    </caching>
    <security>
      <requestFiltering>
        <requestLimits maxAllowedContentLength="1000" />
        <hiddenSegments><add segment="node_modules" /><add segment="iisnode" /></hiddenSegments>
      </requestFiltering>
    </security>
    <httpProtocol allowKeepAlive="false">
      <customHeaders>
        <add name="Access-Control-Allow-Origin" value="*" />
        <add name="Content-Security-Policy" value="default-src *" />
        <add name="X-Frame-Options" value="DENY" />
        <add name="X-Content-Type-Options" value="none" />
        <add name="Referrer-Policy" value="unsafe-url" />
      </customHeaders>
    </httpProtocol>
  </system.webServer>
</configuration>`;

/** The surroundings of the application. */
export interface World {
  what: string;
  /** Changes of the two files in this world, beside the part that is taken away. */
  edits?: [file: keyof Files, from: string | RegExp, to: string][];
  options?: (t: TestContext) => Partial<IisOptions>;
  /** @returns how the application looks in this world */
  look: (site: Site) => Promise<unknown>;
  /** How the application has to look. */
  expected: unknown;
}

/** The application in its world. */
interface Site {
  folder: string;
  get: (name: string, to?: http.RequestOptions, body?: string) => ReturnType<typeof request>;
  pids: () => number[];
}

/** The longest wait for an answer, ms. The parent's namedPipeConnectionRetryDelay is longer. */
const PATIENCE = 8000;

/** Serves the two files with the server above, until `use` is done. @returns the result of `use` */
export async function within<T>(
  t: TestContext, { edits = [], options }: World, files: Files, use: (site: Site) => Promise<T>,
): Promise<T> {
  const folder = emptyFolder(t, 'web-config-');
  const texts = { ...files };
  for (const [file, from, to] of edits) texts[file] = texts[file].replace(from, to);
  mkdirSync(path.join(folder, 'dist'));
  for (const [name, text] of Object.entries({ ...texts, 'dist/server.js': SERVER })) {
    if (text !== '') writeFileSync(path.join(folder, name), text);
  }
  const iis = await startIis({ folder, app: appPath, ...options?.(t) });
  const base = iis.url.slice(iis.origin.length);
  try {
    return await use({
      folder,
      get: (name, to = {}, body = '') => request({ port: iis.port, path: base + name, signal: AbortSignal.timeout(PATIENCE), ...to }, body),
      pids: iis.pids,
    });
  } finally {
    await iis.close();
  }
}

/** @returns the part of the server's answer that is the same each time */
async function told(site: Site, name: string): Promise<Record<string, unknown>> {
  const { status, text } = await site.get(name);
  if (status !== 200 || !text.startsWith('{')) return { status, text: text.slice(0, 80) };
  const { pid, requests, connections, held, ...rest } = JSON.parse(text) as Record<string, unknown>;
  void [pid, requests, connections, held];
  return rest;
}

const LOGS = [
  'IISNODE_LOGDIRECTORY=../iisnode', 'IISNODE_LOGGINGENABLED=1', 'IISNODE_MAXLOGFILES=20', 'IISNODE_MAXLOGFILESIZEINKB=1024',
  'IISNODE_MAXTOTALLOGFILESIZEINKB=10240',
];
const TOLD = {
  url: `${appPath}/socket/1/?t=1`,
  ofParent: [],
  NODE_ENV: 'production',
  logs: LOGS,
  promoted: ['X-iisnode-REMOTE_ADDR', 'X-iisnode-HTTPS', 'X-iisnode-AUTH_USER'],
  headers: 32768,
};

/** Headers that the parent site sets, or that show an effect of its settings. */
const COMPARED = [
  'access-control-allow-origin', 'content-encoding', 'content-security-policy', 'content-type', 'iisnode-debug',
  'referrer-policy', 'set-cookie', 'x-content-type-options', 'x-frame-options', 'x-powered-by',
];
const LARGEST = Number(/maxAllowedContentLength="(\d+)"/.exec(SHIPPED['web.config'])![1]);

/** @returns how the application looks for a visitor */
async function visit(site: Site): Promise<unknown> {
  const first = await told(site, 'socket/1/?t=1');
  const page = await site.get('page', { headers: { 'accept-encoding': 'gzip' } });
  const again = await site.get('page', { headers: { 'accept-encoding': 'gzip' } });
  const third = await site.get('page', { headers: { 'accept-encoding': 'gzip' } });
  const count = (text: string) => (JSON.parse(text.startsWith('{') ? text : '{}') as { requests?: number }).requests;
  const unknown = await site.get('unknown');
  const cut = await site.get('cut');
  const post = (size: number) =>
    site.get('socket/1/', { method: 'POST', headers: { 'content-length': String(size) } }, 'x'.repeat(size));
  const [large, medium] = [await post(LARGEST + 1), await post(LARGEST - 1)];
  const agent = new http.Agent({ keepAlive: true });
  const kept = await site.get('page', { agent });
  agent.destroy();
  return {
    first,
    headers: Object.fromEntries(COMPARED.map(name => [name, page.headers[name]])),
    counts: [page, again, third].map(({ text }) => count(text)),
    unknown: [unknown.status, unknown.text],
    cut: cut.status,
    sizes: [large.status, medium.status],
    hidden: [(await site.get('iisnode/x')).status, (await site.get('node_modules/x')).status],
    encoded: (await site.get('encoded')).status,
    connection: kept.headers.connection,
    log: existsSync(path.join(site.folder, 'iisnode')),
    processes: site.pids().length,
  };
}

/** @returns the value that web.config has for a header */
const own = (name: string) => new RegExp(`<add name="${name}" value="([^"]*)"`).exec(SHIPPED['web.config'])?.[1];
const VISIT = {
  first: TOLD,
  headers: {
    'access-control-allow-origin': undefined,
    'content-encoding': undefined,
    'content-security-policy': own('Content-Security-Policy'),
    'content-type': 'text/plain',
    'iisnode-debug': undefined,
    'referrer-policy': own('Referrer-Policy'),
    'set-cookie': undefined,
    'x-content-type-options': own('X-Content-Type-Options'),
    'x-frame-options': own('X-Frame-Options'),
    'x-powered-by': undefined,
  },
  counts: [2, 3, 4],
  unknown: [404, 'the server\'s own words'],
  cut: 500,
  sizes: [404, 200],
  hidden: [404, 404],
  encoded: 200,
  connection: 'keep-alive',
  log: true,
  processes: 1,
};

/** Looks whether connections are kept, and whether a changed file replaces the process. */
async function processes(site: Site): Promise<unknown> {
  const tell = async () => JSON.parse((await site.get('page')).text) as { pid: number; connections: number; held: number };
  const first = await tell();
  const { connections } = await tell();
  const held = site.get('held');
  await until(async () => (await tell()).held === 1, 'the request to be there');
  const script = path.join(site.folder, 'dist', 'server.js');
  utimesSync(script, new Date(), new Date(Date.now() + 5000));
  const next = await tell();
  return { connections, replaced: next.pid !== first.pid, held: (await held).text === `held ${first.pid}` };
}

export const parents = (t: TestContext, text = HOSTILE): Partial<IisOptions> => {
  const folder = emptyFolder(t, 'parent-');
  writeFileSync(path.join(folder, 'web.config'), text);
  return { parents: [path.join(folder, 'web.config')] };
};

export const plain: World = {
  what: 'as an application of a plain site', look: visit, expected: VISIT,
  options: () => ({ dynamicCompression: true }),
};
export const below: World = {
  what: 'below a site that sets everything otherwise', look: visit, expected: VISIT,
  options: t => ({ ...parents(t), dynamicCompression: true }),
};
const root_: World = {
  what: 'as the root of a site',
  options: () => ({ app: '/' }),
  look: async site => ({
    socket: await told(site, `${NAME}/socket/1/?t=1`), file: (await site.get('dist/server.js')).status,
  }),
  expected: { socket: TOLD, file: 200 },
};
const above: World = {
  what: 'above an application of files',
  options: t => {
    const folder = emptyFolder(t, 'child-');
    writeFileSync(path.join(folder, 'a.txt'), 'a file below');
    return { children: [{ path: 'below', folder }] };
  },
  look: async ({ get }) => {
    const { status, text, headers } = await get('below/a.txt');
    return { status, text, powered: headers['x-powered-by'], policy: headers['content-security-policy'] };
  },
  expected: { status: 200, text: 'a file below', powered: 'ASP.NET', policy: undefined },
};
const loosened: World['edits'] = [
  // Someone has changed a rule, so that a URL passes the rules.
  ['web.config', '<match url=".*" />', '<match url="^(?!dist/server.js/debug)" />'],
];
const seen: World['look'] = async site => ({
  cut: (await site.get('cut')).status,
  debugger: (await site.get('dist/server.js/debug/')).text.includes('node-inspector'),
  environment: (await told(site, 'page')).NODE_ENV,
});
const CLOSED = { cut: 500, debugger: false, environment: 'production' };
const withoutYml: World = {
  what: 'without iisnode.yml', look: seen, expected: CLOSED,
  edits: [...loosened, ['iisnode.yml', /^[^]*$/, '']],
};
export const withYmlOnly: World = {
  what: 'with a web.config that says less of iisnode', look: seen, expected: CLOSED,
  edits: [...loosened, ['web.config', / node_env="[^"]*"\s+devErrorsEnabled="[^"]*" debuggingEnabled="[^"]*"/, '']],
};
export const moving: World = {
  what: 'where processes come and go', look: processes,
  expected: { connections: 1, replaced: true, held: true }, options: t => parents(t),
};
/**
 * The worlds that show most parts of web.config are the first, so that the search for a missing
 * part ends soon.
 */
export const worlds = [below, withoutYml, above, plain, root_, withYmlOnly, moving];
