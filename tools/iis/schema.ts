/* What IIS's schemas allow in a web.config: reads schema.txt, the outline of them. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

export interface AttributeSchema {
  name: string;
  type: 'bool' | 'int' | 'uint' | 'int64' | 'string' | 'timeSpan' | 'enum' | 'flags';
  /** Of an enum or of flags. */
  values: string[];
  default?: string;
  required: boolean;
  /** Of a collection's entry: two entries that agree in all their keys are duplicates. */
  key: boolean;
  caseSensitive: boolean;
  nonEmpty: boolean;
  trimmed: boolean;
  /** "infinite" is allowed in place of a number. */
  infinite: boolean;
  /** IIS 10 has it, IIS 7.5 has not. */
  since10: boolean;
  /** Numbers, or seconds of a time span, which must be a multiple of `step`. `not`: all but these. */
  range?: { low: number; high: number; not: boolean; step: number };
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
  /** Entries of a deeper web.config come before those of its parents. */
  prepend: boolean;
  entry: ElementSchema;
}

const names = (parent: string, list: string) => list.trim().split(/\s+/).map(name => `${parent}/${name}`);

/**
 * Sections that a web.config may not have until an administrator unlocks them: overrideModeDefault
 * is Deny in the applicationHost.config that IIS installs. `handlers` and `modules` are Deny there,
 * too: the installation of ASP.NET, which the README asks for, sets both to Allow (issue 248 of
 * tjanczuk/iisnode).
 */
export const LOCKED_SECTIONS = new Set(names('system.webServer', `
  asp cgi fastCgi globalModules httpCompression httpLogging httpTracing isapiFilters odbcLogging
  security/access security/applicationDependencies security/authentication/anonymousAuthentication
  security/authentication/basicAuthentication security/authentication/clientCertificateMappingAuthentication
  security/authentication/digestAuthentication security/authentication/iisClientCertificateMappingAuthentication
  security/authentication/windowsAuthentication security/ipSecurity security/dynamicIpSecurity security/isapiCgiRestriction
  serverRuntime serverSideInclude tracing/traceProviderDefinitions rewrite/allowedServerVariables rewrite/globalRules webSocket
`));

/** Sections that IIS 8 brought. */
export const NOT_IN_7_5 = new Set(names('system.webServer', 'webSocket applicationInitialization'));

/** The sections there are, by their full name: system.webServer/security/requestFiltering. */
export const SECTIONS: Map<string, ElementSchema> = parseOutline(
  readFileSync(path.join(__dirname, '..', '..', '..', 'tools', 'iis', 'schema.txt'), 'utf8'));

/**
 * The values that attributes have when they are not set; those without one are left out.
 * @param section without system.webServer: 'iisnode', 'security/requestFiltering'
 * @param element inside of it, 'requestLimits', or what adds an entry to a collection: 'rule/action'
 * @throws for a section or an element that there is not
 */
export function defaults(section: string, element = ''): Record<string, string> {
  let schema = SECTIONS.get(`system.webServer/${section}`);
  for (const step of element.split('/').filter(Boolean)) {
    schema = schema?.elements.get(step) ?? schema?.collections.find(collection => collection.add === step)?.entry;
  }
  if (!schema) throw new Error(`no schema for ${section} ${element}`);
  return Object.fromEntries(Array.from(schema.attributes.values())
    .filter(attribute => attribute.default !== undefined)
    .map(attribute => [attribute.name, attribute.default!]));
}

/**
 * Reads an outline; its head says how it is written.
 * @throws for a line that is not of that form
 */
export function parseOutline(text: string): Map<string, ElementSchema> {
  const sections = new Map<string, ElementSchema>();
  // The schemas that the next line can be inside of, by their depth.
  const open: ElementSchema[] = [];
  for (const line of text.split('\n')) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const depth = /^ */.exec(line)![0].length / 2;
    const parent = open[depth - 1];
    const [first, ...rest] = line.trim().split(' ');
    if (first === '&') {
      readAttributes(parent!, rest.join(' '));
      continue;
    }
    const schema: ElementSchema = { attributes: new Map(), elements: new Map(), collections: [] };
    open.length = depth;
    open.push(schema);
    if (!parent) {
      sections.set(first!, schema);
    } else if (first!.startsWith('*')) {
      const named = (sign: string) => rest.find(word => word.startsWith(sign))?.slice(1);
      parent.collections.push({ add: first!.slice(1), remove: named('-'), clear: named('!'), prepend: rest.includes('prepend'), entry: schema });
    } else {
      parent.elements.set(first!, schema);
    }
    readAttributes(schema, rest.filter(word => !/^([-!].+|prepend)$/.test(word)).join(' '));
  }
  return sections;
}

function readAttributes(schema: ElementSchema, text: string): void {
  const form = /\s*(\w+):(\w+)(?:\(([^)]*)\))?((?:,[^\s,=]+)*)(?:=("(?:[^"\\]|\\.)*"|\S*))?(?=\s|$)/y;
  while (form.lastIndex < text.length) {
    const found = form.exec(text);
    if (!found) throw new Error(`not an attribute: ${text}`);
    const [, name, type, values, ruleText, value] = found;
    const rules = ruleText!.split(',');
    const range = /,(not)?(-?\d+)\.\.(-?\d+)(?:\/(\d+))?/.exec(ruleText!);
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
      range: range ? { low: Number(range[2]), high: Number(range[3]), not: range[1] === 'not', step: Number(range[4] ?? 1) } : undefined,
    });
  }
}
