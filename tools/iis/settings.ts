/*
 * Reads iisnode's settings: the attributes of <iisnode> in web.config, overridden by iisnode.yml.
 * This file finds and reads iisnode.yml as iisnode does.
 */
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';

/**
 * The settings with the defaults of iisnode's schema. Times are in ms. Sizes are in bytes, unless
 * the name has another unit.
 */
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

// The keys of iisnode.yml that iisnode reads, and that change nothing in the stand-in.
const OTHER_KEYS = [
  'asyncCompletionThreadCount', 'debuggerExtensionDll', 'debuggerVirtualDir', 'debugPortRange',
  'idlePageOutTimePeriod', 'initialRequestBufferSize', 'uncFileChangesPollingInterval',
];

/** The keys of iisnode.yml that iisnode knows. iisnode ignores other keys without a message. */
export const KEYS = [
  ...Object.keys(DEFAULTS).filter(name => name !== 'configOverrides'), ...OTHER_KEYS,
];

/** The error of an iisnode.yml that cannot be read. iisnode answers all requests with an error. */
export class OverridesError extends Error {}

/** The error of an <iisnode> that cannot be read. iisnode's error page names web.config then. */
export class SectionError extends OverridesError {}

/**
 * Reads the settings for a script.
 * @param attributes the attributes of <iisnode> in web.config, already checked with the schema
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

/** @returns the value of an attribute of web.config, already checked with the schema */
function fromFile(name: keyof IisnodeSettings, value: string): string | number | boolean {
  switch (typeof DEFAULTS[name]) {
    case 'boolean': return value.toLowerCase() === 'true';
    case 'number': return value.toLowerCase() === 'infinite' ? Infinity : Number(value);
    default: return EXPANDED.has(name) ? expand(value) : value;
  }
}

/** The settings of web.config with %NAME% for a variable: `expanded` in iisnode's schema. */
const EXPANDED = new Set([
  'configOverrides', 'debuggerPathSegment', 'interceptor', 'logDirectory', 'node_env',
  'nodeProcessCommandLine', 'watchedFiles',
]);
/** The same settings for iisnode.yml, from ApplyConfigOverrideKeyValue in iisnode's source. */
const EXPANDED_IN_YML = new Set([
  'interceptor', 'logDirectory', 'node_env', 'nodeProcessCommandLine', 'watchedFiles',
]);

/** Finds a variable of the environment, by its name in any case of letters, as on Windows. */
function machine(name: string): string | undefined {
  const key = Object.keys(process.env).find(one => one.toLowerCase() === name.toLowerCase());
  return key === undefined ? undefined : process.env[key];
}

/** Replaces each %NAME% by the variable's value. An unknown name stays unchanged. */
function expand(text: string): string {
  return text.replace(/%([^%]+)%/g, (whole, name: string) => machine(name) ?? whole);
}

/**
 * Reads the variable IISNODE_<attribute>, which replaces the attribute of web.config
 * (GetEnvVariable in iisnode).
 * @throws SectionError for a value that iisnode cannot read
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
 * Applies iisnode.yml to settings. If a key was deleted from the file, the setting keeps its old
 * value when the file is read again, as in iisnode.
 * @throws OverridesError for an iisnode.yml that iisnode refuses
 */
export function applyOverrides(settings: IisnodeSettings, script: string): void {
  if (settings.configOverrides !== '') readOverrides(settings, script);
  if (settings.nodeProcessCountPerApplication === 0) {
    settings.nodeProcessCountPerApplication = availableParallelism();
  }
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
  for (const entry of parseOverrides(text, file)) override(settings, entry);
}

/** An entry of iisnode.yml. `where` names the file and the line, for messages. */
interface Override {
  key: string;
  value: string;
  where: string;
}

/**
 * Reads the entries of an iisnode.yml, in order. An entry without a value is left out.
 * @param file the file's name, for messages
 * @throws OverridesError for a line that is no entry
 */
export function parseOverrides(text: string, file: string): Override[] {
  return text.split(/[\r\n]/).flatMap((line, index) => {
    const where = `${file}, line ${index + 1}`;
    const entry = parseLine(line, where);
    return entry ? [{ key: entry[0], value: entry[1], where }] : [];
  });
}

/**
 * Makes warnings that iisnode itself does not give. iisnode may not find iisnode.yml, may not know
 * a key, or may read another number than the written number.
 */
export function overridesWarnings(settings: IisnodeSettings, script: string): string[] {
  if (settings.configOverrides === '') return [];
  const file = overridesFile(settings, script);
  if (!existsSync(file)) return missingFileWarning(settings, script, file);
  const overrides = parseOverrides(readFileSync(file, 'latin1'), file);
  return overrides.flatMap(({ key, value, where }) => {
    const written = JSON.stringify(value);
    const name = KEYS.find(known => known.toLowerCase() === key.toLowerCase());
    if (name === undefined) {
      return [`${where}: iisnode does not know ${JSON.stringify(key)}, and ignores it`];
    }
    const isNumber = typeof DEFAULTS[name as keyof IisnodeSettings] === 'number';
    if (!isNumber || /^\d+$/.test(value)) return [];
    return [`${where}: iisnode reads ${written} as ${number(value, where)}`];
  });
}

/**
 * Warns of an iisnode.yml that is missing. The file is optional, so there is no warning if the
 * usual file is missing and the folder above has none, either.
 */
function missingFileWarning(settings: IisnodeSettings, script: string, file: string): string[] {
  const missing = `there is no file ${file}: iisnode runs on its defaults`;
  const above = path.join(path.dirname(script), '..', 'iisnode.yml');
  if (existsSync(above)) {
    const cure = 'configOverrides="..\\iisnode.yml" in web.config would read it';
    return [`${missing}; ${above} is not read: ${cure}`];
  }
  return settings.configOverrides === DEFAULTS.configOverrides ? [] : [missing];
}

/**
 * Makes the path of iisnode.yml, which counts from the script's folder. For dist/server.js, iisnode
 * finds a file at the root only with configOverrides="..\iisnode.yml".
 */
function overridesFile({ configOverrides }: IisnodeSettings, script: string): string {
  return path.join(path.dirname(script), configOverrides.replaceAll('\\', '/'));
}

/**
 * Reads a line: spaces, a key, a colon, a value, a comment. Only spaces are white space, and quotes
 * are part of the value.
 * @returns the key and the value; null for an empty line, and for a key without a value
 */
function parseLine(line: string, where: string): [key: string, value: string] | null {
  const colon = line.indexOf(':');
  const comment = line.indexOf('#');
  const text = comment < 0 ? line : line.slice(0, comment);
  if (/^ *$/.test(text)) return null;
  // iisnode looks for the colon in the whole line, so a colon inside a comment counts, too.
  const [, key] = /^ *([^ :][^ :]*) *$/.exec(line.slice(0, Math.max(colon, 0))) ?? [];
  if (colon < 0 || key === undefined) throw new OverridesError(`${where}: not a "key: value"`);
  const value = text.slice(colon + 1).replace(/^ +| +$/g, '');
  return value === '' ? null : [key, value];
}

function override(settings: IisnodeSettings, { key, value, where }: Override): void {
  const names = Object.keys(DEFAULTS) as (keyof IisnodeSettings)[];
  const name = names.find(known => known.toLowerCase() === key.toLowerCase());
  // iisnode ignores an unknown key, and does not read the file's own name from the file.
  if (name === undefined || name === 'configOverrides') return;
  if (typeof DEFAULTS[name] === 'boolean') {
    // Since iisnode 0.2.24 (GetBOOL), a number other than 0 and 1 is an error, also for
    // nodeProcessStickySessions.
    if (!/^(true|1|yes|false|0|no)$/i.test(value)) {
      throw new OverridesError(`${where}: ${name} is neither true nor false`);
    }
    assign(settings, name, /^(true|1|yes)$/i.test(value));
  } else {
    const text = EXPANDED_IN_YML.has(name) ? expand(value) : value;
    assign(settings, name, typeof DEFAULTS[name] === 'number' ? number(value, where) : text);
  }
}

/** Reads a number as C's atol does, into 32 bits without a sign: a text is 0, -1 is 4294967295. */
function number(value: string, where: string): number {
  const whole = Number(/^\s*[+-]?\d+/.exec(value)?.[0] ?? 0);
  if (whole > 0x7fffffff || whole < -0x80000000) {
    throw new OverridesError(`${where}: ${value} is out of range`);
  }
  return whole >>> 0;
}

function isSetting(name: string): name is keyof IisnodeSettings {
  return Object.hasOwn(DEFAULTS, name);
}

function assign(
  settings: IisnodeSettings, name: keyof IisnodeSettings, value: string | number | boolean,
): void {
  (settings as Record<string, unknown>)[name] = value;
}
