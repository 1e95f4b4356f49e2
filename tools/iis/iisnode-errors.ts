/* Makes the errors with which iisnode answers, its pages, and its debug header. */
import { readFileSync } from 'node:fs';
import { STATUS_CODES } from 'node:http';
import path from 'node:path';
import { escapeHtml } from './errors';
import { IISNODE_VERSION, IisnodeError, stderrLog, UNABLE_TO_START } from './process';
import type { IisnodeSettings } from './settings';
import { numbers, Status } from './statuses';

export type Failure =
  /** A page with status 200, which iisnode sends instead of some errors. */
  | { kind: 'page'; html: string; cause: string; pid?: number }
  | { kind: 'error'; code: Status; cause: string; pid?: number };

/**
 * Makes iisnode's answer to an error. With devErrorsEnabled iisnode sends a page in two cases:
 * node.exe could not be started, or a process already had the request.
 * @param pid the process that has the request
 */
export function failure(
  error: IisnodeError, script: string, settings: IisnodeSettings, pid: number | undefined,
): Failure {
  const { message: cause, code, hresult } = error;
  const [status, substatus] = numbers(code);
  if (settings.devErrorsEnabled && hresult === UNABLE_TO_START) {
    const html = page('The iisnode module is unable to start the node.exe process', cause);
    return { kind: 'page', html, cause };
  }
  if (settings.devErrorsEnabled && status >= 500 && pid !== undefined) {
    const facts = [
      `HRESULT: 0x${hresult.toString(16)}`,
      `HTTP status: ${status}`,
      `HTTP subStatus: ${substatus}`,
      `HTTP reason: ${STATUS_CODES[status]}`,
      '',
      stderrOf(script, settings, pid),
    ];
    const title = 'iisnode encountered an error when processing the request';
    return { kind: 'page', html: page(title, facts.join('\n')), cause, pid };
  }
  return { kind: 'error', code, cause, pid };
}

/**
 * Makes a page of iisnode.
 * @param text the text below the title, line by line
 */
export function page(title: string, text: string): string {
  return `<p>${escapeHtml(title)}.</p><pre>${escapeHtml(text)}</pre>`
    + '<p>This is how iisnode answers, with status 200.</p>';
}

/**
 * Makes the header that debugHeaderEnabled adds to an answer.
 * @param facts the numbers for the header that the stand-in knows, by their names
 */
export function debugHeader(
  { nodeProcessCommandLine }: IisnodeSettings, facts: Record<string, number>,
): string {
  const values = Object.entries(facts).map(([name, value]) => `&${name}=${value}`).join('');
  const versions = `iisnode_ver=${IISNODE_VERSION}&node=${nodeProcessCommandLine}`;
  return `http://bit.ly/NsU2nd#${versions}${values}`;
}

/** Reads the last 64 KB of a process's stderr from its log. */
function stderrOf(script: string, settings: IisnodeSettings, pid: number): string {
  const folder = path.resolve(path.dirname(script), settings.logDirectory.replaceAll('\\', '/'));
  const file = settings.loggingEnabled ? stderrLog(folder, pid) : undefined;
  return file ? readFileSync(file, 'utf8').slice(-65536) : '';
}
