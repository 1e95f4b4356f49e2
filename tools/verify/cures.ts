/*
 * The cures: lines to paste, with their places. Each line is here once. If the current folder has
 * the file, the report adds the number of the line in it, and the present text of the line.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { readConfig } from '../../src/config';

export interface Cure {
  /** A file of the project, or one of the places below. */
  at: string;
  /** The place in the file: 'in <appSettings>'. */
  inside?: string;
  /** The line to paste. */
  line: string;
  /** A text in the present line of the file, by which the line is found. */
  find?: string;
}

/** The name of the application and of its pool, as in the README. FOLDER is the folder. */
export const NAME = readConfig({}).appPath.slice(1) || 'myApp';
export const FOLDER = `C:\\inetpub\\${NAME}`;

/** The place of a command on the server. */
export const SERVER = 'on the server, in cmd as administrator';
/** The place of a command on this machine. */
export const HERE = 'here';
export const PROXY = 'at the proxy in front';

const APPCMD = '%windir%\\system32\\inetsrv\\appcmd';

const webConfig = (inside: string, line: string, find: string): Cure =>
  ({ at: 'web.config', inside: `in ${inside}`, line, find });
const yml = (line: string): Cure => ({ at: 'iisnode.yml', line, find: line.split(':')[0]! });
const source = (file: string, line: string, find: string): Cure => ({ at: file, line, find });

/** Makes the cure that is a command on the server. */
export const onServer = (line: string): Cure => ({ at: SERVER, line });
export const appcmd = (line: string): Cure => onServer(`${APPCMD} ${line}`);
/** Makes the cure that is a directive of nginx. Other proxies have the same under another name. */
export const nginx = (line: string): Cure => ({ at: PROXY, inside: '(nginx\'s words)', line });
export const verifyAgain = (options: string): Cure =>
  ({ at: HERE, line: `npm run verify -- ${options}` });
export const preview = (): Cure => ({ at: HERE, line: 'npm run preview -- --trace' });

export const appSetting = (name: string, value: string): Cure =>
  webConfig('<appSettings>', `<add key="${name}" value="${value}" />`, `<add key="${name}"`);
/**
 * Makes the cure that removes a setting. The line replaces the <add>. In front of the <add>, the
 * line would have no effect.
 */
export const noSetting = (name: string): Cure => webConfig(
  `<appSettings>, in place of <add key="${name}" …>`, `<remove key="${name}" />`,
  `<add key="${name}"`,
);
export const header = (name: string, value: string): Cure =>
  webConfig('<customHeaders>', `<add name="${name}" value="${value}" />`, `<add name="${name}"`);
/**
 * Makes the cure that removes a header. The line is at the end of its section, so that the line
 * removes a header that the file itself adds.
 */
export const noHeader = (name: string): Cure =>
  webConfig('<customHeaders>, at its end', `<remove name="${name}" />`, `name="${name}"`);
export const filtering = (line: string, find: string): Cure =>
  webConfig('<requestFiltering>', line, find);
export const limit = (attribute: string, value: number): Cure =>
  filtering(`<requestLimits ${attribute}="${value}" />`, attribute);
/**
 * Makes the cure that sets the limit of IIS for a body. The limit is above MAX_MESSAGE_BYTES, so
 * that the server itself refuses a message, with a text that says why.
 */
export const maxBody = (): Cure => limit('maxAllowedContentLength', 1048576);
export const inWebServer = (line: string, find: string): Cure =>
  webConfig('<system.webServer>', line, find);
/** Makes the cure that is an attribute of <iisnode>. */
export const iisnode = (line: string): Cure =>
  webConfig('<iisnode …>', line, line.split('=')[0]!);

/** The cures that are always the same. */
export const cures = {
  allowKeepAlive: inWebServer('<httpProtocol allowKeepAlive="true">', 'allowKeepAlive'),
  caching: inWebServer('<caching enabled="false" />', '<caching'),
  compression:
    source('src/pages.ts', 'app.use(compression({ filter: compresses }));', 'app.use(compression('),
  concurrent: yml('maxConcurrentRequestsPerProcess: 12000'),
  configOverrides: iisnode('configOverrides="..\\iisnode.yml"'),
  connectionRetry: yml('maxNamedPipeConnectionRetry: 600'),
  debugging: iisnode('debuggingEnabled="false"'),
  debuggingYml: yml('debuggingEnabled: false'),
  devErrors: iisnode('devErrorsEnabled="false"'),
  devErrorsYml: yml('devErrorsEnabled: false'),
  dynamicCompression:
    inWebServer('<urlCompression doDynamicCompression="false" />', '<urlCompression'),
  existingResponse:
    inWebServer('<httpErrors existingResponse="PassThrough" />', '<httpErrors'),
  handler: webConfig(
    '<handlers>, behind <clear />',
    '<add name="iisnode" path="dist/server.js" verb="*" modules="iisnode" />',
    '<add name="iisnode"',
  ),
  clearSettings:
    { at: 'web.config', inside: 'in <appSettings>, in front', line: '<clear />' } as Cure,
  clearHandlers: webConfig('<handlers>, in front', '<clear />', '<handlers'),
  health: source('src/pages.ts', 'pages.get(\'/health\', …', '\'/health\''),
  keepAlive: source('src/server.ts', 'server.keepAliveTimeout = 40000;', 'keepAliveTimeout ='),
  log: onServer(`type ${FOLDER}\\iisnode\\*-stderr-*.txt`),
  nodeCommand: yml('nodeProcessCommandLine: "%programfiles%\\nodejs\\node.exe"'),
  noOutboundRules: webConfig(
    '<rewrite>', '<outboundRules><clear /></outboundRules>', '<outboundRules'),
  noRedirect: inWebServer('<httpRedirect enabled="false" />', '<httpRedirect'),
  pendingPipes: appSetting('NODE_PENDING_PIPE_INSTANCES', '5000'),
  poweredBy: noHeader('X-Powered-By'),
  processes: yml('nodeProcessCountPerApplication: 1'),
  requestBuffer: yml('maxRequestBufferSize: 65536'),
  retryDelay: yml('namedPipeConnectionRetryDelay: 50'),
  rulePages: webConfig(
    '<rules>',
    '<rule name="pages" stopProcessing="true"><match url=".*" />'
    + '<action type="Rewrite" url="dist/server.js" /></rule>',
    '<rule name="pages"',
  ),
  ruleSocket: webConfig(
    '<rules>, first',
    `<rule name="socket" stopProcessing="true"><match url="^(${NAME}/)?socket(/.*)?$" />`
    + '<action type="Rewrite" url="dist/server.js" /></rule>',
    '<rule name="socket"',
  ),
  validation: inWebServer(
    '<validation validateIntegratedModeConfiguration="false" />', '<validation'),
  watchedFiles: yml('watchedFiles: server.js'),
  webSocket: inWebServer('<webSocket enabled="false" />', '<webSocket'),
} satisfies Record<string, Cure>;

/** A cure in the form that the report shows. */
export interface Located {
  text: string;
  /**
   * Whether the local file has the line already. Then the deployed file differs from the local
   * file, or the fault has another cause.
   */
  isSo: boolean;
  /** Whether the local file has the line with any value. */
  isThere: boolean;
}

/**
 * Finds the line of a cure in the local file.
 * @param folder the folder with web.config and iisnode.yml
 */
export function locate(folder: string, cure: Cure): Located {
  const { at, inside, line, find } = cure;
  const where = (found = '') => [at + found, inside].filter(Boolean).join(', ');
  const file = path.join(folder, at);
  if (find === undefined || !existsSync(file)) {
    return { text: `${where()}: ${line}`, isSo: false, isThere: false };
  }
  const lines = blankComments(at, readFileSync(file, 'utf8')).split('\n');
  const number = lines.findIndex(text => text.includes(find));
  if (number < 0) {
    const text = `${where()}: ${line} (the file here has no such line)`;
    return { text, isSo: false, isThere: false };
  }
  const now = elementAt(lines, number, find);
  const isSo = [now, lines[number]!]
    .some(text => withoutSpaces(text).includes(withoutSpaces(line)));
  const reads = isSo ? 'so it is in the file here' : `in the file here: ${shortened(now, find)}`;
  return { text: `${where(` line ${number + 1}`)}: ${line} (${reads})`, isSo, isThere: true };
}

/** @returns the element that begins in a line, or the line itself. A rule is shown whole */
function elementAt(lines: string[], number: number, find: string): string {
  const line = lines[number]!.trim();
  if (!find.startsWith('<')) return line;
  const text = lines.slice(number).join(' ').replace(/\s+/g, ' ');
  const from = text.slice(text.indexOf(find));
  const [, name] = /^<(\w+)/.exec(from)!;
  const whole = new RegExp(`^<${name}\\b([^>]*/>|[^>]*>.{0,300}?</${name}>|[^>]*>)`).exec(from);
  const element = whole?.[0] ?? line;
  return element.length < 200 || name === 'rule' ? element : element.replace(/>.*/, '>');
}

function withoutSpaces(text: string): string {
  return text.replace(/\s+/g, '');
}

/** Shortens a line with many attributes to the attribute that `find` names. */
function shortened(line: string, find: string): string {
  return /^\w+$/.test(find) ? new RegExp(`${find}="[^"]*"`).exec(line)?.[0] ?? line : line;
}

/** Replaces comments by blanks, so that no line is found in a comment. Lines keep their numbers. */
function blankComments(file: string, text: string): string {
  const blank = (comment: string) => comment.replace(/[^\n]/g, ' ');
  if (file.endsWith('.config')) return text.replace(/<!--[^]*?-->/g, blank);
  return file.endsWith('.yml') ? text.replace(/#.*/g, '') : text;
}
