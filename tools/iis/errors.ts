/* The pages that IIS answers with when something is wrong. */
import type { ConfigProblem } from './check';

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`);
}

const NOT_INTEGRATED =
  'An ASP.NET setting has been detected that does not apply in Integrated managed pipeline mode';

const TITLES: Record<string, string> = {
  400: 'Bad Request',
  403.14: 'The Web server is configured to not list the contents of this directory',
  404: 'Not Found',
  404.3: 'The file has an extension that is not in the MIME map',
  404.4: 'No handler is configured for this URL',
  404.5: 'Request filtering: URL sequence denied',
  404.6: 'Request filtering: verb denied',
  404.7: 'Request filtering: file extension denied',
  404.8: 'Request filtering: hidden segment',
  '404.10': 'Request filtering: request header too long',
  404.11: 'Request filtering: double escape sequence',
  404.12: 'Request filtering: high-bit characters',
  404.13: 'Request filtering: content length too large',
  404.14: 'Request filtering: URL too long',
  404.15: 'Request filtering: query string too long',
  404.18: 'Request filtering: query string sequence denied',
  405: 'Method Not Allowed',
  411: 'Length Required',
  500.22: NOT_INTEGRATED,
  500.23: NOT_INTEGRATED,
  500.24: NOT_INTEGRATED,
  '500.50': 'URL Rewrite Module Error',
  500.52: 'URL Rewrite Module Error',
  500.53: 'URL Rewrite Module Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  503.2: 'Concurrent request limit exceeded',
};

/** The page of an error, with the sub-status that IIS writes to its own log only. */
export function errorPage(status: number, substatus: number, detail = ''): string {
  const code = substatus ? `${status}.${substatus}` : String(status);
  const title = TITLES[code] ?? TITLES[status] ?? 'Internal Server Error';
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
