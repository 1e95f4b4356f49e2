/* What must stay shut: the files of the folder, the logs, the debugger. */
import { Answer, isHtml } from '../browser';
import { Cure, cures, filtering } from '../cures';
import { Fault, fault, Outcome } from '../result';
import { isHome, Target } from '../target';

/** What must not be served: its path in the folder, and how an answer that is it is known. */
interface Shut {
  path: string;
  is: (answer: Answer) => boolean;
}

const file = (path: string, mark: RegExp): Shut =>
  ({ path, is: answer => !isHtml(answer) && mark.test(answer.text) });

const FILES = [
  file('package.json', /"dependencies"|"scripts"/),
  file('package-lock.json', /"lockfileVersion"/),
  file('web.config', /<configuration/),
  file('iisnode.yml', /^\s*(node_env|watchedFiles|loggingEnabled)\s*:/m),
  file('tsconfig.json', /"compilerOptions"/),
  file('README.md', /^#\s/m),
  file('src/server.ts', /\bimport\b[^]*\bfrom\b/),
  file('src/app.ts', /\bexport function\b/),
  file('dist/app.js', /\bexports\b/),
  file('node_modules/express/package.json', /"name"\s*:\s*"express"/),
  file('node_modules/socket.io/lib/manager.js', /\bexports\b/),
  file('.git/config', /^\[core\]/m),
];

// iisnode lists its log files in index.html, '<computer>-<process>-stdout-<time>.txt'.
const LOGS = ['iisnode/', 'iisnode/index.html', 'dist/iisnode/', 'dist/iisnode/index.html']
  .map(path => ({ path, is: (answer: Answer) => /-(stdout|stderr)-\d/.test(answer.text) }));

/** The debugger is node-inspector, or a page that says what it lacks. */
const isDebugger = (answer: Answer) => isHtml(answer) && /inspector|debugger/i.test(answer.text);

const hidden = filtering(
  '<hiddenSegments><add segment="node_modules" /><add segment="iisnode" /></hiddenSegments>',
  '<hiddenSegments',
);

/** Nothing of the folder is served. */
export const files = (target: Target) => shut(
  target, [...FILES, file(target.entry, /\bexports\b|\brequire\(/)],
  'IIS serves files of the folder: a rule lets existing files pass, and a handler takes them',
  [cures.rulePages, cures.clearHandlers, hidden],
);

/** Nor are the logs. */
export const logs = (target: Target) => shut(
  target, LOGS, 'IIS serves the logs: a rule lets them pass, and a handler takes them',
  [cures.rulePages, cures.clearHandlers, hidden],
);

/** iisnode's debugger, which runs any code, does not answer. */
export const debuggerShut = (target: Target) => shut(
  target, ['/debug', '/debug/'].map(path => ({ path: target.entry + path, is: isDebugger })),
  'iisnode\'s debugger runs any code for anyone',
  [cures.debugging, cures.debuggingYml, cures.configOverrides],
);

/** How many are asked for at once. */
const AT_ONCE = 4;

/** Asks for each in the application, and at the root of the site: the folder may be that, too. */
async function shut(target: Target, what: Shut[], why: string, all: Cure[]): Promise<Outcome> {
  const roots = Array.from(new Set([target.base.href, new URL('/', target.base).href]));
  const urls = roots.flatMap(root =>
    what.map(({ path, is }) => ({ is, root, url: new URL(path, root) })));
  const faults: Fault[] = [];
  // Where errors come with status 200, a text that comes for any address is nobody's file.
  const none = await target.browser.ask(new URL('no-such-page', target.base));
  for (let from = 0; from < urls.length; from += AT_ONCE) {
    await Promise.all(urls.slice(from, from + AT_ONCE).map(async ({ url, root, is }) => {
      const answer = await target.browser.ask(url);
      if (answer.text === none.text && answer.status === none.status) return;
      if (!opened(target, answer, is, root === target.base.href)) return;
      const type = answer.headers['content-type'] ?? 'no type';
      faults.push(fault(`${url.pathname}: status ${answer.status}, ${type}`, why, ...all));
    }));
  }
  return { saw: `${urls.length} addresses shut`, faults };
}

/**
 * Whether something is served: it is known, or it comes from inside the application, where nothing
 * but a refusal, a redirect to elsewhere, or the application's page should come from.
 */
function opened(target: Target, answer: Answer, is: Shut['is'], inside: boolean): boolean {
  if (isHome(target, answer)) return false;
  const { status, headers } = answer;
  if (status >= 300 && status < 400) return /\/debug\b/.test(headers.location ?? '');
  // Where errors come with status 200, one of IIS's own has no text.
  if (status < 300) return (inside && answer.text !== '') || is(answer);
  return is(answer) && !isHtml(answer);
}
