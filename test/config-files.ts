/* What the tests read out of web.config and iisnode.yml. */
import { DOMParser, Element } from '@xmldom/xmldom';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './helper';

export const webConfigText = readFileSync(path.join(root, 'web.config'), 'utf8');

/** The elements of a name, in order. */
export function elements(name: string, xml = webConfigText): Element[] {
  const found = new DOMParser({ onError: (_level, message) => { throw new Error(message); } })
    .parseFromString(xml, 'text/xml').getElementsByTagName(name);
  return Array.from(found);
}

/** The response headers that IIS adds. */
export function customHeaders(): Record<string, string> {
  const add = elements('customHeaders').flatMap(section => Array.from(section.getElementsByTagName('add')));
  return Object.fromEntries(add.map(header => [header.getAttribute('name')!, header.getAttribute('value')!]));
}

/**
 * iisnode.yml as iisnode reads it: one `key: value` a line, a # begins a comment, the first colon ends the key.
 * @throws for a line that would take the application down
 */
export function iisnodeSettings(): Map<string, string> {
  const settings = new Map<string, string>();
  for (const line of readFileSync(path.join(root, 'iisnode.yml'), 'utf8').split('\n')) {
    const text = line.replace(/#.*/, '').trim();
    if (text === '') continue;
    const colon = text.indexOf(':');
    if (colon < 0) throw new Error(`no colon: ${line}`);
    settings.set(text.slice(0, colon).trim(), text.slice(colon + 1).trim());
  }
  return settings;
}
