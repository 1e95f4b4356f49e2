/* Faults in web.config, in iisnode.yml, in the settings and in the application. */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { otherPath, root } from '../../support/template';
import { Edit, file, holdsLonger, inApp, setting, webConfig, yml } from './config';
import type { FaultCase } from './fault';

/**
 * Makes a handler for files. Each handler has its own name, because IIS refuses a name that it has
 * already.
 */
const staticFiles = (name: string) => `<add name="${name}" path="*" verb="*" `
  + 'modules="StaticFileModule" resourceType="File" />';
const passes = (pattern: string) => `<rule name="passes ${pattern}" stopProcessing="true">`
  + `<match url="${pattern}" /><action type="None" /></rule>`;
const FIRST = ['first request'];

export const inWebConfig: FaultCase[] = [
  {
    what: 'no rule takes the pages',
    edits: [webConfig(config => config.drop('rule'))],
    fails: FIRST,
    cure: /^1\. web\.config, in <rules>: <rule name="pages" stopProcessing="true"><match url="\.\*"/,
  },
  {
    what: 'no handler',
    edits: [webConfig(config => config.drop('add', 'modules="iisnode"'))],
    fails: FIRST,
    cure: /^1\. web\.config, in <handlers>.*: <add name="iisnode" path="dist\/server\.js"/,
  },
  {
    what: 'a rule that leaves out the styles',
    edits: [pages('^(?!style)')],
    fails: ['page'],
    cure: /^1\. web\.config line \d+, in <rules>: <rule name="pages".*in the file here: <rule/,
    says: /style\.css: status 404/,
  },
  {
    what: 'a rule that leaves out health',
    edits: [pages('^(?!health)')],
    fails: ['health'],
    cure: /^1\. web\.config line \d+, in <rules>: <rule name="pages"/,
  },
  {
    what: 'a rule that leaves out Socket.IO',
    edits: [
      webConfig(config => config.drop('rule', 'name="socket"')),
      pages('^(?!socket)'),
    ],
    fails: ['page', 'handshake'],
    cure: /^1\. web\.config line \d+, in <rules>: <rule name="pages"/,
  },
  {
    what: 'a web.config that is no XML',
    edits: [file('web.config', text => text.replace('</system.webServer>', '</system.webserver>'))],
    fails: FIRST,
    cure: /^1\. web\.config line \d+: correct this line: .*not well-formed/,
  },
  {
    what: 'an attribute that IIS does not know',
    edits: [webConfig(config => config.set('httpErrors', { noSuchSetting: 'true' }))],
    fails: FIRST,
    cure: /^1\. web\.config line \d+: correct this line: Unrecognized attribute 'noSuchSetting'/,
  },
  {
    what: '<webSocket> on IIS 7.5',
    edits: [webConfig(config => config.set('webSocket', { enabled: 'false' }))],
    fails: FIRST,
    cure: /^1\. web\.config line \d+, in .*: <!-- <webSocket enabled="false" \/> -->/,
  },
  {
    what: 'an entry twice',
    edits: [webConfig(config => {
      config.add('httpProtocol/customHeaders', '<add name="X-Frame-Options" value="DENY" />');
    })],
    fails: FIRST,
    cure: /^1\. web\.config.*, before <add name="X-Frame-Options" …>: <remove name="X-Frame-Options"/,
  },
  {
    what: 'a pattern that URL Rewrite cannot read',
    edits: [pages('{')],
    fails: FIRST,
    cure: /^1\. web\.config line [1-9]\d*: correct this line: .*rule\/match: .*a repeat expression/,
  },
  {
    what: 'an attribute that iisnode does not know',
    edits: [webConfig(config => config.set('iisnode', { sticky: 'true' }))],
    fails: FIRST,
    cure: /^1\. web\.config line \d+: correct this line: .*'sticky'/,
  },
  {
    what: 'a setting twice',
    edits: [webConfig(config => {
      config.add('appSettings', '<add key="log_level" value="info" /><add key="LOG_LEVEL" value="info" />');
    })],
    fails: FIRST,
    cure: /^1\. web\.config.*, before <add key="LOG_LEVEL" …>: <remove key="LOG_LEVEL" \/>/i,
  },
  {
    what: 'promoteServerVars is gone',
    edits: [webConfig(config => config.set('iisnode', { promoteServerVars: null }))],
    fails: FIRST,
    cure: /^1\. web\.config.*, in <iisnode …>: promoteServerVars="AUTH_USER,HTTPS,REMOTE_ADDR"/,
  },
  {
    what: 'errors whose texts IIS replaces',
    edits: [webConfig(config => config.set('httpErrors', { existingResponse: 'Replace' }))],
    fails: ['texts of errors'],
    cure: /^1\. web\.config line \d+, .*: <httpErrors existingResponse="PassThrough" \/>/,
  },
  {
    what: 'no <httpErrors> at all',
    edits: [webConfig(config => config.drop('httpErrors'))],
    fails: ['texts of errors'],
    cure: /^1\. web\.config, .*: <httpErrors existingResponse="PassThrough" \/> \(the file here has no/,
  },
  {
    what: 'a header that is missing',
    edits: [webConfig(config => config.drop('add', 'Content-Security-Policy'))],
    fails: ['headers'],
    cure: /^1\. web\.config, in <customHeaders>: <add name="Content-Security-Policy" value="default/,
  },
  {
    what: 'a header that names IIS\'s software',
    edits: [webConfig(config => {
      config.drop('remove', 'X-Powered-By');
      config.drop('clear', '', 'customHeaders');
    })],
    fails: ['headers'],
    cure: /^1\. web\.config, in <customHeaders>.*: <remove name="X-Powered-By" \/>/,
  },
  {
    what: 'a handler that takes GET only',
    edits: [handler({ verb: 'GET' })],
    fails: ['message, xhr-polling', 'origins of pages'],
    cure: /^1\. web\.config line \d+, in <handlers>.*: <add name="iisnode" path="dist\/server\.js" verb="\*"/,
  },
  {
    what: 'a debugger that can be reached',
    edits: [
      webConfig(config => {
        config.set('iisnode', { debuggingEnabled: 'true' });
        config.add('rewrite/rules', passes('^dist/server.js/debug'), true);
      }),
      yml('debuggingEnabled', null),
    ],
    fails: ['debugger'],
    cure: /^1\. web\.config line \d+, in <iisnode …>: debuggingEnabled="false" \(in the file here: debugg/,
  },
  {
    what: 'logs that are served',
    edits: [
      webConfig(config => {
        config.add('handlers', staticFiles('logs'));
        config.drop('add', 'segment="iisnode"');
        config.add('rewrite/rules', passes('^iisnode/'), true);
      }),
    ],
    fails: ['logs'],
    cure: /^1\. web\.config/,
    says: /\/iisnode\/index\.html: status 200/,
  },
  {
    what: 'files that are served where they exist',
    edits: [webConfig(config => {
      config.add('handlers', staticFiles('files'));
      config.drop('rule', 'name="pages"');
      config.add('rewrite/rules', '<rule name="pages" stopProcessing="true"><match url=".*" />'
      + '<conditions><add input="{REQUEST_FILENAME}" matchType="IsFile" negate="true" />'
      + '</conditions><action type="Rewrite" url="dist/server.js" /></rule>');
    })],
    fails: ['files of the folder'],
    cure: /^1\. web\.config line \d+, in <rules>: <rule name="pages" stopProcessing="true"><match/,
    says: /\/dist\/app\.js: status 200/,
  },
  {
    what: 'an IIS that compresses polls',
    edits: [webConfig(config => config.set('urlCompression', { doDynamicCompression: 'true' }))],
    iis: { dynamicCompression: true },
    fails: ['compression'],
    cure: /^1\. web\.config line \d+, .*: <urlCompression doDynamicCompression="false" \/>/,
  },
  {
    what: 'a redirect of IIS\'s',
    edits: [webConfig(config => {
      config.set('httpRedirect', { enabled: 'true', destination: 'http://new.example.com/' });
    })],
    fails: FIRST,
    cure: /^1\. web\.config line \d+, .*: <httpRedirect enabled="false" \/>/,
  },
  {
    what: 'a header for pages of every origin',
    edits: [webConfig(config => {
      config.drop('remove', 'Access-Control-Allow-Origin');
      config.add('httpProtocol/customHeaders', '<add name="Access-Control-Allow-Origin" value="*" />');
    })],
    fails: ['origins of pages'],
    cure: /^1\. web\.config.*, in <customHeaders>.*: <remove name="Access-Control-Allow-Origin" \/>/,
  },
  {
    what: 'outbound rules, and compressed answers',
    edits: [webConfig(config => {
      config.drop('outboundRules');
      config.add('rewrite', '<outboundRules><rule name="out"><match filterByTags="A" pattern="x" />'
      + '<action type="Rewrite" value="y" /></rule></outboundRules>');
    })],
    fails: ['page'],
    cure: /^1\. web\.config.*, in <rewrite>: <outboundRules><clear \/><\/outboundRules>/,
  },
];

export const inIisnodeYml: FaultCase[] = [
  {
    what: 'fewer requests at once than clients',
    edits: [yml('maxConcurrentRequestsPerProcess', '15'), holdsLonger],
    options: { clients: 20 },
    fails: ['many polls at once'],
    cure: /^1\. iisnode\.yml line \d+: maxConcurrentRequestsPerProcess: 12000 \(in the file here: .*15\)/,
  },
  {
    what: 'an iisnode that does not wait for node to start',
    edits: [yml('maxNamedPipeConnectionRetry', '0')],
    // On a busy machine, node may need this time for its start.
    options: { patience: 60 },
    fails: FIRST,
    cure: /^1\. iisnode\.yml line \d+: maxNamedPipeConnectionRetry: 600/,
    says: /and a good answer/,
  },
  {
    what: 'several processes without Redis',
    edits: [yml('nodeProcessCountPerApplication', '2')],
    fails: ['health'],
    more: true,
    cure: /^1\. iisnode\.yml line \d+: nodeProcessCountPerApplication: 1 /,
    says: /2 processes answer/,
  },
  {
    what: 'errors with status 200',
    edits: [
      webConfig(config => config.set('iisnode', { devErrorsEnabled: 'true' })),
      yml('devErrorsEnabled', 'true'),
      setting('LOG_LEVEL', 'loud'),
    ],
    fails: FIRST,
    cure: /^1\. web\.config line \d+, in <appSettings>, in place of <add key="LOG_LEVEL" …>: <remove key="LOG_LEVEL" \/>/,
    says: /and web\.config line \d+, in <iisnode …>: devErrorsEnabled="false"/,
  },
  {
    what: 'a line without a colon',
    edits: [yml('loggingEnabled', null), yml('loggingEnabled true #', 'x')],
    fails: FIRST,
    cure: /^1\. iisnode\.yml line \d+: correct this line: not a "key: value"/,
  },
  {
    what: 'a tab before a value',
    edits: [yml('loggingEnabled', '\ttrue')],
    fails: FIRST,
    cure: /^1\. iisnode\.yml line \d+: correct this line: loggingEnabled is neither true nor false/,
  },
  {
    what: 'a watched file that iisnode cannot watch',
    edits: [yml('watchedFiles', '..\\public\\own.js')],
    fails: FIRST,
    cure: /^1\. iisnode\.yml line \d+: watchedFiles: server\.js \(in the file here: watchedFiles: \.\./,
  },
  {
    what: 'a buffer that is too small for large headers',
    edits: [yml('maxRequestBufferSize', '8192')],
    fails: ['large headers'],
    cure: /^1\. iisnode\.yml line \d+: maxRequestBufferSize: 65536 \(in the file here: .*8192\)/,
  },
  {
    what: 'a node that is not there',
    edits: [yml('nodeProcessCommandLine', '"c:\\nodejs\\nod.exe"')],
    fails: FIRST,
    cure: /^1\. iisnode\.yml line \d+: nodeProcessCommandLine: "%programfiles%\\nodejs\\node\.exe"/,
  },
];

export const inSettings: FaultCase[] = [
  {
    what: 'a setting that the server does not take',
    edits: [setting('LOG_LEVEL', 'loud')],
    fails: FIRST,
    cure: /^1\. web\.config line \d+, in <appSettings>, in place of <add key="LOG_LEVEL" …>: <remove key="LOG_LEVEL" \/>/,
    says: /takes one of error, warn/,
  },
  {
    what: 'transports that are not meant',
    edits: [setting('TRANSPORTS', 'websocket,xhr-polling')],
    fails: ['handshake'],
    cure: /^1\. web\.config line \d+, in <appSettings>: <add key="TRANSPORTS" value="xhr-polling" \/>/,
  },
  {
    what: 'WebSockets that IIS keeps to itself',
    edits: [setting('TRANSPORTS', 'websocket,xhr-polling')],
    iis: { iis: '10' },
    options: { transports: ['websocket', 'xhr-polling'] },
    fails: ['message, websocket'],
    cure: /^1\. web\.config, in <system\.webServer>: <webSocket enabled="false" \/>/,
  },
  {
    what: 'pages elsewhere that may connect',
    edits: [setting('ALLOWED_ORIGINS', 'http://stranger.invalid')],
    fails: ['origins of pages'],
    cure: /^1\. web\.config line \d+, in <appSettings>, in place of <add key="ALLOWED_ORIGINS" …>: <remove key="ALLOWED_ORIGINS" \/>/,
  },
  {
    what: 'an origin that is not named',
    options: { origin: 'http://www.example.com' },
    fails: ['origins of pages'],
    cure: /^1\. web\.config, in <appSettings>: <add key="ALLOWED_ORIGINS" value="http:\/\/www\.example\.com"/,
  },
  {
    what: 'messages that may be smaller than is meant',
    edits: [setting('MAX_MESSAGE_BYTES', '5000')],
    fails: ['size of a message'],
    cure: /^1\. web\.config line \d+, in <appSettings>: <add key="MAX_MESSAGE_BYTES" value="1000000" \/>/,
  },
  {
    what: 'no limit to what a client may send',
    edits: [
      setting('MAX_MESSAGE_BYTES', '40000000'),
      webConfig(config => {
        config.set('security/requestFiltering/requestLimits', { maxAllowedContentLength: '50000000' });
      }),
    ],
    fails: ['size of a message'],
    cure: /^1\. web\.config line \d+, in <appSettings>: <add key="MAX_MESSAGE_BYTES" value="1000000"/,
    says: /maxAllowedContentLength="1048576"/,
  },
  {
    what: 'fewer clients than come',
    edits: [setting('MAX_CLIENTS', '16')],
    options: { clients: 20 },
    fails: ['many polls at once'],
    cure: /^1\. web\.config line \d+, in <appSettings>: <add key="MAX_CLIENTS" value="10000" \/>/,
  },
  {
    what: 'another APP_PATH than IIS\'s',
    edits: [setting('APP_PATH', '/wrong')],
    iis: { app: otherPath },
    fails: FIRST,
    cure: new RegExp(`^1\\. web\\.config line \\d+, in <appSettings>: <add key="APP_PATH" value="${otherPath}" />`),
  },
  {
    what: 'an address of a site\'s root that leads to no application',
    iis: { app: '/' },
    path: '/wrong/',
    fails: FIRST,
    cure: /^1\. here: npm run verify -- http:\/\/localhost:\d+\/\w+\//,
  },
  {
    what: 'a Redis that is not there',
    edits: [setting('REDIS_URL', 'redis://127.0.0.1:1')],
    fails: FIRST,
    cure: /^1\. on the server, .*: redis-cli -u redis:\/\/127\.0\.0\.1:1 ping/,
  },
  {
    what: 'a limit of node\'s for headers',
    edits: [setting('NODE_OPTIONS', '--max-http-header-size=8192')],
    fails: ['large headers'],
    cure: /^1\. web\.config line \d+, in <appSettings>: <add key="NODE_OPTIONS" value="--max-http-head/,
  },
];

const remove = (name: string): Edit => folder => {
  rmSync(path.join(folder, name), { recursive: true });
};

export const inTheApplication: FaultCase[] = [
  {
    what: 'the script of the handler is not there',
    edits: [remove('dist/server.js')],
    fails: FIRST,
    cure: /^1\. on the server, .*, in the unpacked package: robocopy dist C:\\inetpub\\\w+\\dist \/e$/,
    says: /if dist\/server\.js is missing in the application's folder on the server/,
  },
  {
    what: 'the script is not there, and the folder here has it',
    edits: [remove('dist/server.js')],
    options: { folder: root },
    fails: FIRST,
    cure: /^1\. on the server, .*, in the unpacked package: robocopy dist /,
    says: /if dist\/server\.js is missing/,
  },
  {
    what: 'the folder of the script is not there',
    edits: [remove('dist')],
    fails: FIRST,
    cure: /^1\. on the server, .*, in the unpacked package: robocopy dist C:\\inetpub\\\w+\\dist \/e$/,
    says: /if the folder dist is missing in the application's folder on the server/,
  },
  {
    what: 'the folder of the script is not there, and the folder here has it',
    edits: [remove('dist')],
    options: { folder: root },
    fails: FIRST,
    cure: /^1\. here: npm run preview/,
    says: /or on the server, .*: robocopy dist .*\n {6}if the folder dist is missing/,
  },
  {
    what: 'an event that is not acknowledged',
    options: { event: 'unknown' },
    fails: ['message, xhr-polling'],
    cure: /^1\. src\/app\.ts: socket\.on\('unknown', \(text, ack\) => \{ ack\(text\); \}\);/,
    says: /if nobody handles 'unknown'/,
  },
  {
    what: 'an authorization that lets nobody in',
    edits: [inApp('io.set("authorization", (handshake, accept) => accept(null, false));')],
    fails: ['handshake'],
    cure: /^1\. here, with the cookies .*: npm run verify -- --cookie "name=value" http:/,
    says: /authorization/,
  },
  {
    what: 'an authorization that fails',
    edits: [inApp('io.set("authorization", (handshake, accept) => accept(new Error("x"), false));')],
    fails: ['handshake'],
    cure: /^1\. on the server, .*: type C:\\inetpub\\\w+\\iisnode\\\*-stderr-\*\.txt/,
  },
  {
    what: 'a server that ends at its start',
    edits: [inApp('throw new Error("a module is missing");')],
    fails: FIRST,
    cure: /^1\. on the server, .*: type C:\\inetpub\\\w+\\iisnode\\\*-stderr-\*\.txt/,
  },
  {
    what: 'a server that does not wait as long as a poll',
    edits: [holdsLonger, inApp(`
      const { Server } = require('http');
      const { listen } = Server.prototype;
      Server.prototype.listen = function (...given) {
        return listen.apply(this.setTimeout(3000), given);
      };
    `)],
    // On a busy machine an answer takes more than a second. The last poll has to wait for more than three.
    options: { hold: 8 },
    fails: ['held polls'],
    more: true,
    cure: /^1\. src\/server\.ts: server\.keepAliveTimeout = 40000;/,
  },
  {
    what: 'a node that is too old',
    edits: [inApp('Object.defineProperty(process, "version", { value: "v8.17.0" });')],
    fails: ['health'],
    cure: /^1\. on the server, .*: msiexec \/i node-v12\.22\.12-x64\.msi/,
  },
];

/** Changes the pattern of the rule for all URLs that are not Socket.IO's. */
function pages(pattern: string) {
  return webConfig(config => {
    config.drop('rule', 'name="pages"');
    config.add('rewrite/rules', `<rule name="pages" stopProcessing="true"><match url="${pattern}" />`
    + '<action type="Rewrite" url="dist/server.js" /></rule>');
  });
}

function handler(attributes: Record<string, string>) {
  const given = { name: 'iisnode', path: 'dist/server.js', verb: '*', modules: 'iisnode', ...attributes };
  const text = Object.entries(given).map(([name, value]) => `${name}="${value}"`).join(' ');
  return webConfig(config => {
    config.drop('add', 'modules="iisnode"');
    config.add('handlers', `<add ${text} />`);
  });
}
