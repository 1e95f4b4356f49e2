/* Where to look when a check fails: the settings, and in which line of which file each is. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** A setting, as it should read. */
export interface Place {
  file: string;
  setting: string;
  /** What its line has in it. */
  find: string;
}

const webConfig = (setting: string, find: string): Place => ({ file: 'web.config', setting, find });
const yml = (setting: string): Place => ({ file: 'iisnode.yml', setting, find: setting.split(':')[0]! });
const source = (file: string, setting: string, find: string): Place => ({ file, setting, find });

/** A header that IIS adds to each answer. */
export const header = (name: string): Place => webConfig(`<add name="${name}" …> in <customHeaders>`, `<add name="${name}"`);
export const appSetting = (name: string, value: string): Place => webConfig(`<add key="${name}" value="${value}" />`, `<add key="${name}"`);

/** Every setting that a check names. */
export const places = {
  allowKeepAlive: webConfig('allowKeepAlive="true"', 'allowKeepAlive'),
  compression: source('src/pages.ts', 'app.use(compression({ filter: compresses }))', 'app.use(compression('),
  concurrent: yml('maxConcurrentRequestsPerProcess: 12000'),
  configOverrides: webConfig('configOverrides="..\\iisnode.yml"', 'configOverrides'),
  connectionRetry: yml('maxNamedPipeConnectionRetry: 600'),
  debugging: webConfig('debuggingEnabled="false"', 'debuggingEnabled'),
  debuggingYml: yml('debuggingEnabled: false'),
  devErrors: webConfig('devErrorsEnabled="false"', 'devErrorsEnabled'),
  devErrorsYml: yml('devErrorsEnabled: false'),
  dynamicCompression: webConfig('<urlCompression doDynamicCompression="false" />', 'doDynamicCompression'),
  existingResponse: webConfig('<httpErrors existingResponse="PassThrough" />', 'existingResponse'),
  handler: webConfig('<add name="iisnode" path="dist/server.js" verb="*" …>, after <clear />, and no other handler', '<add name="iisnode"'),
  health: source('src/pages.ts', 'the route /health', '/health'),
  hiddenSegments: webConfig('<hiddenSegments>, with node_modules and iisnode', '<hiddenSegments'),
  keepAlive: source('src/server.ts', 'keepAliveTimeout, longer than maxNamedPipePooledConnectionAge', 'keepAliveTimeout ='),
  logs: yml('logDirectory: ..\\iisnode'),
  maxBody: webConfig('maxAllowedContentLength, just above MAX_MESSAGE_BYTES', 'maxAllowedContentLength'),
  pendingPipes: appSetting('NODE_PENDING_PIPE_INSTANCES', '5000'),
  poweredBy: webConfig('<clear /> in <customHeaders>, in front of all', '<customHeaders'),
  processes: yml('nodeProcessCountPerApplication: 1'),
  retryDelay: yml('namedPipeConnectionRetryDelay: 50'),
  rulePages: webConfig('<rule name="pages">: takes every URL, with no condition', '<rule name="pages"'),
  ruleSocket: webConfig('<rule name="socket">: takes the path of APP_PATH, and stands first', '<rule name="socket"'),
  webSocket: webConfig('<webSocket enabled="false" />, IIS 8 and later', '<webSocket'),
} satisfies Record<string, Place>;

/** In words: the file, the line where the file is in `folder`, the setting as it should read, and as it does where it differs. */
export function locate(folder: string, { file, setting, find }: Place): string {
  const full = path.join(folder, file);
  if (!existsSync(full)) return `${file}: ${setting}`;
  const lines = blankComments(file, readFileSync(full, 'utf8')).split('\n');
  const line = lines.findIndex(text => text.includes(find));
  if (line < 0) return `${file}, which does not have it: ${setting}`;
  return `${file} line ${line + 1}: ${setting}${difference(lines[line]!.trim(), setting)}`;
}

/** What a line reads, or only that it is as it should be, where the setting is given word by word. */
function difference(line: string, setting: string): string {
  const [, attribute] = /^(\w+)="[^"]*"$/.exec(setting) ?? [];
  if (!attribute && !/^(<[^>]*>|\w+: \S+)$/.test(setting)) return ` (the line reads ${line})`;
  if (line.includes(setting)) return ' (so it is)';
  return ` (it is ${attribute ? new RegExp(`${attribute}="[^"]*"`).exec(line)?.[0] ?? line : line})`;
}

/** What is commented out has no effect. Lines keep their numbers. */
function blankComments(file: string, text: string): string {
  if (file.endsWith('.config')) return text.replace(/<!--[^]*?-->/g, comment => comment.replace(/[^\n]/g, ' '));
  return file.endsWith('.yml') ? text.replace(/#.*/g, '') : text;
}
