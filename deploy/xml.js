/* Reads XML, but only the parts of XML that IIS's configuration files use. */
'use strict';

const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', apos: '\'' };

/**
 * Reads an XML text. The result leaves out comments, declarations and the text between elements.
 * @param {string} text the XML text
 * @returns {Element} an element without a name; its children are the outermost elements of the text
 * @throws Error if an element is not closed, or is closed twice
 *
 * @typedef {{ name: string, attributes: Record<string, string>, children: Element[] }} Element
 */
function parseXml(text) {
  const root = { name: '', attributes: {}, children: [] };
  const open = [root];
  // A token is a comment, a section of text, a declaration or a tag. The attributes of a tag may
  // contain a >.
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

/** Reads the attributes of a tag. @returns {Record<string, string>} the values by their names */
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

/** Replaces the characters that may not stand between the quotation marks of an attribute. */
function encode(text) {
  const names = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot' };
  return text.replace(/[&<>"]/g, one => `&${names[one]};`);
}

/**
 * Finds elements by the names on the path to them.
 * @param {Element} element the element at the start of the path
 * @param {...string} names the name of a child, the name of that child's child, and so on
 * @returns {Element[]} all elements at the end of the path
 */
function elementsAt(element, ...names) {
  return names.reduce(
    (all, name) => [].concat(...all.map(one => one.children.filter(child => child.name === name))),
    [element],
  );
}

module.exports = { parseXml, encode, elementsAt };
