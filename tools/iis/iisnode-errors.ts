/* What iisnode answers with when it cannot carry a request out, and what it tells of itself. */
import { readFileSync } from 'node:fs';
import { STATUS_CODES } from 'node:http';
import path from 'node:path';
import { escapeHtml } from './errors';
import { IISNODE_VERSION, IisnodeError, stderrLog, UNABLE_TO_START } from './process';
import type { IisnodeSettings } from './settings';
import { numbers, Status } from './statuses';

export type Failure =
  /** A page with status 200, where iisnode gives one instead of an error. */
  | { kind: 'page'; html: string; cause: string; pid?: number }
  | { kind: 'error'; code: Status; cause: string; pid?: number };

/**
 * How an error is answered: with devErrorsEnabled as a page, if it is one iisnode has a text for, or the request has reached a process.
 * @param pid the process that has the request
 */
export function failure(error: IisnodeError, script: string, settings: IisnodeSettings, pid: number | undefined): Failure {
  const { message: cause, code, hresult } = error;
  const [status, substatus] = numbers(code);
  if (settings.devErrorsEnabled && hresult === UNABLE_TO_START) {
    return { kind: 'page', html: page('The iisnode module is unable to start the node.exe process', cause), cause };
  }
  if (settings.devErrorsEnabled && status >= 500 && pid !== undefined) {
    const facts = [
      `HRESULT: 0x${hresult.toString(16)}`, `HTTP status: ${status}`, `HTTP subStatus: ${substatus}`, `HTTP reason: ${STATUS_CODES[status]}`,
      '', stderrOf(script, settings, pid),
    ];
    return { kind: 'page', html: page('iisnode encountered an error when processing the request', facts.join('\n')), cause, pid };
  }
  return { kind: 'error', code, cause, pid };
}

export function page(title: string, text: string): string {
  return `<p>${escapeHtml(title)}.</p><pre>${escapeHtml(text)}</pre><p>This is how iisnode answers, with status 200.</p>`;
}

/** What debugHeaderEnabled adds to an answer, of what can be known here. */
export function debugHeader({ nodeProcessCommandLine }: IisnodeSettings, facts: Record<string, number>): string {
  const values = Object.entries(facts).map(([name, value]) => `&${name}=${value}`).join('');
  return `http://bit.ly/NsU2nd#iisnode_ver=${IISNODE_VERSION}&node=${nodeProcessCommandLine}${values}`;
}

/** The last 64 KB of what a process wrote to stderr. */
function stderrOf(script: string, settings: IisnodeSettings, pid: number): string {
  const folder = path.resolve(path.dirname(script), settings.logDirectory.replaceAll('\\', '/'));
  const file = settings.loggingEnabled ? stderrLog(folder, pid) : undefined;
  return file ? readFileSync(file, 'utf8').slice(-65536) : '';
}
