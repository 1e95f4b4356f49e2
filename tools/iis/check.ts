/* Whether IIS would take a web.config: it answers 500.19 to every request of the application for the first thing it does not know. */
import { AttributeSchema, CollectionSchema, ElementSchema, LOCKED_SECTIONS, NOT_IN_7_5, SECTIONS } from './schema';
import { LOCKED_ATTRIBUTES, serverEntries } from './server-defaults';
import { parseXml, XmlElement, XmlError } from './xml';

export interface ConfigProblem {
  line: number;
  /** Where, from the root down: 'system.webServer/handlers/add'. */
  element: string;
  message: string;
  /** The HRESULT that IIS's error page names. */
  code: string;
}

const INVALID = '0x8007000d';
/** The code of a section that is locked by the server's own configuration. */
export const LOCKED = '0x80070021';
const DUPLICATE = '0x800700b7';

// .NET's own, which IIS leaves to it.
const DOT_NET = new Set([
  'appSettings', 'configSections', 'connectionStrings', 'runtime', 'startup', 'system.codedom', 'system.data', 'system.diagnostics', 'system.net',
  'system.serviceModel', 'system.web', 'system.web.extensions', 'system.xml.serialization',
]);
// IIS takes these on any element.
const LOCKS = new Set(['lockAttributes', 'lockAllAttributesExcept', 'lockElements', 'lockAllElementsExcept', 'lockItem']);

// The entries that collections hold so far, by the path of the collection's element.
type Entries = Map<string, Set<string>>;

/** What an IIS of that version would refuse in a web.config, the first being what it reports; nothing if it takes the file. */
export function checkWebConfig(text: string, iis: '7.5' | '10'): ConfigProblem[] {
  let root: XmlElement;
  try {
    root = parseXml(text);
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    return [{ line: error.line, element: '', message: `Configuration file is not well-formed XML: ${error.reason}`, code: INVALID }];
  }
  const checker = new Checker(iis);
  checker.root(root);
  return checker.problems;
}

class Checker {
  readonly problems: ConfigProblem[] = [];

  constructor(private readonly iis: '7.5' | '10') {}

  root(root: XmlElement): void {
    if (root.name !== 'configuration') this.report(root, root.name, `Unrecognized element '${root.name}', not 'configuration'`);
    const entries: Entries = new Map();
    for (const [path, keys] of serverEntries(this.iis)) {
      const attributes = keyAttributes(collectionAt(path));
      entries.set(path, new Set(keys.map(values => keyOf(attributes, values))));
    }
    this.level(root, entries);
  }

  // A <location> is a folder below: it inherits what the file itself has in the end, wherever in the file it stands.
  private level(parent: XmlElement, entries: Entries): void {
    this.group(parent, '', entries);
    for (const location of parent.children.filter(child => child.name === 'location')) {
      const below = new Map(Array.from(entries, ([path, keys]) => [path, new Set(keys)]));
      this.level(location, ['', '.'].includes(location.attributes.path ?? '') ? entries : below);
    }
  }

  private group(parent: XmlElement, at: string, entries: Entries): void {
    this.namespace(parent, at || parent.name);
    for (const child of parent.children) {
      const path = at ? `${at}/${child.name}` : child.name;
      const section = SECTIONS.get(path);
      if (!at && child.name === 'location') continue;
      if (!at && DOT_NET.has(child.name)) {
        if (child.name === 'appSettings') this.appSettings(child);
      } else if (section) {
        if (this.iis === '7.5' && NOT_IN_7_5.has(path)) this.report(child, path, `Unrecognized configuration section '${path}'`);
        else if (LOCKED_SECTIONS.has(path)) this.report(child, path, 'Section locked at a parent level', LOCKED);
        this.element(child, section, path, entries);
      } else if (path.startsWith('system.applicationHost/')) {
        this.report(child, path, 'Section of applicationHost.config only', LOCKED);
      } else if (path === 'system.applicationHost' || Array.from(SECTIONS.keys()).some(name => name.startsWith(`${path}/`))) {
        this.group(child, path, entries);
      } else {
        this.report(child, path, `Unrecognized configuration section '${path}'`);
      }
    }
  }

  private appSettings(section: XmlElement): void {
    for (const add of section.children.filter(child => child.name === 'add')) {
      for (const name of ['key', 'value'].filter(one => add.attributes[one] === undefined)) {
        this.report(add, 'appSettings/add', `Missing required attribute '${name}'`);
      }
    }
  }

  /** @param entries null inside of a collection's entry, whose own collections no other file adds to */
  private element(element: XmlElement, schema: ElementSchema, path: string, entries: Entries | null): void {
    this.attributes(element, schema, path);
    const keys = entries?.get(path) ?? new Set<string>();
    entries?.set(path, keys);
    for (const child of element.children) {
      const inner = schema.elements.get(child.name);
      const collection = schema.collections.find(one => [one.add, one.remove, one.clear].includes(child.name));
      if (inner) {
        this.element(child, inner, `${path}/${child.name}`, entries);
      } else if (collection) {
        this.entry(child, collection, `${path}/${child.name}`, keys);
      } else {
        this.report(child, `${path}/${child.name}`, `Unrecognized element '${child.name}'`);
      }
    }
  }

  private entry(element: XmlElement, collection: CollectionSchema, path: string, keys: Set<string>): void {
    const attributes = keyAttributes(collection);
    const values = attributes.map(attribute => element.attributes[attribute.name] ?? attribute.default ?? '');
    const key = keyOf(attributes, values);
    if (element.name === collection.add) {
      this.element(element, collection.entry, path, null);
      if (attributes.length > 0 && keys.has(key)) {
        const of = attributes.map(attribute => attribute.name).join(', ');
        this.report(element, path, `Duplicate collection entry of type '${element.name}': ${of} '${values.join(', ')}'`, DUPLICATE);
      }
      keys.add(key);
      return;
    }
    // What removes an entry has its keys, and nothing else.
    const named = element.name === collection.clear ? [] : attributes;
    this.attributes(element, { attributes: new Map(named.map(one => [one.name, one])), elements: new Map(), collections: [] }, path);
    for (const child of element.children) this.report(child, `${path}/${child.name}`, `Unrecognized element '${child.name}'`);
    if (element.name === collection.clear) keys.clear();
    else keys.delete(key);
  }

  private attributes(element: XmlElement, schema: ElementSchema, path: string): void {
    this.namespace(element, path);
    for (const [name, value] of Object.entries(element.attributes)) {
      if (LOCKS.has(name) || name === 'xmlns' || name.startsWith('xmlns:')) continue;
      const attribute = schema.attributes.get(name);
      if (!attribute || (attribute.since10 && this.iis === '7.5')) {
        this.report(element, path, `Unrecognized attribute '${name}'`);
        continue;
      }
      if (LOCKED_ATTRIBUTES[path]?.includes(name)) this.report(element, path, `Lock violation: '${name}'`, LOCKED);
      const wrong = invalid(attribute, value);
      if (wrong !== null) this.report(element, path, `The '${name}' attribute is invalid: ${wrong}`);
    }
    for (const { name, required } of schema.attributes.values()) {
      if (required && element.attributes[name] === undefined) this.report(element, path, `Missing required attribute '${name}'`);
    }
  }

  private namespace(element: XmlElement, path: string): void {
    if (element.attributes.xmlns) this.report(element, path, `Unrecognized attribute 'xmlns'`);
  }

  private report(element: XmlElement, path: string, message: string, code = INVALID): void {
    this.problems.push({ line: element.line, element: path, message, code });
  }
}

function collectionAt(path: string): CollectionSchema {
  const section = Array.from(SECTIONS.keys()).find(name => path === name || path.startsWith(`${name}/`))!;
  const steps = path.slice(section.length).split('/').filter(Boolean);
  return steps.reduce((schema, step) => schema.elements.get(step)!, SECTIONS.get(section)!).collections[0]!;
}

function keyAttributes(collection: CollectionSchema): AttributeSchema[] {
  return Array.from(collection.entry.attributes.values()).filter(attribute => attribute.key);
}

function keyOf(attributes: AttributeSchema[], values: string[]): string {
  return attributes.map((attribute, index) => attribute.caseSensitive ? values[index]! : values[index]!.toLowerCase()).join('\0');
}

/** What is wrong with an attribute's value, null if nothing is. */
function invalid(attribute: AttributeSchema, value: string): string | null {
  if (attribute.nonEmpty && value === '') return 'must not be empty';
  if (attribute.trimmed && value !== value.trim()) return 'white space at an end';
  switch (attribute.type) {
    case 'string': return null;
    case 'bool': return /^(true|false)$/i.test(value) ? null : `'${value}' is not true or false`;
    case 'enum': return attribute.values.includes(value) ? null : `must be one of ${attribute.values.join(', ')}`;
    case 'flags': {
      const flags = value.split(',').map(flag => flag.trim()).filter(Boolean);
      return flags.every(flag => attribute.values.includes(flag)) ? null : `must be some of ${attribute.values.join(', ')}`;
    }
    case 'timeSpan': return invalidTimeSpan(attribute, value);
    default: return invalidNumber(attribute, value);
  }
}

const BOUNDS: Record<string, [low: number, high: number]> = {
  uint: [0, 2 ** 32 - 1], int: [-(2 ** 31), 2 ** 31 - 1], int64: [-(2 ** 63), 2 ** 63 - 1],
};

function invalidNumber(attribute: AttributeSchema, value: string): string | null {
  if (attribute.infinite && value.toLowerCase() === 'infinite') return null;
  if (!/^-?\d+$/.test(value)) return `'${value}' is not a whole number`;
  const [low, high] = BOUNDS[attribute.type]!;
  if (Number(value) < low || Number(value) > high) return `${value} is not between ${low} and ${high}`;
  return outOfRange(attribute, Number(value));
}

function invalidTimeSpan(attribute: AttributeSchema, value: string): string | null {
  const found = /^(?:(\d+)\.)?(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?$/.exec(value);
  if (!found) return `'${value}' is not a time span, [d.]hh:mm:ss`;
  const [days, hours, minutes, seconds] = found.slice(1).map(part => Number(part ?? 0)) as [number, number, number, number];
  return outOfRange(attribute, ((days * 24 + hours) * 60 + minutes) * 60 + seconds);
}

function outOfRange({ range, type }: AttributeSchema, value: number): string | null {
  if (!range) return null;
  const bounds = `${range.low} and ${range.high}${type === 'timeSpan' ? ' seconds' : ''}`;
  if ((value >= range.low && value <= range.high) === range.not) return `must ${range.not ? 'not ' : ''}be between ${bounds}`;
  return value % range.step === 0 ? null : `must be a multiple of ${range.step} seconds`;
}
