/* Checks one web.config, and reports each mistake for which IIS would refuse the file. */
import { ConfigProblem, DUPLICATE, LOCKED, LOCKS, mergeSection, Part } from './merge';
import {
  AttributeSchema, CollectionSchema, ElementSchema, LOCKED_SECTIONS, NOT_IN_7_5, SECTIONS,
} from './schema';
import { LOCKED_ATTRIBUTES, serverConfiguration } from './server-defaults';
import { parseXml, XmlElement, XmlError } from './xml';

export type { ConfigProblem } from './merge';
export { LOCKED } from './merge';

const INVALID = '0x8007000d';

/** The sections of .NET that IIS does not read. IIS reads appSettings, for iisnode. */
export const DOT_NET = new Set([
  'configSections', 'connectionStrings', 'runtime', 'startup', 'system.codedom', 'system.data',
  'system.diagnostics', 'system.net', 'system.serviceModel', 'system.web', 'system.web.extensions',
  'system.xml.serialization',
]);

/** A file of the configuration, with the problems in it. */
export interface CheckedFile {
  /** The root element; null if the text is not well-formed XML. */
  root: XmlElement | null;
  /** The problems that make the whole file unusable, in the order of the file. */
  fatal: ConfigProblem[];
  /** The problems inside of each section. IIS reports them when a module reads the section. */
  inSections: Map<XmlElement, ConfigProblem[]>;
  /** The full name of each section in the file. */
  sections: Map<XmlElement, string>;
  /** The problems that are in a <location>. */
  inLocations: Set<ConfigProblem>;
}

/**
 * Checks a web.config by itself, as an IIS of that version would.
 * @returns the problems. IIS reports the first problem, and accepts a file that has none
 */
export function checkWebConfig(text: string, iis: '7.5' | '10'): ConfigProblem[] {
  const { root, fatal, inSections, inLocations } = checkFile(text, iis);
  if (!root) return fatal;
  const problems = new Set([...fatal, ...Array.from(inSections.values()).flat()]);
  // Two entries can be in conflict, in the file itself and in each of its locations.
  const locations = root.children.filter(child => child.name === 'location');
  const seen = new Set<string>();
  for (const target of ['', ...locations.map(location => location.attributes.path ?? '')]) {
    for (const problem of mergeProblems(root, locations, target, iis)) {
      const key = `${problem.line} ${problem.element} ${problem.message}`;
      if (seen.has(key)) continue;
      seen.add(key);
      problems.add(problem);
      if (target !== '') inLocations.add(problem);
    }
  }
  const last = (problem: ConfigProblem) => Number(inLocations.has(problem));
  return Array.from(problems).sort((a, b) => last(a) - last(b) || a.line - b.line);
}

function mergeProblems(
  root: XmlElement, locations: XmlElement[], target: string, iis: '7.5' | '10',
): ConfigProblem[] {
  const own = locations.filter(one => isOwnLevel(one));
  const there = target === '' ? [] : locations.filter(one => one.attributes.path === target);
  const others = there.filter(one => !own.includes(one));
  const levels = [[serverConfiguration(iis)], [root, ...own], others];
  return Array.from(SECTIONS, ([path, schema]) => {
    const parts = levels.flatMap((elements, level) => elements.flatMap(element =>
      sectionsAt(element, path).map((one): Part => ({ element: one, level }))));
    return parts.length > 0 ? mergeSection(path, schema, parts).problems : [];
  }).flat();
}

/** Says whether a <location> is for the folder of the file itself: path="." */
export function isOwnLevel(location: XmlElement): boolean {
  return ['', '.'].includes(location.attributes.path ?? '');
}

/** Finds the elements of a section in a file or a location. More than one element is an error. */
export function sectionsAt(element: XmlElement, path: string): XmlElement[] {
  let found = [element];
  for (const step of path.split('/')) {
    found = found.flatMap(one => one.children.filter(child => child.name === step));
  }
  return found;
}

/** Reads and checks one file. merge.ts finds conflicts between files. */
export function checkFile(text: string, iis: '7.5' | '10'): CheckedFile {
  let root: XmlElement;
  try {
    root = parseXml(text);
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    const message = `Configuration file is not well-formed XML: ${error.reason}`;
    const problem = { line: error.line, element: '', message, code: INVALID };
    return {
      root: null,
      fatal: [problem],
      inSections: new Map(),
      sections: new Map(),
      inLocations: new Set(),
    };
  }
  const checker = new Checker(iis);
  checker.root(root);
  const { fatal, inSections, sections, inLocations } = checker;
  return { root, fatal, inSections, sections, inLocations };
}

/** Checks the element of a section against its schema. */
export function checkSection(
  element: XmlElement, path: string, iis: '7.5' | '10',
): ConfigProblem[] {
  const checker = new Checker(iis);
  checker.section(element, path);
  return checker.inSections.get(element)!;
}

/** The namespace that Visual Studio 2005 wrote into each web.config. IIS accepts it. */
const NET_NAMESPACE = 'http://schemas.microsoft.com/.NetConfiguration/v2.0';

class Checker {
  readonly fatal: ConfigProblem[] = [];
  readonly inSections = new Map<XmlElement, ConfigProblem[]>();
  readonly sections = new Map<XmlElement, string>();
  readonly inLocations = new Set<ConfigProblem>();
  #inLocation = false;
  // The list for the problems of the element that is checked now.
  #found = this.fatal;
  // The location and the name of each section so far.
  readonly #seen = new Set<string>();

  constructor(private readonly iis: '7.5' | '10') {}

  root(root: XmlElement): void {
    if (root.name !== 'configuration') {
      this.report(root, root.name, `Unrecognized element '${root.name}', not 'configuration'`);
    }
    this.group(root, '', '');
    this.#inLocation = true;
    for (const location of root.children.filter(child => child.name === 'location')) {
      this.group(location, '', isOwnLevel(location) ? '' : location.attributes.path!.toLowerCase());
    }
  }

  section(element: XmlElement, path: string): void {
    if (this.iis === '7.5' && NOT_IN_7_5.has(path)) {
      this.report(element, path, `Unrecognized configuration section '${path}'`);
      return;
    }
    this.#found = [];
    this.inSections.set(element, this.#found);
    this.sections.set(element, path);
    if (LOCKED_SECTIONS.has(path)) {
      this.report(element, path, 'Section locked at a parent level', LOCKED);
    }
    // A configSource names another file with the section's content. layers.ts reads that file, and
    // checks it with checkSection.
    if (element.attributes.configSource !== undefined) this.configSource(element, path);
    else this.element(element, SECTIONS.get(path)!, path);
    this.#found = this.fatal;
  }

  /** Checks a group of sections, such as system.webServer, with the groups inside of it. */
  private group(parent: XmlElement, at: string, location: string): void {
    this.namespace(parent, at || parent.name);
    for (const child of parent.children) {
      const path = at ? `${at}/${child.name}` : child.name;
      if (!at && (child.name === 'location' || DOT_NET.has(child.name))) continue;
      if (SECTIONS.has(path)) {
        const key = `${location} ${path}`;
        if (this.#seen.has(key)) {
          const message = `Config section '${path}' already defined. `
            + 'Sections must only appear once per config file';
          this.report(child, path, message, DUPLICATE);
        }
        this.#seen.add(key);
        this.section(child, path);
      } else if (path.startsWith('system.applicationHost/')) {
        this.report(child, path, 'Section of applicationHost.config only', LOCKED);
      } else if (path === 'system.applicationHost' || isGroup(path)) {
        this.group(child, path, location);
      } else {
        this.report(child, path, `Unrecognized configuration section '${path}'`);
      }
    }
  }

  private configSource(element: XmlElement, path: string): void {
    const others = Object.keys(element.attributes)
      .filter(name => name !== 'configSource' && !LOCKS.has(name));
    const extra = others[0] ?? element.children[0]?.name;
    if (extra === undefined) return;
    const message = `A section that has a configSource can have nothing else: '${extra}'`;
    this.report(element, path, message);
  }

  private element(element: XmlElement, schema: ElementSchema, path: string): void {
    this.attributes(element, schema, path);
    for (const child of element.children) {
      const inner = schema.elements.get(child.name);
      const collection = schema.collections
        .find(one => [one.add, one.remove, one.clear].includes(child.name));
      const at = `${path}/${child.name}`;
      if (inner) this.element(child, inner, at);
      else if (collection) this.entry(child, collection, at);
      else this.report(child, at, `Unrecognized element '${child.name}'`);
    }
  }

  private entry(element: XmlElement, collection: CollectionSchema, path: string): void {
    if (element.name === collection.add) {
      this.element(element, collection.entry, path);
      return;
    }
    // The element that removes an entry has the entry's keys, and nothing else.
    const attributes = Array.from(collection.entry.attributes.values());
    const keys = attributes.filter(attribute => attribute.key);
    const named = element.name === collection.clear ? [] : keys;
    const schema = {
      attributes: new Map(named.map(one => [one.name, one])),
      elements: new Map(),
      collections: [],
    };
    this.attributes(element, schema, path);
    for (const child of element.children) {
      this.report(child, `${path}/${child.name}`, `Unrecognized element '${child.name}'`);
    }
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
      if (LOCKED_ATTRIBUTES[path]?.includes(name)) {
        this.report(element, path, `Lock violation: '${name}'`, LOCKED);
      }
      const wrong = invalid(attribute, value);
      if (wrong !== null) {
        this.report(element, path, `The '${name}' attribute is invalid: ${wrong}`);
      }
    }
    for (const { name, required } of schema.attributes.values()) {
      if (required && element.attributes[name] === undefined) {
        this.report(element, path, `Missing required attribute '${name}'`);
      }
    }
  }

  private namespace(element: XmlElement, path: string): void {
    const { xmlns } = element.attributes;
    if (!xmlns || (path === 'configuration' && xmlns === NET_NAMESPACE)) return;
    this.report(element, path, `Unrecognized attribute 'xmlns'`);
  }

  private report(element: XmlElement, path: string, message: string, code = INVALID): void {
    const problem = { line: element.line, element: path, message, code };
    this.#found.push(problem);
    if (this.#inLocation) this.inLocations.add(problem);
  }
}

function isGroup(path: string): boolean {
  return Array.from(SECTIONS.keys()).some(name => name.startsWith(`${path}/`));
}

/** @returns the reason why an attribute's value is invalid; null if it is valid */
function invalid(attribute: AttributeSchema, value: string): string | null {
  if (attribute.nonEmpty && value === '') return 'must not be empty';
  if (attribute.trimmed && value !== value.trim()) return 'white space at an end';
  switch (attribute.type) {
    case 'string': return null;
    case 'bool': return /^(true|false)$/i.test(value) ? null : `'${value}' is not true or false`;
    case 'enum':
      return attribute.values.includes(value)
        ? null
        : `must be one of ${attribute.values.join(', ')}`;
    case 'flags': {
      const flags = value.split(',').map(flag => flag.trim()).filter(Boolean);
      return flags.every(flag => attribute.values.includes(flag))
        ? null
        : `must be some of ${attribute.values.join(', ')}`;
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
  if (Number(value) < low || Number(value) > high) {
    return `${value} is not between ${low} and ${high}`;
  }
  return outOfRange(attribute, Number(value));
}

function invalidTimeSpan(attribute: AttributeSchema, value: string): string | null {
  const found = /^(?:(\d+)\.)?(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?$/.exec(value);
  if (!found) return `'${value}' is not a time span, [d.]hh:mm:ss`;
  const parts = found.slice(1).map(part => Number(part ?? 0));
  const [days, hours, minutes, seconds] = parts as [number, number, number, number];
  return outOfRange(attribute, ((days * 24 + hours) * 60 + minutes) * 60 + seconds);
}

function outOfRange({ range, type }: AttributeSchema, value: number): string | null {
  if (!range) return null;
  const bounds = `${range.low} and ${range.high}${type === 'timeSpan' ? ' seconds' : ''}`;
  if ((value >= range.low && value <= range.high) === range.not) {
    return `must ${range.not ? 'not ' : ''}be between ${bounds}`;
  }
  return value % range.step === 0 ? null : `must be a multiple of ${range.step} seconds`;
}
