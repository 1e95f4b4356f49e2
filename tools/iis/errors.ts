/* The error pages of IIS. */
import type { ConfigProblem } from './check';
import { STATUSES } from './statuses';

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`);
}

/**
 * Titles for statuses that only an application answers with. IIS puts a page of its own in the
 * place of such an answer, too.
 */
const ANSWERS_OF_NODE: Record<number, string> = { 502: 'Bad Gateway', 503: 'Service Unavailable' };

/**
 * The page of an error.
 * @param substatus is 0 in a page for a visitor: IIS shows it only to the server itself
 * @param detail is shown below the title
 */
export function errorPage(status: number, substatus: number, detail = ''): string {
  const code = substatus ? `${status}.${substatus}` : String(status);
  const title = STATUSES.get(code) ?? STATUSES.get(String(status)) ?? ANSWERS_OF_NODE[status]
    ?? 'Internal Server Error';
  return html(`HTTP Error ${code} - ${title}`, detail);
}

/** The page that IIS shows where it refuses a web.config. */
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
