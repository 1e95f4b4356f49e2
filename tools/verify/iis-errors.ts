/* Reads the error pages of IIS. */
import { Answer, serverOf } from './browser';
import { appcmd, Cure, FOLDER, inWebServer, NAME, onServer } from './cures';
import type { Cause } from './result';

/**
 * Marks of IIS's own error pages: the detailed page, the page for other machines, the short text,
 * and the pages of http.sys, the driver in front of IIS.
 */
const PAGE = new RegExp([
  '<title>\\s*(IIS [\\d.]+|\\d{3} - |HTTP Error \\d{3})', 'HTTP Error \\d{3}',
  'Internet Information Services', '^(The (page|resource|service)|You do not)',
  '<h2>(Bad Request|Service Unavailable|Not Found|Length Required)',
].join('|'), 'i');

/** Says whether an error is from IIS or iisnode: it has a page of theirs, or no text at all. */
export function isOfIis({ text, status }: Answer): boolean {
  return status >= 400 && (text.trim() === '' || PAGE.test(text));
}

/** @returns the title of an error page of http.sys; null for another page */
export function httpSys(answer: Answer): string | null {
  if (!/HTTPAPI/i.test(serverOf(answer)) && !/<h2>/i.test(answer.text)) return null;
  return /<h2>\s*([^<]*?)\s*<\/h2>/i.exec(answer.text)?.[1] ?? null;
}

/** @returns the sub-status, such as '404.8'; null if the page does not show it to this client */
export function subStatusOf({ text, status }: Answer): string | null {
  const [, found] = /(?:HTTP Error|Detailed Error -)\s+(\d{3}\.\d+)/i.exec(text) ?? [];
  return found?.startsWith(String(status)) ? found : null;
}

/** @returns the version of IIS, from the Server header; IIS 8 and later versions count as 10 */
export function versionOf(answer: Answer): '7.5' | '10' {
  const [, major] = /Microsoft-IIS\/(\d+)/i.exec(serverOf(answer)) ?? [];
  return major === undefined || Number(major) < 8 ? '7.5' : '10';
}

/** Reads the cause and the cure from the error page of a refused web.config. */
export function configError(answer: Answer): Cause {
  const text = plain(answer.text);
  const [, message = ''] =
    /Config Error\s+(.*?)\s+(?:Error Code|Config File|Requested URL)/.exec(text) ?? [];
  const [, code = ''] = /\b(0x[0-9a-f]{8})\b/i.exec(text) ?? [];
  const [, line] = /\bLine (\d+)/.exec(text) ?? [];
  // IIS shows the lines around the error, each with its number.
  const [, element = ''] = /\bElement\s+(\S+)/.exec(text)
    ?? new RegExp(`\\b${line}:\\s*<(\\w+)`).exec(text) ?? [];
  const [, file = 'web.config'] =
    /Config File\s+\\*\??\\*(\S.*?)\s+(?:Line|Requested URL|Config Source)/.exec(text) ?? [];
  const at = line === undefined ? file : `${file}, line ${line}`;
  const why = message === ''
    ? 'IIS does not take web.config (500.19)'
    : `IIS does not take ${at}: ${message}`;
  return { why, cures: [cureOf(code, element, message, line)] };
}

function cureOf(code: string, element: string, message: string, line?: string): Cure {
  const found = unlock(code, element) ?? withoutDuplicate(message) ?? notInstalled(message);
  if (found) return found;
  if (/0x80070005|0x80070003/i.test(code)) {
    return onServer(`icacls ${FOLDER} /grant "IIS AppPool\\${NAME}:(OI)(CI)RX"`);
  }
  if (/0x800700c1/i.test(code)) return appcmd(`set apppool ${NAME} /enable32BitAppOnWin64:false`);
  if (/0x8007007e/i.test(code)) return onServer('install URL Rewrite 2 and iisnode, x64, again');
  const where = line === undefined ? 'web.config' : `web.config line ${line}`;
  return { at: where, line: `correct this line: ${message || 'npm run preview names it'}` };
}

/**
 * Makes the cure for a section that a level above has locked.
 * @param element the section's path, or its name
 */
export function unlock(code: string, element: string): Cure | null {
  if (!/0x80070021/i.test(code)) return null;
  const [section = `system.webServer/${element || 'handlers'}`] =
    /system\.webServer\/(rewrite\/\w+|security\/\w+|\w+)/.exec(element) ?? [];
  return appcmd(`unlock config -section:${section}`);
}

/** Makes the cure for an entry that a parent has already: a <remove> before the entry. */
export function withoutDuplicate(message: string): Cure | null {
  const [, type, name, value] =
    /duplicate collection entry of type '(\w+)' .*?key attribute '?(\w+)'?,? .*?'([^']*)'/
      .exec(message) ?? [];
  if (name === undefined) return null;
  const line = `<remove ${name}="${value}" />`;
  return { at: 'web.config', inside: `before <${type} ${name}="${value}" …>`, line, find: line };
}

/** Makes the cure for a section that IIS does not know, because its module is not installed. */
function notInstalled(message: string): Cure | null {
  const [, section] = /section '?(?:system\.webServer\/)?(\w+)/.exec(message) ?? [];
  const rewrite = onServer('install URL Rewrite 2, x64: iis.net/downloads/microsoft/url-rewrite');
  switch (section) {
    case 'webSocket': return inWebServer('<!-- <webSocket enabled="false" /> -->', '<webSocket');
    case 'rewrite': return rewrite;
    case 'iisnode': return onServer('install iisnode, x64: github.com/Azure/iisnode/releases');
    default: return null;
  }
}

const CHARACTERS: Record<string, string> =
  { '&quot;': '"', '&lt;': '<', '&gt;': '>', '&amp;': '&', '&apos;': '\'', '&nbsp;': ' ' };

/** @returns the text of an HTML page, without its elements */
export function plain(page: string): string {
  return page.replace(/<[^>]*>/g, ' ')
    .replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))
    .replace(/&\w+;/g, name => CHARACTERS[name] ?? name)
    .replace(/\s+/g, ' ').trim();
}
