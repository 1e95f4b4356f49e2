/* Reads XML: as much of it as IIS's configuration files use. */
'use strict';

const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', apos: '\'' };

/**
 * Reads an XML text. Comments, declarations and text between elements are left out.
 * @param {string} text
 * @returns {Element} an element whose children are those of the text, usually one
 * @throws Error if an element is not closed, or closed twice
 *
 * @typedef {{ name: string, attributes: Record<string, string>, children: Element[] }} Element
 */
function parseXml(text) {
  const root = { name: '', attributes: {}, children: [] };
  const open = [root];
  // A comment, a section of text or a declaration; else a tag, whose attributes may have a > in
  // them.
  const token = new RegExp([
    '<!--[^]*?-->', '<!\\[CDATA\\[[^]*?\\]\\]>', '<[?!][^>]*>',
    '<(/?)([^\\s/>]+)((?:"[^"]*"|\'[^\']*\'|[^"\'>])*?)(/?)>',
  ].join('|'), 'g');
  for (let found = token.exec(text); found; found = token.exec(text)) {
    const [, end, name, attributes, empty] = found;
    if (name === undefined) continue;
    if (end) {
      const closed = open.pop();
      if (closed === root || closed.name !== name) throw new Error(`</${name}> closes nothing`);
      continue;
    }
    const element = { name, attributes: readAttributes(attributes), children: [] };
    open[open.length - 1].children.push(element);
    if (!empty) open.push(element);
  }
  if (open.length > 1) throw new Error(`<${open[open.length - 1].name}> is not closed`);
  return root;
}

/** @returns {Record<string, string>} */
function readAttributes(text) {
  const attributes = {};
  const one = /([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
  for (let found = one.exec(text); found; found = one.exec(text)) {
    attributes[found[1]] = decode(found[2] === undefined ? found[3] : found[2]);
  }
  return attributes;
}

function decode(text) {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (all, hex, number, name) => {
    if (hex) return String.fromCodePoint(parseInt(hex, 16));
    if (number) return String.fromCodePoint(Number(number));
    return ENTITIES[name] || all;
  });
}

/** Writes a text so that it can stand between the quotation marks of an attribute. */
function encode(text) {
  const names = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot' };
  return text.replace(/[&<>"]/g, one => `&${names[one]};`);
}

/**
 * @param {Element} element
 * @param {...string} names the names of a child, of its child, and so on
 * @returns {Element[]} all elements at the end of that way
 */
function elementsAt(element, ...names) {
  return names.reduce(
    (all, name) => [].concat(...all.map(one => one.children.filter(child => child.name === name))),
    [element],
  );
}

module.exports = { parseXml, encode, elementsAt };
