/* The pages that IIS answers with when something is wrong. */
import type { ConfigProblem } from './check';
import { STATUSES } from './statuses';

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`);
}

/** Statuses of node's answers whose text IIS replaces, where the stand-in gives none of them. */
const ANSWERS_OF_NODE: Record<number, string> = { 502: 'Bad Gateway', 503: 'Service Unavailable' };

/** The page of an error, with the sub-status that IIS writes to its own log only. */
export function errorPage(status: number, substatus: number, detail = ''): string {
  const code = substatus ? `${status}.${substatus}` : String(status);
  const title = STATUSES.get(code) ?? STATUSES.get(String(status)) ?? ANSWERS_OF_NODE[status]
    ?? 'Internal Server Error';
  return html(`HTTP Error ${code} - ${title}`, detail);
}

/** The page of a web.config that IIS does not take: which file, which line, which element. */
export function configErrorPage(file: string, problem: ConfigProblem): string {
  return html('HTTP Error 500.19 - Internal Server Error', [
    `Config Error   ${problem.message}`, `Error Code     ${problem.code}`, `Config File    ${file}`, `Line           ${problem.line}`, `Element        ${problem.element}`,
  ].join('\n'));
}

function html(title: string, detail: string): string {
  return `<!DOCTYPE html>\n<title>${escapeHtml(title)}</title>\n<h1>${escapeHtml(title)}</h1>\n${detail && `<pre>${escapeHtml(detail)}</pre>\n`}<p>Answered in the place of IIS by its stand-in.</p>\n`;
}
