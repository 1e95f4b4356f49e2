/* Finds the causes of a 404: the server's own 404, or a 404 of IIS. */
import type { Answer } from '../browser';
import {
  appcmd, appSetting, Cure, cures, filtering, limit, locate, maxBody, verifyAgain,
} from '../cures';
import { findRefused, Found } from '../experiments';
import { subStatusOf } from '../iis-errors';
import { because, Cause, Scene } from '../result';

/** The text of the server's own 404 (src/pages.ts). */
export const NOT_FOUND = /^Not found\. The application is at (\/\S*)/;

/** Lists the causes of the server's own 404: the application runs, but has another path. */
export async function otherPath(answer: Answer, scene: Scene): Promise<Cause[]> {
  const { text, url } = answer;
  const { browser, base, folder } = scene;
  const [, path] = NOT_FOUND.exec(text)!;
  const there = new URL(path!, url);
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
  return because(`APP_PATH of the server is ${path}, and IIS sends it requests to ${own}`, ...all);
}

/** Lists the causes of a 404 of IIS: request filtering, or no rule. */
export async function refusedByIis(answer: Answer, { browser, base }: Scene): Promise<Cause[]> {
  const subStatus = subStatusOf(answer);
  const found = await findRefused(browser, answer, base);
  return causesOf(subStatus ? { ...found, refused: subStatus as Found['refused'] } : found);
}

/** Lists the causes for each sub-status of a 404. */
function causesOf({ refused: status, by }: Found): Cause[] {
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
    default: return [
      { why: 'no rule takes this URL, or no handler', cures: [cures.rulePages, cures.handler] },
      {
        why: 'request filtering refuses it',
        cures: [filtering('<fileExtensions allowUnlisted="true" />', '<fileExtensions')],
      },
      {
        why: 'the folder is no application of the site',
        cures: [appcmd('list app')],
      },
    ];
  }
}
