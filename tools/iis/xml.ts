/* XML as IIS reads it: elements and attributes with the lines they are on, which an error page names. */
import { DOMParser, Element } from '@xmldom/xmldom';

export interface XmlElement {
  name: string;
  /** In the order of the file. */
  attributes: Record<string, string>;
  children: XmlElement[];
  /** Where its start tag begins, from 1. */
  line: number;
  parent?: XmlElement;
  /** The file that it was read from, where that is another than the text's own: configSource. */
  file?: string;
  /** The URL of the folder that it counts from, where a folder above has handed it down. */
  base?: string;
}

/** The text is not well-formed XML. */
export class XmlError extends Error {
  constructor(readonly line: number, readonly reason: string) {
    super(`Configuration file is not well-formed XML (line ${line}: ${reason})`);
  }
}

/**
 * The root element of an XML text, with all that is in it but comments and text.
 * @throws XmlError for text that is not well-formed
 */
export function parseXml(text: string): XmlElement {
  const source = text.replace(/^\uFEFF/, '');
  const root = readRoot(source);
  refuseWhatTheParserTakes(source);
  return convert(root);
}

function readRoot(source: string): Element {
  // The parser wraps what is thrown here in errors of its own.
  let first: XmlError | undefined;
  const onError = (_level: string, message: string, context?: { locator?: { lineNumber?: number } }) => {
    first ??= new XmlError(context?.locator?.lineNumber || 1, message);
    throw first;
  };
  try {
    return new DOMParser({ onError }).parseFromString(source, 'text/xml').documentElement!;
  } catch (error) {
    throw first ?? error;
  }
}

/** The parser lets a bare ampersand, control characters and a ]]> without CDATA pass; XML does not. */
function refuseWhatTheParserTakes(source: string): void {
  // Blanked out, not cut out: the lines stay those of the text.
  const blank = (skipped: string) => skipped.replace(/[^\n]/g, ' ');
  const plain = source.replace(/<!--[^]*?-->|<!\[CDATA\[[^]*?\]\]>|<\?[^]*?\?>/g, blank);
  for (const { index, 0: found } of plain.matchAll(/&(?:#(?:\d+|x[\da-f]+);|[a-z_][\w.-]*;)?/gi)) {
    if (found === '&' || (found.startsWith('&#') && !isCharacter(Number(found.slice(2, -1).replace(/^x/i, '0x'))))) {
      throw new XmlError(lineOf(source, index!), found === '&' ? 'an & that begins no reference' : 'a character that XML has not');
    }
  }
  const end = plain.replace(/<(?:"[^"]*"|'[^']*'|[^>"'])*>/g, blank).indexOf(']]>');
  if (end >= 0) throw new XmlError(lineOf(source, end), 'a ]]> that ends no CDATA');
  const control = Array.from(source).findIndex(character => !isCharacter(character.codePointAt(0)!));
  if (control >= 0) throw new XmlError(lineOf(Array.from(source), control), 'a character that XML has not');
}

function isCharacter(code: number): boolean {
  return code >= 0x20 ? code <= 0x10ffff && (code & 0xfffe) !== 0xfffe && (code < 0xd800 || code > 0xdfff) : [9, 10, 13].includes(code);
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
