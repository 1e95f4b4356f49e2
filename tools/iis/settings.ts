/* iisnode's settings: what <iisnode> in web.config says, overridden by iisnode.yml, which is found and read as iisnode does it. */
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';

/** Times in ms, sizes in bytes unless the name says otherwise; the defaults are those of iisnode's schema. */
const DEFAULTS = {
  configOverrides: 'iisnode.yml',
  debuggerPathSegment: 'debug',
  debuggingEnabled: true,
  debugHeaderEnabled: false,
  devErrorsEnabled: true,
  enableXFF: false,
  flushResponse: false,
  gracefulShutdownTimeout: 60000,
  interceptor: '',
  logDirectory: 'iisnode',
  loggingEnabled: true,
  maxConcurrentRequestsPerProcess: 1024,
  maxLogFiles: 20,
  maxLogFileSizeInKB: 128,
  maxNamedPipeConnectionPoolSize: 512,
  maxNamedPipeConnectionRetry: 100,
  maxNamedPipePooledConnectionAge: 30000,
  maxRequestBufferSize: 65536,
  maxTotalLogFileSizeInKB: 1024,
  namedPipeConnectionRetryDelay: 250,
  node_env: '%node_env%',
  nodeProcessCommandLine: 'node.exe',
  nodeProcessCountPerApplication: 1,
  nodeProcessStickySessions: false,
  promoteServerVars: '',
  recycleSignalEnabled: false,
  watchedFiles: '*.js;iisnode.yml',
};

export type IisnodeSettings = typeof DEFAULTS;

// What iisnode reads from the file beside those that matter here.
const OTHERS = [
  'asyncCompletionThreadCount', 'debuggerExtensionDll', 'debuggerVirtualDir', 'debugPortRange', 'idlePageOutTimePeriod', 'initialRequestBufferSize',
  'uncFileChangesPollingInterval',
];

/** Every key that iisnode knows in iisnode.yml. Any other it ignores, silently. */
export const KEYS = [...Object.keys(DEFAULTS).filter(name => name !== 'configOverrides'), ...OTHERS];

/** iisnode.yml cannot be read: iisnode answers every request with an error. */
export class OverridesError extends Error {}

/** Its section in web.config cannot be read: the same, with other words. */
export class SectionError extends OverridesError {}

/**
 * The settings for a script.
 * @param attributes of <iisnode> in web.config, which have been checked against the schema
 * @param script the physical path of the file that iisnode runs
 * @throws OverridesError for an iisnode.yml that iisnode refuses
 */
export function readSettings(attributes: Record<string, string>, script: string): IisnodeSettings {
  const settings = { ...DEFAULTS };
  for (const name of Object.keys(DEFAULTS).filter(isSetting)) {
    const value = attributes[name] ?? String(DEFAULTS[name]);
    const ofMachine = machine(`IISNODE_${name}`);
    if (ofMachine) assign(settings, name, fromMachine(name, ofMachine));
    else assign(settings, name, fromFile(name, value));
  }
  applyOverrides(settings, script);
  return settings;
}

/** An attribute of web.config, which has been checked against the schema. */
function fromFile(name: keyof IisnodeSettings, value: string): string | number | boolean {
  switch (typeof DEFAULTS[name]) {
    case 'boolean': return value.toLowerCase() === 'true';
    case 'number': return value.toLowerCase() === 'infinite' ? Infinity : Number(value);
    default: return EXPANDED.has(name) ? expand(value) : value;
  }
}

/** Strings in which %NAME% is a variable of the machine: `expanded` in iisnode's schema. */
const EXPANDED = new Set([
  'configOverrides', 'debuggerPathSegment', 'interceptor', 'logDirectory', 'node_env',
  'nodeProcessCommandLine', 'watchedFiles',
]);
/** The same for iisnode.yml, where its source says so (ApplyConfigOverrideKeyValue). */
const EXPANDED_IN_YML = new Set([
  'interceptor', 'logDirectory', 'node_env', 'nodeProcessCommandLine', 'watchedFiles',
]);

/** A variable of the machine, whatever the case of its name: Windows does not tell them apart. */
function machine(name: string): string | undefined {
  const key = Object.keys(process.env).find(one => one.toLowerCase() === name.toLowerCase());
  return key === undefined ? undefined : process.env[key];
}

/** A name that the machine does not know stays as it is written. */
function expand(text: string): string {
  return text.replace(/%([^%]+)%/g, (whole, name: string) => machine(name) ?? whole);
}

/**
 * What IISNODE_<attribute> of the machine says, in place of web.config (GetEnvVariable).
 * @throws SectionError for what iisnode cannot read there
 */
function fromMachine(name: keyof IisnodeSettings, value: string): string | number | boolean {
  if (typeof DEFAULTS[name] === 'string') return value;
  if (typeof DEFAULTS[name] === 'boolean') {
    if (!/^(true|false|1|0)$/i.test(value)) {
      throw new SectionError(`IISNODE_${name}=${value} is neither true nor false`);
    }
    return /^(true|1)$/i.test(value);
  }
  const found = /^\s*\+?\d+/.exec(value);
  if (!found) throw new SectionError(`IISNODE_${name}=${value} is no number`);
  return Number(found[0]);
}

/**
 * Reads iisnode.yml over the settings there are. A key that has gone from it keeps its value, as in iisnode, when it is read again.
 * @throws OverridesError as readSettings does
 */
export function applyOverrides(settings: IisnodeSettings, script: string): void {
  if (settings.configOverrides !== '') readOverrides(settings, script);
  if (settings.nodeProcessCountPerApplication === 0) settings.nodeProcessCountPerApplication = availableParallelism();
}

function readOverrides(settings: IisnodeSettings, script: string): void {
  const file = overridesFile(settings, script);
  let text: string;
  try {
    text = readFileSync(file, 'latin1');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return;
    throw new OverridesError(`${file}: ${(error as Error).message}`);
  }
  for (const { key, value, where } of parseOverrides(text, file)) override(settings, key, value, where);
}

/**
 * The entries of an iisnode.yml, in order; one without a value is left out.
 * @param file its name, for errors
 * @throws OverridesError for a line that is none
 */
export function parseOverrides(text: string, file: string): { key: string; value: string; where: string }[] {
  return text.split(/[\r\n]/).flatMap((line, index) => {
    const where = `${file}, line ${index + 1}`;
    const entry = parseLine(line, where);
    return entry ? [{ key: entry[0], value: entry[1], where }] : [];
  });
}

/** What iisnode does not say of an iisnode.yml: that it does not find it, does not know a key, or reads no number. */
export function overridesWarnings(settings: IisnodeSettings, script: string): string[] {
  if (settings.configOverrides === '') return [];
  const file = overridesFile(settings, script);
  if (!existsSync(file)) {
    const above = path.join(path.dirname(script), '..', 'iisnode.yml');
    const hint = existsSync(above) ? `; ${above} is not read: configOverrides="..\\iisnode.yml" in web.config would` : '';
    return settings.configOverrides === DEFAULTS.configOverrides && hint === '' ? [] : [`there is no file ${file}: iisnode runs on its defaults${hint}`];
  }
  return parseOverrides(readFileSync(file, 'latin1'), file).flatMap(({ key, value, where }) => {
    const name = KEYS.find(known => known.toLowerCase() === key.toLowerCase());
    if (name === undefined) return [`${where}: iisnode does not know ${JSON.stringify(key)}, and ignores it`];
    if (typeof DEFAULTS[name as keyof IisnodeSettings] !== 'number' || /^\d+$/.test(value)) return [];
    return [`${where}: iisnode reads ${JSON.stringify(value)} as ${number(value, where)}`];
  });
}

/** The script's file name is replaced: an iisnode.yml at the root is not found for dist/server.js, unless ..\ leads there. */
function overridesFile({ configOverrides }: IisnodeSettings, script: string): string {
  return path.join(path.dirname(script), configOverrides.replaceAll('\\', '/'));
}

/** One line: spaces, a key, a colon, a value, a comment. Only spaces count as white space; quotes belong to the value. */
function parseLine(line: string, where: string): [key: string, value: string] | null {
  const colon = line.indexOf(':');
  const comment = line.indexOf('#');
  const text = comment < 0 ? line : line.slice(0, comment);
  if (/^ *$/.test(text)) return null;
  // The colon is looked for in the whole line, so that one inside a comment counts.
  const [, key] = /^ *([^ :][^ :]*) *$/.exec(line.slice(0, Math.max(colon, 0))) ?? [];
  if (colon < 0 || key === undefined) throw new OverridesError(`${where}: not a "key: value"`);
  const value = text.slice(colon + 1).replace(/^ +| +$/g, '');
  return value === '' ? null : [key, value];
}

function override(settings: IisnodeSettings, key: string, value: string, where: string): void {
  const name = (Object.keys(DEFAULTS) as (keyof IisnodeSettings)[]).find(known => known.toLowerCase() === key.toLowerCase());
  // An unknown key is ignored, silently; the name of the file itself is not read from the file.
  if (name === undefined || name === 'configOverrides') return;
  // nodeProcessStickySessions among them, since 0.2.24 (GetBOOL): a number but 0 and 1 is an error.
  if (typeof DEFAULTS[name] === 'boolean') {
    if (!/^(true|1|yes|false|0|no)$/i.test(value)) throw new OverridesError(`${where}: ${name} is neither true nor false`);
    assign(settings, name, /^(true|1|yes)$/i.test(value));
  } else {
    const text = EXPANDED_IN_YML.has(name) ? expand(value) : value;
    assign(settings, name, typeof DEFAULTS[name] === 'number' ? number(value, where) : text);
  }
}

/** C's atol into an unsigned 32-bit number: text is 0, -1 is 4294967295. */
function number(value: string, where: string): number {
  const whole = Number(/^\s*[+-]?\d+/.exec(value)?.[0] ?? 0);
  if (whole > 0x7fffffff || whole < -0x80000000) throw new OverridesError(`${where}: ${value} is out of range`);
  return whole >>> 0;
}

function isSetting(name: string): name is keyof IisnodeSettings {
  return Object.hasOwn(DEFAULTS, name);
}

function assign(settings: IisnodeSettings, name: keyof IisnodeSettings, value: string | number | boolean): void {
  (settings as Record<string, unknown>)[name] = value;
}
