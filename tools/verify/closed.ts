/* Checks of what must stay shut: the files of the folder, the logs, the debugger. */
import { Answer, ask, isHtml } from './http';
import { Fault, Outcome } from './result';
import { Place, places } from './settings';
import { isHome, Target } from './target';

/** What must not be served: its path in the folder, and how an answer that is it is known. */
interface Shut {
  path: string;
  is: (answer: Answer) => boolean;
}

const file = (path: string, mark: RegExp): Shut => ({ path, is: answer => !isHtml(answer) && mark.test(answer.text) });

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

/** Nothing of the folder is served. */
export const files = (target: Target) => shut(target, [...FILES, file(target.entry, /\bexports\b|\brequire\(/)],
  'IIS serves files of the folder: a rule lets existing files pass, and there is a handler for them',
  [places.rulePages, places.handler, places.hiddenSegments]);

/** Nor are the logs. */
export const logs = (target: Target) => shut(target, LOGS,
  'IIS serves the logs: a rule lets them pass, and there is a handler for files',
  [places.rulePages, places.handler, places.hiddenSegments, places.logs]);

/** iisnode's debugger, which runs any code, does not answer. */
export const debuggerShut = (target: Target) => shut(target, ['/debug', '/debug/'].map(path => ({ path: target.entry + path, is: isDebugger })),
  'iisnode\'s debugger runs any code for anyone', [places.debugging, places.debuggingYml, places.configOverrides]);

/** Asks for each in the application, and at the root of the site: the folder may be that as well. */
async function shut(target: Target, what: Shut[], cause: string, where: Place[]): Promise<Outcome> {
  const roots = new Set([target.base.href, new URL('/', target.base).href]);
  const faults: Fault[] = [];
  // One after another: these are no load.
  for (const root of roots) {
    for (const { path, is } of what) {
      const url = new URL(path, root);
      const answer = await ask(url);
      if (!opened(target, answer, is, root === target.base.href)) continue;
      faults.push(new Fault(`${url.pathname}: status ${answer.status}, ${answer.headers['content-type'] ?? 'no type'}`, cause, where));
    }
  }
  return { saw: `${what.length * roots.size} addresses shut`, faults };
}

/**
 * Whether something is served: it is known, or it comes from inside the application, where nothing but a refusal, a
 * redirect to elsewhere, or the application's page should come from.
 */
function opened(target: Target, answer: Answer, is: Shut['is'], inside: boolean): boolean {
  if (isHome(target, answer)) return false;
  if (answer.status >= 300 && answer.status < 400) return /\/debug\b/.test(answer.headers.location ?? '');
  return answer.status < 300 ? inside || is(answer) : is(answer) && !isHtml(answer);
}
