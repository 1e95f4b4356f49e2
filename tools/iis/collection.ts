/* Reading elements of a web.config, and merging collections into what the server has. */
import type { XmlElement } from './xml';

/** The element at a path of names. */
export function find(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return name.split('/').reduce<XmlElement | undefined>((at, step) => children(at, step)[0], element);
}

/** The elements of a name, in order. */
export function children(element: XmlElement | undefined, name: string): XmlElement[] {
  return element?.children.filter(child => child.name === name) ?? [];
}

/**
 * A collection: what is there by default, without what <clear /> and <remove> take away, and with what is added.
 * @param key the attributes that tell the entries apart
 * @param inFront whether what is added comes before what is there; add: the collection's word for <add>
 */
export function collect(
  element: XmlElement | undefined, defaults: Map<string, XmlElement>, key: string | string[], { inFront = false, add = 'add' } = {},
): Map<string, XmlElement> {
  const keyOf = (one: XmlElement) => [key].flat().map(name => one.attributes[name] ?? '').join('.');
  let inherited = new Map(defaults);
  const added = new Map<string, XmlElement>();
  for (const child of element?.children ?? []) {
    const same = (map: Map<string, XmlElement>) => Array.from(map.keys()).find(one => one.toLowerCase() === keyOf(child).toLowerCase());
    if (child.name === 'clear') {
      inherited = new Map();
      added.clear();
    } else if (child.name === 'remove') {
      for (const map of [inherited, added]) map.delete(same(map) ?? '');
    } else if (child.name === add) {
      added.set(keyOf(child), child);
    }
  }
  return inFront ? new Map([...added, ...inherited]) : new Map([...inherited, ...added]);
}

/** A collection of entries with a key and a value each. */
export function values(
  element: XmlElement | undefined, defaults: Iterable<[string, string]>, key: string, value: string,
): Map<string, string> {
  const inherited = new Map(Array.from(defaults, ([name, text]) =>
    [name, { name: 'add', attributes: { [value]: text }, children: [], line: 0 }]));
  // <mimeMap> is staticContent's word for <add>.
  const add = element?.name === 'staticContent' ? 'mimeMap' : 'add';
  return new Map(Array.from(collect(element, inherited, key, { add }), ([name, one]) => [name, one.attributes[value] ?? '']));
}

/** Entries that are only a key. */
export function named(keys: string[]): Map<string, XmlElement> {
  return new Map(keys.map(key => [key, { name: 'add', attributes: {}, children: [], line: 0 }]));
}

/** A boolean attribute. */
export function is(element: XmlElement | undefined, attribute: string, otherwise: boolean): boolean {
  return (element?.attributes[attribute] ?? String(otherwise)).toLowerCase() === 'true';
}
