/* Checks that visitors cannot reach the files of the folder, the logs and the debugger. */
import { Answer, isHtml } from '../browser';
import { Cure, cures, filtering } from '../cures';
import { Fault, fault, Outcome } from '../result';
import { isHome, Target } from '../target';

/** A path that must not be served. */
interface Closed {
  /** The path in the application's folder. */
  path: string;
  /** Says whether an answer has the content of the path: the file, the logs or the debugger. */
  is: (answer: Answer) => boolean;
}

const file = (path: string, mark: RegExp): Closed =>
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

/** Says whether a page is node-inspector, the debugger, or says why the debugger cannot run. */
const isDebugger = (answer: Answer) => isHtml(answer) && /inspector|debugger/i.test(answer.text);

const hidden = filtering(
  '<hiddenSegments><add segment="node_modules" /><add segment="iisnode" /></hiddenSegments>',
  '<hiddenSegments',
);

/** Checks that no file of the folder is served. */
export const files = (target: Target) => checkClosed(
  target, [...FILES, file(target.entry, /\bexports\b|\brequire\(/)],
  'IIS serves files of the folder: a rule lets existing files pass, and a handler takes them',
  [cures.rulePages, cures.clearHandlers, hidden],
);

/** Checks that the logs are not served. */
export const logs = (target: Target) => checkClosed(
  target, LOGS, 'IIS serves the logs: a rule lets them pass, and a handler takes them',
  [cures.rulePages, cures.clearHandlers, hidden],
);

/** Checks that iisnode's debugger, which runs any code, does not answer. */
export const debuggerClosed = (target: Target) => checkClosed(
  target, ['/debug', '/debug/'].map(path => ({ path: target.entry + path, is: isDebugger })),
  'iisnode\'s debugger runs any code for anyone',
  [cures.debugging, cures.debuggingYml, cures.configOverrides],
);

/** The number of requests at a time. */
const AT_ONCE = 4;

/**
 * Requests each path below the application's address, and at the root of the site. The folder may
 * also be the folder of the root.
 */
async function checkClosed(
  target: Target, closed: Closed[], why: string, all: Cure[],
): Promise<Outcome> {
  const roots = Array.from(new Set([target.base.href, new URL('/', target.base).href]));
  const urls = roots.flatMap(root =>
    closed.map(({ path, is }) => ({ is, root, url: new URL(path, root) })));
  const faults: Fault[] = [];
  // If errors come with status 200, this text comes for every address. Such an answer is no file.
  const none = await target.browser.ask(new URL('no-such-page', target.base));
  for (let from = 0; from < urls.length; from += AT_ONCE) {
    await Promise.all(urls.slice(from, from + AT_ONCE).map(async ({ url, root, is }) => {
      const answer = await target.browser.ask(url);
      if (answer.text === none.text && answer.status === none.status) return;
      if (!isServed(target, answer, is, root === target.base.href)) return;
      const type = answer.headers['content-type'] ?? 'no type';
      faults.push(fault(`${url.pathname}: status ${answer.status}, ${type}`, why, ...all));
    }));
  }
  return { saw: `${urls.length} addresses shut`, faults };
}

/**
 * Says whether a path is served. Below the application's address, any text with status 200 counts.
 * The right answers there are a refusal, a redirect and the application's page.
 * @param inside whether the path is below the application's address
 */
function isServed(target: Target, answer: Answer, is: Closed['is'], inside: boolean): boolean {
  if (isHome(target, answer)) return false;
  const { status, headers } = answer;
  if (status >= 300 && status < 400) return /\/debug\b/.test(headers.location ?? '');
  // If errors come with status 200, an error of IIS has no text.
  if (status < 300) return (inside && answer.text !== '') || is(answer);
  return is(answer) && !isHtml(answer);
}
