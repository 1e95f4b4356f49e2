/*
 * Finds mistakes in a web.config that IIS accepts: a handler or a rule that leads to no file, and a
 * setting with a misspelt name. IIS reports none of them, so a person would look for a long time.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { SETTINGS } from '../../src/config';
import { misspelt } from '../../src/misspelt';
import type { SiteConfig } from './config';
import { findFile, isDirectory, isFile } from './files';
import { mapHandler } from './handlers';
import type { Target } from './rewrite';

/**
 * Finds the mistakes of an application.
 * @param folder the application's folder
 * @param base the application's URL, with a slash at the end
 * @returns a line for each mistake
 */
export function findMistakes(config: SiteConfig, folder: string, base: string): string[] {
  const missing = scriptsOf(config).filter(script => !isFile(findFile(folder, script)));
  const ofHandlers = missing.map(script =>
    `there is no ${script} in ${folder}, which the handler runs${howToBuild(folder, script)}`);
  const ofRules = config.targets.flatMap(target => ofTarget(target, config, folder, base) ?? []);
  const names = config.appSettings.map(([name]) => name);
  const ofSettings = misspelt(names, SETTINGS, true).map(line => `<appSettings>: ${line}`);
  return [...ofHandlers, ...ofRules, ...ofSettings];
}

/** Lists the scripts that the handlers of iisnode name, without patterns such as *.js. */
export function scriptsOf({ handlers }: SiteConfig): string[] {
  return handlers.filter(({ modules, path: name }) => modules === 'iisnode' && !/[*?]/.test(name))
    .map(({ path: name }) => name);
}

/** @returns the mistake of a rule that leads to no file, or to no handler; null if all is well */
function ofTarget(
  { rule, place, url }: Target, config: SiteConfig, folder: string, base: string,
): string | null {
  const whole = url.startsWith('/') ? url : base + url;
  // Another application of the site may have this URL.
  if (!whole.toLowerCase().startsWith(base.toLowerCase())) return null;
  const relative = whole.slice(base.length);
  const mapping = mapHandler(config.handlers, relative, 'GET', folder);
  const says = (why: string) => `${place}: rule "${rule}" leads to ${url}, and ${why}`;
  if (mapping === '404.4') {
    const file = findFile(folder, relative);
    const isThere = isFile(file) || isDirectory(file);
    return says(`no handler takes ${isThere ? 'it' : 'it: there is no such file'} (404.4)`);
  }
  if (typeof mapping === 'string') return null;
  const { handler, file } = mapping;
  const needsFile = handler.modules === 'iisnode' || /StaticFileModule/.test(handler.modules);
  if (!needsFile || isFile(file) || isDirectory(file)) return null;
  // The line about the handler says the same.
  if (scriptsOf(config).some(script => findFile(folder, script) === file)) return null;
  return says('there is no such file (404)');
}

/** @returns the end of the line about a script that the project's build makes; '' for another */
function howToBuild(folder: string, script: string): string {
  // If the folder is there, the build has run. Then the name is wrong, or someone deleted the file.
  if (existsSync(path.dirname(path.join(folder, script)))) return '';
  try {
    const text = readFileSync(path.join(folder, 'package.json'), 'utf8');
    const { scripts } = JSON.parse(text) as { scripts?: Record<string, string> };
    return scripts?.build ? ': npm run build makes it' : '';
  } catch {
    return '';
  }
}
