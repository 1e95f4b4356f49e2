/*
 * Deployments that are broken on purpose, one or more for each check: what is changed, which checks fail, and what is said of it.
 * Those that take longest stand first.
 */
import type { Edit } from '../support/template';
import type { IisOptions } from '../../tools/iis';
import type { Options } from '../../tools/verify/verify';

const STATIC = '<add name="files" path="*" verb="*" modules="StaticFileModule" resourceType="File" />';
const NO_FILE = '<add input="{REQUEST_FILENAME}" matchType="IsFile" negate="true" />';
const lets = (pattern: string) => `<clear /><rule name="first" stopProcessing="true"><match url="${pattern}" /><action type="None" /></rule>`;

export interface Case {
  what: string;
  edits: Edit[];
  fails: string[];
  /** What is said of the first of these, cause and places. */
  says: RegExp;
  iis?: Partial<IisOptions>;
  options?: Partial<Options>;
}

export const cases: Case[] = [
  {
    what: 'fewer requests at once than clients',
    edits: [['iisnode.yml', /maxConcurrentRequestsPerProcess: \d+/, 'maxConcurrentRequestsPerProcess: 15']],
    fails: ['many polls at once'],
    says: /status 503[^]*iisnode\.yml line \d+: maxConcurrentRequestsPerProcess: 12000 \(it is maxConcurrentRequestsPerProcess: 15\)/,
  },
  {
    what: 'a web.config that IIS refuses',
    edits: [['web.config', '<httpErrors ', '<httpErrors noSuchSetting="true" ']],
    fails: ['first request'],
    says: /status 500\n +likely cause: IIS does not accept web\.config, line \d+: .*noSuchSetting/,
  },
  {
    what: 'a server that does not start',
    edits: [['web.config', '</appSettings>', '<add key="LOG_LEVEL" value="loud" /></appSettings>']],
    fails: ['first request'],
    says: /status 50\d[^]*iisnode\.yml line \d+: logDirectory/,
  },
  {
    what: 'a rule that leaves out the styles',
    edits: [['web.config', '<match url=".*" />', '<match url="^(?!style)" />']],
    fails: ['page'],
    says: /style\.css: status 404[^]*web\.config line \d+: <rule name="pages">/,
  },
  {
    what: 'a rule that leaves out health',
    edits: [['web.config', '<match url=".*" />', '<match url="^(?!health)" />']],
    fails: ['health'],
    says: /health: status 404[^]*web\.config line \d+: <rule name="pages">/,
  },
  {
    what: 'transports that are not meant',
    edits: [['web.config', '</appSettings>', '<add key="TRANSPORTS" value="websocket,xhr-polling" /></appSettings>']],
    fails: ['handshake'],
    says: /offers websocket,xhr-polling[^]*web\.config line \d+: <add key="TRANSPORTS" value="xhr-polling"/,
  },
  {
    what: 'WebSockets that IIS keeps to itself',
    edits: [['web.config', '</appSettings>', '<add key="TRANSPORTS" value="websocket,xhr-polling" /></appSettings>']],
    fails: ['message, websocket'],
    says: /web\.config, which does not have it: <webSocket enabled="false"/,
    options: { transports: ['websocket', 'xhr-polling'] },
  },
  {
    what: 'a handler that does not take POST',
    edits: [['web.config', 'verb="*"', 'verb="GET"']],
    fails: ['message, xhr-polling', 'origins of pages', 'size of a message', 'held polls'],
    says: /web\.config line \d+: <add name="iisnode"/,
  },
  {
    what: 'an application that does not acknowledge',
    edits: [['dist/app.js', 'ack(text)', '0']],
    fails: ['message, xhr-polling'],
    says: /does not acknowledge[^]*src\/app\.ts line \d+: the handler of 'message'/,
  },
  {
    what: 'pages elsewhere that may connect',
    edits: [['web.config', '</appSettings>', '<add key="ALLOWED_ORIGINS" value="http://stranger.invalid" /></appSettings>']],
    fails: ['origins of pages'],
    says: /stranger\.invalid: status 200[^]*web\.config line \d+: <add key="ALLOWED_ORIGINS"/,
  },
  {
    what: 'a limit of IIS below the server\'s',
    edits: [['web.config', 'maxAllowedContentLength="1048576"', 'maxAllowedContentLength="500000"']],
    fails: ['size of a message'],
    says: /1000000 bytes: status 404[^]*web\.config line \d+: maxAllowedContentLength/,
  },
  {
    what: 'no limit to what a client may send',
    edits: [
      ['web.config', 'maxAllowedContentLength="1048576"', 'maxAllowedContentLength="50000000"'],
      ['web.config', '</appSettings>', '<add key="MAX_MESSAGE_BYTES" value="40000000" /></appSettings>'],
    ],
    fails: ['size of a message'],
    says: /2000000 bytes: status 200[^]*web\.config line \d+: maxAllowedContentLength/,
  },
  {
    what: 'a server whose errors have the status of an answer',
    edits: [['dist/realtime/http/requests.js', "Refusal(400, 'this transport", "Refusal(200, 'this transport"]],
    fails: ['status of errors'],
    says: /an unknown transport: status 200/,
  },
  {
    what: 'errors whose texts IIS replaces',
    edits: [['web.config', '<httpErrors existingResponse="PassThrough" />', '']],
    fails: ['texts of errors'],
    says: /web\.config, which does not have it: <httpErrors existingResponse="PassThrough"/,
  },
  {
    what: 'a debugger that can be reached',
    edits: [
      ['web.config', 'debuggingEnabled="false"', 'debuggingEnabled="true"'],
      ['iisnode.yml', 'debuggingEnabled: false', ''],
      ['web.config', /<rules>\s*<clear \/>/, `<rules>${lets('^dist/server.js/debug')}`],
    ],
    fails: ['debugger'],
    says: /web\.config line \d+: debuggingEnabled="false"[^]*iisnode\.yml, which does not have it: debuggingEnabled: false/,
  },
  {
    what: 'logs that are served',
    edits: [
      ['web.config', '</handlers>', `${STATIC}</handlers>`],
      ['web.config', /<rules>\s*<clear \/>/, `<rules>${lets('^iisnode/')}`],
      ['web.config', '<add segment="iisnode" />', ''],
    ],
    fails: ['logs'],
    says: /\/iisnode\/index\.html: status 200[^]*web\.config line \d+: <rule name="pages">[^]*iisnode\.yml line \d+: logDirectory/,
  },
  {
    what: 'files that are served where they exist',
    edits: [
      ['web.config', '</handlers>', `${STATIC}</handlers>`],
      ['web.config', '<match url=".*" />', `<match url=".*" /><conditions>${NO_FILE}</conditions>`],
    ],
    fails: ['files of the folder'],
    says: /\/dist\/app\.js: status 200[^]*web\.config line \d+: <rule name="pages">/,
  },
  {
    what: 'headers that are missing, and one too many',
    edits: [
      ['web.config', /<add name="Content-Security-Policy"[^>]*>/, ''],
      ['web.config', '<add name="X-Frame-Options"', '<add name="X-Powered-By" value="ASP.NET" /><add name="X-Frame-Options"'],
    ],
    fails: ['headers'],
    says: /web\.config, which does not have it: <add name="Content-Security-Policy"[^]*handshake: X-Powered-By: ASP\.NET/,
  },
  {
    what: 'a server that does not compress',
    edits: [['dist/pages.js', /app\.use\(\(0, compression_1\.default\)\(.*\)\);/, '']],
    fails: ['compression'],
    says: /not compressed[^]*src\/pages\.ts line \d+: app\.use\(compression\(/,
  },
  {
    what: 'an IIS that compresses polls',
    edits: [['web.config', 'doDynamicCompression="false"', 'doDynamicCompression="true"']],
    fails: ['compression'],
    says: /handshake: compressed[^]*web\.config line \d+: <urlCompression doDynamicCompression="false"/,
    iis: { dynamicCompression: true },
  },
  {
    what: 'a server that does not wait as long as a poll',
    edits: [['dist/server.js', 'server.keepAliveTimeout =', 'server.setTimeout(5000); server.keepAliveTimeout =']],
    fails: ['held polls'],
    says: /poll: status 500, after [\d.]+ s of polls[^]*src\/server\.ts line \d+: keepAliveTimeout/,
    options: { hold: 9 },
  },
  {
    what: 'an iisnode that does not wait for node to start',
    edits: [['iisnode.yml', 'maxNamedPipeConnectionRetry: 600', 'maxNamedPipeConnectionRetry: 0']],
    fails: ['first request'],
    says: /status 50\d after[^]*iisnode\.yml line \d+: maxNamedPipeConnectionRetry: 600/,
  },
];
