/* Finds the causes of a 404: the server's own 404, or a 404 of IIS. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { readSiteConfig } from '../../iis/config';
import { WebConfigError } from '../../iis/config-error';
import { appPathOf } from '../../iis/index';
import type { Answer } from '../browser';
import {
  appcmd, appSetting, Cure, cures, filtering, limit, locate, maxBody, verifyAgain,
} from '../cures';
import { findRefused, Found } from '../experiments';
import { subStatusOf, versionOf } from '../iis-errors';
import { notDeployed } from '../local';
import { because, Cause, Scene } from '../result';

/** The text of the server's own 404 (src/pages.ts). */
export const NOT_FOUND = /^Not found\. The application is at (\/\S*)/;

/** Lists the causes of the server's own 404: the application runs, but has another path. */
export async function otherPath(answer: Answer, scene: Scene): Promise<Cause[]> {
  const { text, url } = answer;
  const { browser, base, folder } = scene;
  const [, ownPath] = NOT_FOUND.exec(text)!;
  const there = new URL(ownPath!, url);
  if (there.pathname === base.pathname) {
    return because('the server has no such page', cures.rulePages);
  }
  const health = await browser.ask(new URL('health', there)).catch(() => null);
  const own = base.pathname.replace(/\/$/, '') || '/';
  if (health?.status === 200) {
    return because(`the application is at ${there.href}`, verifyAgain(there.href));
  }
  const setting = appSetting('APP_PATH', own);
  // If the local file does not have the setting, the setting comes from a parent. Without <clear />
  // the new line would be a duplicate of the parent's.
  const here = locate(folder, setting);
  const all = here.isThere ? [setting] : [cures.clearSettings, setting];
  const why = `APP_PATH of the server is ${ownPath}, and IIS sends it requests to ${own}`;
  return because(why, ...all);
}

/** Lists the causes of a 404 of IIS: request filtering, or no rule. */
export async function refusedByIis(answer: Answer, scene: Scene): Promise<Cause[]> {
  const { browser, base } = scene;
  const subStatus = subStatusOf(answer);
  const found = await findRefused(browser, answer, base);
  const refused = subStatus ? { ...found, refused: subStatus as Found['refused'] } : found;
  const causes = causesOf(refused);
  if (causes) return causes;
  return refused.by === base.pathname ? nothingHere(answer, scene) : noRule(scene);
}

/** Lists the causes of a 404 that neither the server nor IIS sends. */
export async function pageOfAnother(answer: Answer, scene: Scene): Promise<Cause[]> {
  return await elsewhere(answer, scene) ?? because(
    'another application answers at this address', appcmd('list app'), cures.rulePages,
  );
}

const EVERY_EXTENSION = filtering('<fileExtensions allowUnlisted="true" />', '<fileExtensions');

/** Lists the causes if IIS refuses every URL below the address. */
async function nothingHere(answer: Answer, scene: Scene): Promise<Cause[]> {
  const moved = await elsewhere(answer, scene);
  if (moved) return moved;
  const address = {
    why: 'the address is not that of an application (a misspelt path, perhaps)',
    cures: [appcmd('list app')],
  };
  const filtered =
    { why: 'request filtering refuses every file extension', cures: [EVERY_EXTENSION] };
  const { folder, entry } = scene;
  const rules = noRule(scene);
  const missing = notDeployed(entry, entry);
  if (locate(folder, EVERY_EXTENSION).isThere) return [filtered, address];
  const isHere = existsSync(path.join(folder, 'web.config'));
  if (isHere && !existsSync(path.join(folder, entry))) return [missing, ...rules, address];
  // Where the web.config that is here has another rule or handler, that is the likelier cause.
  const isRight = [cures.rulePages, cures.handler].every(one => locate(folder, one).isSo);
  if (isHere && !isRight) return [...rules, missing, address];
  // IIS adds the headers of web.config to its own errors, too. If the answer has them, the address
  // is that of the application.
  return hasOurHeaders(answer, scene)
    ? [missing, ...rules, filtered]
    : [address, missing, ...rules, filtered];
}

/** Says whether an answer has all headers that the web.config here adds. */
function hasOurHeaders(answer: Answer, { folder }: Scene): boolean {
  try {
    const { customHeaders } = readSiteConfig(folder, versionOf(answer));
    // This header is IIS's own. IIS adds it to the answers of all applications.
    const ours = Array.from(customHeaders).filter(([name]) => !/^X-Powered-By$/i.test(name));
    return ours.length > 0
      && ours.every(([name, value]) => answer.headers[name.toLowerCase()] === value);
  } catch (error) {
    if (!(error instanceof WebConfigError)) throw error;
    return false;
  }
}

/** Lists the causes if IIS refuses a URL, and passes others below the address. */
function noRule({ folder }: Scene): Cause[] {
  const rule = {
    why: 'no rule takes this URL, or no handler', cures: [cures.rulePages, cures.handler],
  };
  const { isThere } = locate(folder, EVERY_EXTENSION);
  return isThere
    ? [rule, { why: 'request filtering refuses it', cures: [EVERY_EXTENSION] }]
    : [rule];
}

/** Looks for the application at the path that the files here give it. */
async function elsewhere(answer: Answer, scene: Scene): Promise<Cause[] | null> {
  const { browser, base, folder } = scene;
  const appPath = appPathOf(folder, versionOf(answer)).replace(/\/$/, '');
  const there = new URL(`${appPath}/`, base);
  if (there.pathname === base.pathname) return null;
  const health = await browser.ask(new URL('health', there)).catch(() => null);
  if (health?.status !== 200 || !health.text.startsWith('{')) return null;
  return because(`the application is at ${there.href}`, verifyAgain(there.href));
}

/**
 * Lists the causes for each sub-status of a 404.
 * @returns null for a sub-status that is not one of request filtering
 */
function causesOf({ refused: status, by }: Found): Cause[] | null {
  const refuses = (what: string, ...all: Cure[]) =>
    because(`request filtering refuses ${what} (${status})`, ...all);
  switch (status) {
    case '404.5': return refuses(
      `"${by}" in a URL`,
      filtering('<denyUrlSequences><clear /></denyUrlSequences>', '<denyUrlSequences'),
    );
    case '404.6': return refuses(
      by, filtering('<verbs allowUnlisted="true"><clear /></verbs>', '<verbs'),
    );
    case '404.7': return refuses(
      `files that end in ${by}`,
      filtering(
        `<fileExtensions allowUnlisted="true"><remove fileExtension="${by}" /></fileExtensions>`,
        '<fileExtensions',
      ),
    );
    case '404.8': return refuses(
      `the segment "${by}" of a URL`,
      filtering(
        `<hiddenSegments><remove segment="${by}" /></hiddenSegments>`, `<add segment="${by}"`,
      ),
    );
    case '404.10': return refuses(
      `a header, ${by}, of that length`,
      filtering('<headerLimits><clear /></headerLimits>', '<headerLimits'),
    );
    case '404.11': return refuses(
      'a + or an escaped % in a path. Rename the file, or allow it',
      filtering('<requestFiltering allowDoubleEscaping="true">', '<requestFiltering'),
    );
    case '404.12': return refuses(
      'letters beyond ASCII in a path',
      filtering(
        '<requestFiltering allowHighBitCharacters="true">', '<requestFiltering',
      ),
    );
    case '404.13': return refuses(`a body of ${by}`, maxBody());
    case '404.14': return refuses(`a URL of ${by}`, limit('maxUrl', 4096));
    case '404.15': return refuses(`a query of ${by}`, limit('maxQueryString', 2048));
    case '404.18': return refuses(
      `something in the query ${by}`,
      filtering(
        '<denyQueryStringSequences><clear /></denyQueryStringSequences>',
        '<denyQueryStringSequences',
      ),
    );
    default: return null;
  }
}
