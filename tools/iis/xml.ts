/* Reads XML as IIS does. Each element has its line, because IIS's error page names the line. */
import type { Element } from '@xmldom/xmldom';

export interface XmlElement {
  name: string;
  /** The attributes in the order of the file. */
  attributes: Record<string, string>;
  children: XmlElement[];
  /** The line in which the element's start tag begins; the first line is 1. */
  line: number;
  parent?: XmlElement;
  /**
   * The file that has the element, in a merged section. In a section of a file, it is the file that
   * configSource names, if the section was read from such a file.
   */
  file?: string;
  /** The URL of the folder whose web.config has the element, if this is a folder above. */
  base?: string;
}

/** The error of a text that is not well-formed XML. */
export class XmlError extends Error {
  constructor(readonly line: number, readonly reason: string) {
    super(`Configuration file is not well-formed XML (line ${line}: ${reason})`);
  }
}

/**
 * Reads an XML text.
 * @returns the root element with the elements inside of it; comments and text are left out
 * @throws XmlError for a text that is not well-formed
 */
export function parseXml(text: string): XmlElement {
  const source = text.replace(/^\uFEFF/, '');
  const root = readRoot(source);
  checkCharacters(source);
  return convert(root);
}

interface ParserContext {
  locator?: { lineNumber?: number };
}

function readRoot(source: string): Element {
  // The parser wraps an error of its listener in an error of its own. So the first error is kept.
  let first: XmlError | undefined;
  const onError = (_level: string, message: string, context?: ParserContext) => {
    first ??= new XmlError(context?.locator?.lineNumber || 1, message);
    throw first;
  };
  // The parser is loaded only with the first XML. Loading it takes half of the time of a command
  // that refuses its arguments.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { DOMParser } = require('@xmldom/xmldom') as typeof import('@xmldom/xmldom');
  try {
    return new DOMParser({ onError }).parseFromString(source, 'text/xml').documentElement!;
  } catch (error) {
    throw first ?? error;
  }
}

const NO_CHARACTER = 'a character that XML does not allow';

/**
 * Checks characters that the parser takes and XML forbids: a bare ampersand, control characters and
 * a ]]> without CDATA.
 */
function checkCharacters(source: string): void {
  // Skipped parts become blanks, so that the other lines keep their numbers.
  const blank = (skipped: string) => {
    return skipped.replace(/[^\n]+/g, line => ' '.repeat(line.length));
  };
  const plain = source.replace(/<!--[^]*?-->|<!\[CDATA\[[^]*?\]\]>|<\?[^]*?\?>/g, blank);
  for (const { index, 0: found } of plain.matchAll(/&(?:#(?:\d+|x[\da-f]+);|[a-z_][\w.-]*;)?/gi)) {
    if (found === '&') throw new XmlError(lineOf(source, index!), 'an & that begins no reference');
    if (!found.startsWith('&#')) continue;
    const code = Number(found.slice(2, -1).replace(/^x/i, '0x'));
    if (!isCharacter(code)) throw new XmlError(lineOf(source, index!), NO_CHARACTER);
  }
  const end = plain.replace(/<(?:"[^"]*"|'[^']*'|[^>"'])*>/g, blank).indexOf(']]>');
  if (end >= 0) throw new XmlError(lineOf(source, end), 'a ]]> that ends no CDATA');
  const characters = Array.from(source);
  const control = characters.findIndex(character => !isCharacter(character.codePointAt(0)!));
  if (control >= 0) throw new XmlError(lineOf(characters, control), NO_CHARACTER);
}

/**
 * Says whether a text may have a character. XML 1.0 forbids U+FFFE and U+FFFF, and only advises
 * against U+1FFFE, U+1FFFF and so on in the higher planes. This function refuses all of them.
 */
function isCharacter(code: number): boolean {
  if (code < 0x20) return [9, 10, 13].includes(code);
  const isSurrogate = code >= 0xd800 && code <= 0xdfff;
  const isNoncharacter = (code & 0xfffe) === 0xfffe;
  return code <= 0x10ffff && !isSurrogate && !isNoncharacter;
}

function lineOf(text: string | string[], index: number): number {
  return Array.from(text.slice(0, index)).filter(character => character === '\n').length + 1;
}

function convert(element: Element, parent?: XmlElement): XmlElement {
  const converted: XmlElement = {
    name: element.nodeName,
    attributes: Object.fromEntries(Array.from(element.attributes, one => [one.name, one.value])),
    children: [],
    line: element.lineNumber ?? 1,
    parent,
  };
  converted.children = Array.from(element.childNodes)
    .filter((node): node is Element => node.nodeType === node.ELEMENT_NODE)
    .map(child => convert(child, converted));
  return converted;
}
