/*
 * Compiles URL Rewrite's strings with references in braces: {R:1}, {C:1}, {HTTP_HOST},
 * {ToLower:{R:1}}, {Map:{R:1}}.
 */
import { decode } from './url';

/** The values for the references in a string, while a rule is carried out. */
export interface References {
  /** The captures of the rule's pattern; [0] is the whole match. */
  rule: string[];
  /** The captures of the conditions. */
  condition: string[];
  /** @returns the value of a server variable; '' if there is no variable of that name */
  variable: (name: string) => string;
}

export type Template = (references: References) => string;
export type RewriteMap = (key: string) => string;

const functions = new Map<string, (text: string) => string>([
  ['tolower', text => text.toLowerCase()],
  ['urlencode', encodeURIComponent],
  ['urldecode', decode],
  ['htmlencode', text => text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)],
]);

/**
 * Compiles a string that may hold references.
 * @param maps the rewrite maps, by their names in lower case
 * @throws Error for a brace that is not closed, and for a function or map that does not exist
 */
export function compile(text: string, maps: Map<string, RewriteMap>): Template {
  const parts: Template[] = [];
  let at = 0;
  while (at < text.length) {
    const open = text.indexOf('{', at);
    if (open < 0) break;
    const close = closing(text, open);
    const literal = text.slice(at, open);
    parts.push(() => literal, reference(text.slice(open + 1, close), maps));
    at = close + 1;
  }
  // A closing brace that closes nothing stands for itself.
  const rest = text.slice(at);
  return references => parts.map(part => part(references)).join('') + rest;
}

function closing(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === '{') depth++;
    if (text[at] === '}' && --depth === 0) return at;
  }
  throw new Error(`"${text}" has a brace that is not closed`);
}

function reference(inner: string, maps: Map<string, RewriteMap>): Template {
  const colon = inner.indexOf(':');
  if (colon < 0) {
    if (inner === '') throw new Error('{} refers to nothing');
    return references => references.variable(inner.toUpperCase());
  }
  const name = inner.slice(0, colon).toLowerCase();
  const argument = inner.slice(colon + 1);
  if (name === 'r' || name === 'c') {
    if (!/^\d{1,2}$/.test(argument)) throw new Error(`{${inner}} is not a back-reference`);
    const index = Number(argument);
    return references => (name === 'r' ? references.rule : references.condition)[index] ?? '';
  }
  const apply = functions.get(name) ?? maps.get(name);
  if (!apply) {
    const written = inner.slice(0, colon);
    throw new Error(`{${inner}}: there is no function or rewrite map "${written}"`);
  }
  const template = compile(argument, maps);
  return references => apply(template(references));
}
