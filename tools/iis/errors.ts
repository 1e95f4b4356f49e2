/* Makes the error pages of IIS. */
import type { ConfigProblem } from './check';
import { STATUSES } from './statuses';

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`);
}

/**
 * The titles for statuses that only an application answers with. IIS also replaces such an answer
 * by a page of its own.
 */
const ANSWERS_OF_NODE: Record<number, string> = { 502: 'Bad Gateway', 503: 'Service Unavailable' };

/**
 * Makes the page of an error.
 * @param substatus the sub-status; 0 in a page for a visitor, because IIS shows the sub-status only
 *   to a browser on the server itself
 * @param detail the text below the title
 */
export function errorPage(status: number, substatus: number, detail = ''): string {
  const code = substatus ? `${status}.${substatus}` : String(status);
  const title = STATUSES.get(code) ?? STATUSES.get(String(status)) ?? ANSWERS_OF_NODE[status]
    ?? 'Internal Server Error';
  return html(`HTTP Error ${code} - ${title}`, detail);
}

/** Makes the page that IIS shows if it refuses a web.config. */
export function configErrorPage(file: string, problem: ConfigProblem): string {
  const detail = [
    `Config Error   ${problem.message}`,
    `Error Code     ${problem.code}`,
    `Config File    ${file}`,
    `Line           ${problem.line}`,
    `Element        ${problem.element}`,
  ];
  return html('HTTP Error 500.19 - Internal Server Error', detail.join('\n'));
}

function html(title: string, detail: string): string {
  const lines = [
    '<!DOCTYPE html>',
    `<title>${escapeHtml(title)}</title>`,
    `<h1>${escapeHtml(title)}</h1>`,
    ...(detail === '' ? [] : [`<pre>${escapeHtml(detail)}</pre>`]),
    '<p>Answered in the place of IIS by its stand-in.</p>',
  ];
  return `${lines.join('\n')}\n`;
}
