/*
 * Finds mistakes in the local web.config and iisnode.yml. IIS tells a visitor only "500". If the
 * local files are the same as the deployed files, the local files show the cause. The stand-in for
 * IIS (tools/iis) reads them.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ConfigError, readConfig } from '../../src/config';
import { lackingPromotion } from '../../src/iisnode';
import { checkWebConfig, ConfigProblem } from '../iis/check';
import { readSiteConfig, SiteConfig } from '../iis/config';
import { OverridesError, readSettings } from '../iis/settings';
import { Cure, cures, FOLDER, iisnode, inWebServer, noSetting, onServer, SERVER } from './cures';
import { unlock, withoutDuplicate } from './iis-errors';
import type { Cause } from './result';

/** The platform and release that node reports on Windows with IIS 7.5, and on a later Windows. */
const WINDOWS_OF_7_5 = 'win32 6.1.7601';
const LATER_WINDOWS = 'win32 10.0.14393';

/**
 * Finds mistakes for which IIS or iisnode would answer every request with an error.
 * @param folder the folder of web.config
 * @param entry the path of the handler's script, from that folder
 * @param iis the version of IIS in the Server header
 */
export function localCauses(folder: string, entry: string, iis: '7.5' | '10'): Cause[] {
  const file = path.join(folder, 'web.config');
  if (!existsSync(file)) return [];
  const text = readFileSync(file, 'utf8');
  const problems = checkWebConfig(text, iis);
  if (problems.length > 0) return problems.slice(0, 1).map(problem => ofProblem(problem));
  const config = readSiteConfig(folder, iis);
  return [ofRules(config), ofIisnode(folder, entry, config), ofSettings(folder, config, iis)]
    .filter((cause): cause is Cause => cause !== null);
}

function ofProblem(problem: ConfigProblem): Cause {
  const why = `IIS does not take the web.config that is here: line ${problem.line}, `
    + `<${problem.element}>: ${problem.message}`;
  const cure = unlock(problem.code, problem.element)
    ?? withoutDuplicate(problem.message)
    ?? correct('web.config', problem.line, problem.message);
  return { why, cures: [cure] };
}

function ofRules({ rewrite }: SiteConfig): Cause | null {
  if (!(rewrite instanceof Error)) return null;
  const { message } = rewrite;
  const why = `URL Rewrite does not take the rules of the web.config that is here: ${message}`;
  const wrong = message.replace(/^.*?, line \d+, /, '');
  return { why, cures: [correct('web.config', lineOf(message), wrong)] };
}

function ofIisnode(folder: string, entry: string, config: SiteConfig): Cause | null {
  const script = path.join(folder, entry);
  if (config.iisnodeProblem ?? config.appSettingsProblem) {
    const message = (config.iisnodeProblem ?? config.appSettingsProblem)!;
    const cure = withoutDuplicate(message) ?? correct('web.config', lineOf(message), message);
    return { why: `iisnode does not take the web.config that is here: ${message}`, cures: [cure] };
  }
  try {
    const { watchedFiles } = readSettings(config.iisnode, script);
    // iisnode opens the folder with the prefix \\?\, behind which Windows does not resolve "..".
    if (/\.\.[\\/]/.test(watchedFiles)) {
      const why = 'iisnode cannot watch a file whose path has ..\\ in it';
      return { why, cures: [cures.watchedFiles] };
    }
  } catch (error) {
    if (!(error instanceof OverridesError)) throw error;
    const line = lineOf(error.message);
    const message = error.message.replace(/^.*, line \d+: /, '');
    const why = `iisnode does not take the iisnode.yml that is here: line ${line}: ${message}`;
    return { why, cures: [correct('iisnode.yml', line, message)] };
  }
  return null;
}

/** Finds settings with which the server cannot start. */
function ofSettings(folder: string, config: SiteConfig, iis: '7.5' | '10'): Cause | null {
  const lacking = lackingPromotion(folder);
  if (lacking !== null) {
    const why = `the server does not start where promoteServerVars is "${lacking}"`;
    return { why, cures: [iisnode('promoteServerVars="AUTH_USER,HTTPS,REMOTE_ADDR"')] };
  }
  const env = Object.fromEntries(config.appSettings);
  try {
    readConfig(env, iis === '7.5' ? WINDOWS_OF_7_5 : LATER_WINDOWS);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const { message } = error;
    const name = message.split(':')[0]!;
    const why = `the server does not start with a setting of the web.config here: ${message}`;
    return { why, cures: [noSetting(name)] };
  }
  return null;
}

/**
 * Makes the cause that the handler's script is not in the application's folder on the server.
 * Without the script, IIS answers 404. Without the script's folder, iisnode has no folder to watch,
 * and answers 500.1000.
 * @param missing the script, or its folder, from the folder of web.config
 */
export function notDeployed(missing: string, entry: string): Cause {
  const scripts = path.posix.dirname(entry).replaceAll('/', '\\');
  return {
    why: `${missing} is missing in the application's folder on the server`,
    cures: [{
      at: SERVER,
      inside: 'in the unpacked package',
      line: `robocopy ${scripts} ${FOLDER}\\${scripts} /e`,
    }],
  };
}

/** Lists causes that the files only hint at: the named node or Redis may not be there. */
export function whatMayBeMissing(folder: string, entry: string, iis: '7.5' | '10'): Cause[] {
  if (!existsSync(path.join(folder, 'web.config'))) return [];
  const { iisnode: attributes, appSettings } = readSiteConfig(folder, iis);
  const found: Cause[] = [];
  const { nodeProcessCommandLine } = readSettings(attributes, path.join(folder, entry));
  const usual = /^"?(%programfiles%\\nodejs\\)?node(\.exe)?"?$/i;
  if (!usual.test(nodeProcessCommandLine)) {
    const why = `iisnode does not find the node that is named here: ${nodeProcessCommandLine}`;
    found.push({ why, cures: [cures.nodeCommand] });
  }
  const redis = appSettings.find(([key]) => key === 'REDIS_URL')?.[1];
  if (redis) {
    // The password of Redis is not printed.
    const url = redis.replace(/:[^:@/]*@/, ':…@');
    const why = 'the Redis of REDIS_URL does not answer: without it the server does not start';
    found.push({ why, cures: [onServer(`redis-cli -u ${url} ping`)] });
  }
  return found;
}

/** The lines that keep a parent's settings out, each with the fault that may come without it. */
const KEEPS_OUT: [inside: string, has: RegExp, cure: Cure, why: string][] = [
  [
    'appSettings', /<clear/,
    cures.clearSettings,
    'a key of a parent\'s <appSettings> is also one of this web.config (500.1000), or the server '
    + 'does not accept its value (500.1002)',
  ],
  [
    'rules', /<clear/,
    { at: 'web.config', inside: 'in <rules>, in front', line: '<clear />' },
    'a rule of a parent has the name of a rule here (500.52)',
  ],
  [
    'system.webServer', /<validation[^>]*Configuration="false"/, cures.validation,
    'a parent has modules or handlers of ASP.NET that a pool in integrated mode refuses (500.22)',
  ],
];

/** Lists the causes that come from a parent's settings, if the local web.config lets them in. */
export function letsParentsIn(folder: string): Cause[] {
  const file = path.join(folder, 'web.config');
  if (!existsSync(file)) return [];
  const text = readFileSync(file, 'utf8').replace(/<!--[^]*?-->/g, '');
  return KEEPS_OUT.filter(([name, has]) => {
    const [found = ''] = new RegExp(`<${name}[\\s>][^]*?</${name}>`).exec(text) ?? [];
    return !has.test(found);
  }).map(([, , cure, why]) => ({ why, cures: [cure] }));
}

function lineOf(message: string): number {
  return Number(/line (\d+)/.exec(message)?.[1] ?? 0);
}

/** Makes the cure for a mistake that no fixed line can correct: its place and the message. */
function correct(at: string, line: number, message: string): Cure {
  const webSocket = /^Unrecognized configuration section 'system\.webServer\/webSocket'/;
  if (webSocket.test(message)) {
    return inWebServer('<!-- <webSocket enabled="false" /> -->', '<webSocket');
  }
  return { at: `${at} line ${line}`, line: `correct this line: ${message}` };
}
