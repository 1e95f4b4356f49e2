/* 404: whose it is, and what of the request it is about. */
import type { Answer } from '../browser';
import {
  appcmd, appSetting, Cure, cures, filtering, limit, locate, maxBody, verifyAgain,
} from '../cures';
import { Found, whatIsRefused } from '../experiments';
import { subStatusOf } from '../iis-errors';
import { because, Cause, Scene } from '../result';

/** The server's own 404, of src/pages.ts. */
export const NOT_FOUND = /^Not found\. The application is at (\/\S*)/;

/** 404 in the words of src/pages.ts: the server is there, and lives at another path. */
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
  // One that is not in the file here is a parent's: to say it again would be a duplicate.
  const here = locate(folder, setting);
  const all = here.isThere ? [setting] : [cures.clearSettings, setting];
  return because(`the server believes that it lives at ${path}, and IIS hands it ${own}`, ...all);
}

/** 404 of IIS's own, from request filtering or for want of a rule. */
export async function refusedByIis(answer: Answer, { browser, base }: Scene): Promise<Cause[]> {
  const told = subStatusOf(answer);
  const found = await whatIsRefused(browser, answer, base);
  return refused(told ? { ...found, refused: told as Found['refused'] } : found);
}

/** What to change for each 404 of request filtering. */
function refused({ refused: status, by }: Found): Cause[] {
  const say = (what: string, ...all: Cure[]) =>
    because(`request filtering refuses ${what} (${status})`, ...all);
  switch (status) {
    case '404.5': return say(
      `"${by}" in a URL`,
      filtering('<denyUrlSequences><clear /></denyUrlSequences>', '<denyUrlSequences'),
    );
    case '404.6': return say(
      by, filtering('<verbs allowUnlisted="true"><clear /></verbs>', '<verbs'),
    );
    case '404.7': return say(
      `files that end in ${by}`,
      filtering(
        `<fileExtensions allowUnlisted="true"><remove fileExtension="${by}" /></fileExtensions>`,
        '<fileExtensions',
      ),
    );
    case '404.8': return say(
      `the segment "${by}" of a URL`,
      filtering(
        `<hiddenSegments><remove segment="${by}" /></hiddenSegments>`, `<add segment="${by}"`,
      ),
    );
    case '404.10': return say(
      `a header, ${by}, of that length`,
      filtering('<headerLimits><clear /></headerLimits>', '<headerLimits'),
    );
    case '404.11': return say(
      'a + or an escaped % in a path: rename the file, or',
      filtering('<requestFiltering allowDoubleEscaping="true">', '<requestFiltering'),
    );
    case '404.12': return say(
      'letters beyond ASCII in a path',
      filtering(
        '<requestFiltering allowHighBitCharacters="true">', '<requestFiltering',
      ),
    );
    case '404.13': return say(`a body of ${by}`, maxBody());
    case '404.14': return say(`a URL of ${by}`, limit('maxUrl', 4096));
    case '404.15': return say(`a query of ${by}`, limit('maxQueryString', 2048));
    case '404.18': return say(
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
