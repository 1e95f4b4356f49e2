/* What a check gives, and what is wrong in general with an answer that should have been a good one. */
import { Answer, isHtml } from './http';
import { Place, places } from './settings';

/** Something wrong: what was seen, its likely cause, and where to look. A check may throw it. */
export class Fault extends Error {
  constructor(readonly saw: string, override readonly cause: string, readonly places: Place[] = []) {
    super(saw);
  }

  /** The same, seen at another place or time. */
  as(saw: string): Fault {
    return new Fault(saw, this.cause, this.places);
  }
}

export interface Outcome {
  /** In a few words, for the table. */
  saw: string;
  faults?: Fault[];
  skipped?: boolean;
}

export interface Result {
  name: string;
  state: 'passed' | 'failed' | 'skipped';
  saw: string;
  faults: Fault[];
}

/**
 * @param what the request, for people: 'the handshake'
 * @throws Fault if the answer does not have the status 200
 */
export function expectOk(what: string, answer: Answer): void {
  if (answer.status !== 200) throw unexpected(what, answer);
}

/** The likely cause of an answer that is not what it should be. */
export function unexpected(what: string, answer: Answer): Fault {
  const saw = `${what}: status ${answer.status}${answer.status === 200 && isHtml(answer) ? ', an HTML page' : ''}`;
  const [cause, ...where] = causeOf(answer);
  return new Fault(saw, cause, where);
}

function causeOf({ status, text }: Answer): [cause: string, ...places: Place[]] {
  if (status === 200) return ['iisnode\'s own errors are answered with status 200', places.devErrors, places.devErrorsYml];
  if (status === 401) return ['IIS asks for a login: allow anonymous authentication for the application'];
  if (status === 403) return ['IIS looks for a file or a directory: URL Rewrite is not installed, or no rule takes this URL', places.rulePages];
  if (status === 404) return ['no rule takes this URL, or APP_PATH is not the path of the application', places.ruleSocket, places.rulePages];
  if (status === 405) return ['the handler does not take this method', places.handler];
  if (status === 502 || status === 504) return ['a proxy in front of IIS gets no answer in time from it'];
  if (status === 503) {
    const cause = 'more requests at once than iisnode takes, or the application pool is stopped';
    return [cause, places.concurrent, places.pendingPipes, places.configOverrides];
  }
  if (/500\.19/.test(text)) return [`IIS does not accept web.config${configError(text)}`];
  if (status === 500) {
    const cause = 'the process ended or cut the connection (its log says why), or IIS does not accept web.config (opened on the server itself, '
      + 'the page says why)';
    return [cause, places.logs, places.handler];
  }
  return ['the server\'s log may say why', places.logs];
}

/** What IIS's page says of a web.config that it does not take. It says so to a browser on the server itself. */
function configError(page: string): string {
  const characters: Record<string, string> = { '&quot;': '"', '&lt;': '<', '&gt;': '>', '&amp;': '&' };
  const text = page.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ')
    .replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code))).replace(/&\w+;/g, name => characters[name] ?? name);
  const [, error] = /Config Error (.*?) (?:Error Code|Config File|Requested URL)/.exec(text) ?? [];
  if (!error) return '';
  const [, line] = /\bLine (\d+)/.exec(text) ?? [];
  const hint = /locked/i.test(error) ? '. The README says how to unlock a section (appcmd unlock)' : '';
  return `${line ? `, line ${line}` : ''}: ${error}${hint}`;
}

/** An unknown session: the request came to a process that did not make it. */
export function unknownSession(what: string): Fault {
  const cause = 'several processes share the clients, or the process was replaced meanwhile';
  return new Fault(`${what}: the server does not know the session`, cause, [places.processes]);
}
