/*
 * Merges the levels of one section, as IIS does. If several levels set an attribute, the lowest of
 * them decides. A collection has the entries of all levels, without the entries that <clear /> and
 * <remove> take away. A level may not set an attribute or an element that a level above has locked.
 */
import type { AttributeSchema, CollectionSchema, ElementSchema } from './schema';
import type { XmlElement } from './xml';

export interface ConfigProblem {
  /** The file with the problem, if it is known. */
  file?: string;
  line: number;
  /** The path of the element, such as 'system.webServer/handlers/add'. */
  element: string;
  message: string;
  /** The HRESULT that IIS's error page names. */
  code: string;
}

/** The part of a section that one level has. */
export interface Part {
  element: XmlElement;
  /** The number of the level. A lock is for levels with a greater number. */
  level: number;
  /** Whether the level locks the whole section: overrideMode="Deny". */
  deny?: boolean;
  file?: string;
  /** The URL of the folder that has the part, if it is not the application's own folder. */
  base?: string;
}

/** The code for a section or an attribute that a level above has locked. */
export const LOCKED = '0x80070021';
export const DUPLICATE = '0x800700b7';

/** The attributes that IIS allows on every element. */
export const LOCKS = new Set([
  'lockAttributes', 'lockAllAttributesExcept', 'lockElements', 'lockAllElementsExcept', 'lockItem',
]);

/**
 * Merges the parts of a section, the outermost level first.
 * @param path the section's full name
 * @returns the merged section, without <clear /> and <remove>, and the problems in it
 */
export function mergeSection(
  path: string, schema: ElementSchema, parts: Part[],
): { element: XmlElement; problems: ConfigProblem[] } {
  const problems: ConfigProblem[] = [];
  const report: Report = (part, element, at, message, code) => {
    problems.push({ file: part.file, line: element.line, element: at, message, code });
  };
  const denied = parts.find((part, at) =>
    parts.slice(0, at).some(above => above.deny && above.level < part.level));
  if (denied) report(denied, denied.element, path, 'Section locked at a parent level', LOCKED);
  return { element: mergeElement(path, schema, parts, report), problems };
}

type Report = (part: Part, element: XmlElement, at: string, message: string, code: string) => void;

function mergeElement(
  path: string, schema: ElementSchema, parts: Part[], report: Report,
): XmlElement {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const merged: XmlElement = {
    name,
    attributes: {},
    children: [],
    line: parts[0]?.element.line ?? 0,
    // A merged section may be merged again. Its parts have no file then, and its elements have.
    file: parts[0]?.file ?? parts[0]?.element.file,
  };
  const locks = new Locks();
  for (const part of parts) {
    for (const [attribute, value] of Object.entries(part.element.attributes)) {
      if (LOCKS.has(attribute)) continue;
      if (locks.forbidsAttribute(attribute, part)) {
        report(part, part.element, path, `Lock violation: '${attribute}'`, LOCKED);
      }
      merged.attributes[attribute] = value;
    }
    merged.base = part.base;
    for (const child of part.element.children) {
      if (!locks.forbidsElement(child.name, part)) continue;
      report(part, child, `${path}/${child.name}`, `Lock violation: <${child.name}>`, LOCKED);
    }
    locks.add(part);
  }
  for (const [inner, innerSchema] of schema.elements) {
    const innerParts = parts.flatMap(part => part.element.children
      .filter(child => child.name === inner)
      .map(element => ({ ...part, element })));
    if (innerParts.length > 0) {
      merged.children.push(mergeElement(`${path}/${inner}`, innerSchema, innerParts, report));
    }
  }
  for (const collection of schema.collections) {
    merged.children.push(...mergeCollection(path, collection, parts, report));
  }
  return merged;
}

/** The locks in one element, from all levels so far. */
class Locks {
  readonly #attributes: { level: number; forbids: (name: string) => boolean }[] = [];
  readonly #elements: { level: number; forbids: (name: string) => boolean }[] = [];

  add({ element: { attributes }, level }: Part): void {
    const named = (list: string | undefined, all: boolean) => {
      if (list === undefined) return;
      const names = list.split(',').map(one => one.trim());
      const forbids = (name: string) => (names.includes('*') || names.includes(name)) !== all;
      return { level, forbids };
    };
    const whole = attributes.lockItem === 'true' ? { level, forbids: () => true } : undefined;
    const defined = <T>(...all: (T | undefined)[]) => all.flatMap(one => one ?? []);
    this.#attributes.push(...defined(
      named(attributes.lockAttributes, false),
      named(attributes.lockAllAttributesExcept, true),
      whole,
    ));
    this.#elements.push(...defined(
      named(attributes.lockElements, false),
      named(attributes.lockAllElementsExcept, true),
      whole,
    ));
  }

  forbidsAttribute(name: string, { level }: Part): boolean {
    return this.#attributes.some(lock => lock.level < level && lock.forbids(name));
  }

  forbidsElement(name: string, { level }: Part): boolean {
    return this.#elements.some(lock => lock.level < level && lock.forbids(name));
  }
}

interface Entry {
  key: string;
  level: number;
  locked: boolean;
  element: XmlElement;
}

function mergeCollection(
  path: string, collection: CollectionSchema, parts: Part[], report: Report,
): XmlElement[] {
  const attributes = keyAttributes(collection);
  const keys = new Set<string>();
  let entries: Entry[] = [];
  for (const part of parts) {
    let own: Entry[] = [];
    const remove = (child: XmlElement, isMeant: (entry: Entry) => boolean) => {
      const isLocked = (entry: Entry) => entry.locked && entry.level < part.level;
      if (entries.some(entry => isLocked(entry) && isMeant(entry))) {
        report(part, child, `${path}/${child.name}`, `Lock violation: <${child.name}>`, LOCKED);
      }
      entries = entries.filter(entry => !isMeant(entry));
      own = own.filter(entry => !isMeant(entry));
    };
    for (const child of part.element.children) {
      const at = `${path}/${child.name}`;
      const values = attributes.map(one => child.attributes[one.name] ?? one.default ?? '');
      const key = keyOf(attributes, values);
      if (child.name === collection.clear) {
        remove(child, () => true);
        keys.clear();
      } else if (child.name === collection.remove) {
        if (keys.delete(key)) remove(child, entry => entry.key === key);
      } else if (child.name === collection.add) {
        if (attributes.length > 0 && keys.has(key)) {
          report(part, child, at, duplicate(child.name, attributes, values), DUPLICATE);
        }
        keys.add(key);
        const element = mergeElement(at, collection.entry, [{ ...part, element: child }], report);
        own.push({
          key, level: part.level, locked: child.attributes.lockItem === 'true',
          element: { ...element, line: child.line, base: part.base ?? child.base },
        });
      }
    }
    entries = collection.prepend ? [...own, ...entries] : [...entries, ...own];
  }
  return entries.map(entry => entry.element);
}

function duplicate(name: string, attributes: AttributeSchema[], values: string[]): string {
  const of = attributes.map(attribute => attribute.name).join(', ');
  return `Cannot add duplicate collection entry of type '${name}' with unique key attribute `
    + `${of} '${values.join(', ')}'`;
}

export function keyAttributes(collection: CollectionSchema): AttributeSchema[] {
  return Array.from(collection.entry.attributes.values()).filter(attribute => attribute.key);
}

function keyOf(attributes: AttributeSchema[], values: string[]): string {
  return attributes
    .map(({ caseSensitive }, at) => caseSensitive ? values[at]! : values[at]!.toLowerCase())
    .join('\0');
}
