/* Reads the schemas of IIS, with which a web.config is checked. schema.txt is their outline. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

export interface AttributeSchema {
  name: string;
  type: 'bool' | 'int' | 'uint' | 'int64' | 'string' | 'timeSpan' | 'enum' | 'flags';
  /** The values of an enum or of flags. */
  values: string[];
  default?: string;
  required: boolean;
  /** Whether the attribute is a key of a collection's entry. No two entries may have equal keys. */
  key: boolean;
  caseSensitive: boolean;
  nonEmpty: boolean;
  trimmed: boolean;
  /** Whether "infinite" is allowed in place of a number. */
  infinite: boolean;
  /** Whether IIS 10 knows the attribute and IIS 7.5 does not. */
  since10: boolean;
  /** The allowed numbers; for a time span, its seconds. */
  range?: AttributeRange;
}

interface AttributeRange {
  low: number;
  high: number;
  /** Whether the numbers between `low` and `high` are not allowed, and all others are. */
  not: boolean;
  /** The step: a number must be a multiple of it. */
  step: number;
}

export interface ElementSchema {
  attributes: Map<string, AttributeSchema>;
  elements: Map<string, ElementSchema>;
  collections: CollectionSchema[];
}

export interface CollectionSchema {
  /** The element that adds an entry. */
  add: string;
  remove?: string;
  clear?: string;
  /** Whether the entries of a deeper web.config come before the entries of its parents. */
  prepend: boolean;
  entry: ElementSchema;
}

/**
 * The sections that a web.config may not have until an administrator unlocks them. For these
 * sections, overrideModeDefault is Deny in the applicationHost.config that IIS installs. There,
 * `handlers` and `modules` are Deny too, but the installation of ASP.NET sets both to Allow
 * (tjanczuk/iisnode 248). The README asks for that installation.
 */
export const LOCKED_SECTIONS = new Set([
  ...namesIn('system.webServer', `
    asp cgi fastCgi globalModules httpCompression httpLogging httpTracing isapiFilters odbcLogging
    serverRuntime serverSideInclude tracing/traceProviderDefinitions
    rewrite/allowedServerVariables rewrite/globalRules webSocket
  `),
  ...namesIn('system.webServer/security', `
    access applicationDependencies ipSecurity dynamicIpSecurity isapiCgiRestriction
  `),
  ...namesIn('system.webServer/security/authentication', `
    anonymousAuthentication basicAuthentication clientCertificateMappingAuthentication
    digestAuthentication iisClientCertificateMappingAuthentication windowsAuthentication
  `),
]);

function namesIn(group: string, list: string): string[] {
  return list.trim().split(/\s+/).map(name => `${group}/${name}`);
}

/** The sections that IIS 8 brought. */
export const NOT_IN_7_5 = new Set(
  namesIn('system.webServer', 'webSocket applicationInitialization'),
);

/** The form of an attribute in schema.txt: name:type(value|value),rule,rule="default" */
const ATTRIBUTE = new RegExp([
  /\s*(?<name>\w+):(?<type>\w+)/,
  /(?:\((?<values>[^)]*)\))?/,
  /(?<rules>(?:,[^\s,=]+)*)/,
  /(?:=(?<value>"(?:[^"\\]|\\.)*"|\S*))?(?=\s|$)/,
].map(part => part.source).join(''), 'y');

/** All sections, by their full names: 'system.webServer/security/requestFiltering'. */
export const SECTIONS: Map<string, ElementSchema> = parseOutline(
  readFileSync(path.join(__dirname, '..', '..', '..', 'tools', 'iis', 'schema.txt'), 'utf8'));

/**
 * Collects the default values of an element's attributes. Attributes without one are left out.
 * @param section the section's name without system.webServer, such as 'security/requestFiltering'
 * @param element an element of the section, 'requestLimits', or of a collection, 'rule/action'
 * @throws Error for a section or an element that does not exist
 */
export function defaults(section: string, element = ''): Record<string, string> {
  let schema = SECTIONS.get(`system.webServer/${section}`);
  for (const step of element.split('/').filter(Boolean)) {
    const collection = schema?.collections.find(one => one.add === step);
    schema = schema?.elements.get(step) ?? collection?.entry;
  }
  if (!schema) throw new Error(`no schema for ${section} ${element}`);
  return Object.fromEntries(Array.from(schema.attributes.values())
    .filter(attribute => attribute.default !== undefined)
    .map(attribute => [attribute.name, attribute.default!]));
}

/**
 * Reads an outline. The head of schema.txt describes its form.
 * @throws Error for a line that has another form
 */
export function parseOutline(text: string): Map<string, ElementSchema> {
  const sections = new Map<string, ElementSchema>();
  // The schemas that may contain the next line, by their depth.
  const open: ElementSchema[] = [];
  // git may have written the file with \r\n.
  const joined = text.replace(/([|=])\r?\n *& /g, '$1').replace(/\r?\n *& /g, ' ');
  for (const line of joined.split(/\r?\n/)) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const depth = /^ */.exec(line)![0].length / 2;
    const parent = open[depth - 1];
    const [name, ...words] = line.trim().split(' ');
    const schema: ElementSchema = { attributes: new Map(), elements: new Map(), collections: [] };
    open.length = depth;
    open.push(schema);
    if (!parent) {
      sections.set(name!, schema);
    } else if (name!.startsWith('*')) {
      const named = (sign: string) => words.find(word => word.startsWith(sign))?.slice(1);
      parent.collections.push({
        add: name!.slice(1),
        remove: named('-'),
        clear: named('!'),
        prepend: words.includes('prepend'),
        entry: schema,
      });
    } else {
      parent.elements.set(name!, schema);
    }
    const attributes = words.filter(word => !/^([-!].+|prepend)$/.test(word));
    readAttributes(schema, attributes.join(' '));
  }
  return sections;
}

function readAttributes(schema: ElementSchema, text: string): void {
  ATTRIBUTE.lastIndex = 0;
  while (ATTRIBUTE.lastIndex < text.length) {
    const found = ATTRIBUTE.exec(text);
    if (!found) throw new Error(`not an attribute: ${text}`);
    const { name, type, values, rules: ruleText, value } = found.groups!;
    const rules = ruleText!.split(',');
    schema.attributes.set(name!, {
      name: name!,
      type: type as AttributeSchema['type'],
      values: values?.split('|') ?? [],
      default: value?.startsWith('"') ? JSON.parse(value) as string : value,
      required: rules.includes('required'),
      key: rules.includes('key'),
      caseSensitive: rules.includes('caseSensitive'),
      nonEmpty: rules.includes('nonEmpty'),
      trimmed: rules.includes('trimmed'),
      infinite: rules.includes('infinite'),
      since10: rules.includes('since10'),
      range: readRange(ruleText!),
    });
  }
}

/** Reads a range: '1..9', 'not1..9', '0..3600/60'. */
function readRange(rules: string): AttributeRange | undefined {
  const found = /,(not)?(-?\d+)\.\.(-?\d+)(?:\/(\d+))?/.exec(rules);
  if (!found) return undefined;
  const [, not, low, high, step = 1] = found;
  return { low: Number(low), high: Number(high), not: not !== undefined, step: Number(step) };
}
