/* Makes the configuration of IIS for a URL: merges the levels, and reads each section. */
import { sectionsAt } from './check';
import { children, find, is } from './collection';
import { WebConfigError } from './config-error';
import { AppliedConfig, Hierarchy, IisVersion, Layers } from './layers';
import { ConfigProblem, LOCKED, mergeSection, Part } from './merge';
import { OutboundRules, readOutboundRules } from './outbound';
import { Caching, readCaching } from './output-cache';
import { HttpRedirect, readHttpRedirect } from './redirect';
import { fixedTargets, readRules, Rules, Target } from './rewrite';
import { SECTIONS } from './schema';
import { serverConfiguration } from './server-defaults';
import type { Status } from './statuses';
import { findUnsupported } from './supported';
import type { XmlElement } from './xml';

export type { IisVersion } from './layers';

export interface Handler {
  name: string;
  path: string;
  verbs: string[];
  modules: string;
  resourceType: string;
}

export interface HttpErrors {
  existingResponse: string;
  errorMode: string;
  errors: { status: number; substatus: number; path: string; responseMode: string }[];
}

export interface RequestFiltering {
  allowDoubleEscaping: boolean;
  allowHighBitCharacters: boolean;
  hiddenSegments: string[];
  extensions: Map<string, boolean>;
  allowUnlistedExtensions: boolean;
  verbs: Map<string, boolean>;
  allowUnlistedVerbs: boolean;
  /** The largest body, bytes. The limits of a URL and of a query string follow, characters. */
  maxContentLength: number;
  maxUrl: number;
  maxQueryString: number;
  headerLimits: Map<string, number>;
  denyUrlSequences: string[];
  denyQueryStringSequences: string[];
}

export interface SiteConfig {
  appSettings: [key: string, value: string][];
  handlers: Handler[];
  /** The rules, or the reason why they cannot be read. IIS then answers 500.52. */
  rewrite: Rules | Error;
  outbound: OutboundRules;
  /** The rules that lead to one URL. */
  targets: Target[];
  httpRedirect: HttpRedirect;
  /** The error for a setting of ASP.NET that a pool in integrated mode refuses. */
  integratedMode: { code: Status; message: string } | null;
  iisnode: Record<string, string>;
  /** The reason why iisnode cannot read <iisnode>, and answers 500.1000 to all of its requests. */
  iisnodeProblem?: string;
  /** The reason why iisnode cannot read <appSettings>, and answers 500.1000, too. */
  appSettingsProblem?: string;
  httpErrors: HttpErrors;
  filtering: RequestFiltering;
  customHeaders: Map<string, string>;
  defaultDocuments: string[];
  mimeTypes: Map<string, string>;
  /** The reason why IIS answers 500.19 to requests for files. */
  staticContentProblem?: WebConfigError;
  webSocketEnabled: boolean;
  caching: Caching;
  /** Whether connections of clients stay open for the next request. */
  allowKeepAlive: boolean;
  dynamicCompression: boolean;
  /** The settings that the stand-in does not support, each with its file and line. */
  unsupported: string[];
}

/**
 * The sections that only one module reads. That module reports a problem in the section by itself,
 * and IIS answers requests that need no such module. This is known for:
 * - URL Rewrite: two rules of one name (UnionOfRAD/framework 20), a locked allowedServerVariables,
 *   a pattern;
 * - iisnode: its functional test 116;
 * - static files: a mimeMap that was there twice (h5bp/html5-boilerplate 275, pnp/PnP 1224).
 */
const READ_BY_ONE_MODULE =
  /^(system\.webServer\/(rewrite\/|(iisnode|staticContent)$)|appSettings$)/;

/** The configuration of an application, for each of its URLs. */
export class Configuration {
  readonly #layers: Layers;
  readonly #known = new Map<string, SiteConfig | WebConfigError>();

  constructor(private readonly hierarchy: Hierarchy) {
    this.#layers = new Layers(hierarchy);
    this.#layers.refresh();
  }

  /**
   * Reads the files again if one of them has changed.
   * @returns whether a file has changed
   */
  refresh(): boolean {
    if (!this.#layers.refresh()) return false;
    this.#known.clear();
    return true;
  }

  /** @returns the configuration for a URL, or the reason why IIS answers 500.19 there */
  at(url: string): SiteConfig | WebConfigError {
    const applied = this.#layers.of(url);
    const known = this.#known.get(applied.key);
    if (known) return known;
    let config: SiteConfig | WebConfigError;
    try {
      config = readLayers(applied, this.hierarchy.iis);
    } catch (error) {
      if (!(error instanceof WebConfigError)) throw error;
      config = error;
    }
    this.#known.set(applied.key, config);
    return config;
  }
}

/**
 * Reads the web.config of a folder. Without a web.config, the result has IIS's defaults.
 * @throws WebConfigError for the first problem that IIS would report
 */
export function readSiteConfig(folder: string, iis: IisVersion): SiteConfig {
  const config = new Configuration({ iis, folder, base: '/', parents: [] }).at('/');
  if (config instanceof WebConfigError) throw config;
  return config;
}

/** @throws WebConfigError for a problem in a file, or in a section that IIS itself reads */
function readLayers(applied: AppliedConfig, iis: IisVersion): SiteConfig {
  for (const { file, checked } of applied.files) {
    if (checked.fatal.length > 0) throw new WebConfigError(file, checked.fatal[0]!);
  }
  const sections = new Map<string, XmlElement>();
  const problems = new Map<string, string>();
  let staticContentProblem: WebConfigError | undefined;
  for (const name of SECTIONS.keys()) {
    const parts = partsOf(name, applied, iis);
    if (parts.length === 0) continue;
    const { element, problem } = readSection(name, parts, applied, iis);
    sections.set(name, element);
    if (!problem) continue;
    const error = new WebConfigError(problem.file ?? '', problem);
    if (!READ_BY_ONE_MODULE.test(name)) throw error;
    problems.set(name, error.message);
    if (name === 'system.webServer/staticContent') staticContentProblem = error;
  }
  const validation = sections.get('system.webServer/validation');
  return {
    ...readSections(sections, problems),
    staticContentProblem,
    integratedMode: validateIntegratedMode(applied, validation),
    unsupported: findUnsupported(applied),
  };
}

type NotIntegrated = [section: string, code: Status, refused: (element: XmlElement) => boolean];

/** The sections of ASP.NET that a pool in integrated mode, the default, refuses. */
const NOT_INTEGRATED: NotIntegrated[] = [
  ['system.web/httpModules', '500.22', element => element.children.length > 0],
  ['system.web/httpHandlers', '500.23', element => element.children.length > 0],
  ['system.web/identity', '500.24', element => is(element, 'impersonate', false)],
];

function validateIntegratedMode(
  { layers }: AppliedConfig, validation: XmlElement | undefined,
): SiteConfig['integratedMode'] {
  if (!is(validation, 'validateIntegratedModeConfiguration', true)) return null;
  for (const { element, file } of layers) {
    for (const [section, code, refused] of NOT_INTEGRATED) {
      const found = sectionsAt(element, section).find(refused);
      if (!found) continue;
      const where = `${file.file}, line ${found.line}`;
      return { code, message: `${where}: <${section}> does not apply in integrated mode` };
    }
  }
  return null;
}

/** Collects the parts of a section, one for each level. The server's part comes first. */
function partsOf(name: string, { layers }: AppliedConfig, iis: IisVersion): Part[] {
  const own = sectionsAt(serverConfiguration(iis), name);
  return [
    ...own.map((element): Part => ({ element, level: -1 })),
    ...layers.flatMap(({ element, file, level, deny, base }) => sectionsAt(element, name)
      .map((one): Part => ({ element: one, level, deny, base, file: one.file ?? file.file }))),
  ];
}

function readSection(
  name: string, parts: Part[], { layers }: AppliedConfig, iis: IisVersion,
): { element: XmlElement; problem?: ConfigProblem } {
  const { element, problems } = mergeSection(name, SECTIONS.get(name)!, parts);
  const inFiles = parts.flatMap(({ element: one, file }) => layers.flatMap(layer =>
    (layer.file.checked.inSections.get(one) ?? []).map(problem => ({ file, ...problem }))));
  // webSocket is locked by default. For IIS 10, the stand-in assumes that an administrator has
  // unlocked it.
  const unlocked = (problem: ConfigProblem) =>
    iis === '10' && name === 'system.webServer/webSocket'
    && problem.element === name && problem.code === LOCKED;
  return { element, problem: [...inFiles, ...problems].find(problem => !unlocked(problem)) };
}

function readSections(
  sections: Map<string, XmlElement>, problems: Map<string, string>,
): Omit<SiteConfig, 'integratedMode' | 'unsupported' | 'staticContentProblem'> {
  const server = (name: string) => sections.get(`system.webServer/${name}`);
  const problemOf = (name: string) => problems.get(`system.webServer/${name}`);
  const documents = children(find(server('defaultDocument'), 'files'), 'add');
  return {
    appSettings: children(sections.get('appSettings'), 'add')
      .map(({ attributes: { key, value } }) => [key ?? '', value ?? '']),
    appSettingsProblem: problems.get('appSettings'),
    handlers: readHandlers(server('handlers')),
    ...readRewrite(sections, problems),
    httpRedirect: readHttpRedirect(server('httpRedirect')),
    iisnode: server('iisnode')?.attributes ?? {},
    iisnodeProblem: problemOf('iisnode'),
    httpErrors: readHttpErrors(server('httpErrors')),
    filtering: readFiltering(server('security/requestFiltering')),
    customHeaders: values(find(server('httpProtocol'), 'customHeaders'), 'name', 'value'),
    defaultDocuments: is(server('defaultDocument'), 'enabled', true)
      ? documents.map(({ attributes: { value } }) => value ?? '')
      : [],
    mimeTypes: values(server('staticContent'), 'fileExtension', 'mimeType', 'mimeMap'),
    webSocketEnabled: is(server('webSocket'), 'enabled', true),
    caching: readCaching(server('caching')),
    allowKeepAlive: is(server('httpProtocol'), 'allowKeepAlive', true),
    dynamicCompression: is(server('urlCompression'), 'doDynamicCompression', true),
  };
}

/** Reads the sections of <rewrite>: the inbound rules with their maps, and the outbound rules. */
function readRewrite(
  sections: Map<string, XmlElement>, problems: Map<string, string>,
): Pick<SiteConfig, 'rewrite' | 'outbound' | 'targets'> {
  const group = 'system.webServer/rewrite/';
  const none = () => null;
  const [wrong] = Array.from(problems).filter(([name]) => name.startsWith(group));
  if (wrong) return { rewrite: new Error(wrong[1]), outbound: none, targets: [] };
  const inside = Array.from(sections).filter(([name]) => name.startsWith(group));
  const children = inside.map(([, section]) => section);
  const rewrite = { name: 'rewrite', attributes: {}, children, line: 0 };
  try {
    return {
      rewrite: readRules(rewrite),
      outbound: readOutboundRules(sections.get(`${group}outboundRules`)),
      targets: fixedTargets(rewrite),
    };
  } catch (error) {
    return { rewrite: error as Error, outbound: none, targets: [] };
  }
}

function readHandlers(element: XmlElement | undefined): Handler[] {
  // The handlers of .NET have only a name (server-defaults.ts). The stand-in does not run .NET, so
  // they are left out here.
  const all = children(element, 'add').filter(({ attributes }) => attributes.path !== undefined);
  return all.map(({ attributes: { name, path, verb, modules, resourceType } }) => ({
    name: name ?? '',
    path: path ?? '',
    verbs: (verb ?? '').split(',').map(one => one.trim().toUpperCase()),
    modules: modules ?? '',
    resourceType: resourceType ?? 'Unspecified',
  }));
}

function readHttpErrors(element: XmlElement | undefined): HttpErrors {
  // Entries without a path are the server's own. For them, respond.ts has pages of IIS.
  const own = children(element, 'error').filter(({ attributes }) => attributes.path !== undefined);
  return {
    existingResponse: element?.attributes.existingResponse ?? 'Auto',
    errorMode: element?.attributes.errorMode ?? 'DetailedLocalOnly',
    errors: own.map(({ attributes: { statusCode, subStatusCode, path, responseMode } }) => ({
      status: Number(statusCode),
      substatus: Number(subStatusCode ?? -1),
      path: path ?? '',
      responseMode: responseMode ?? 'File',
    })),
  };
}

function readFiltering(element: XmlElement | undefined): RequestFiltering {
  const limits = find(element, 'requestLimits');
  const limit = (name: string, otherwise: number) => Number(limits?.attributes[name] ?? otherwise);
  const allowed = (name: string, key: string) => new Map(Array.from(
    values(find(element, name), key, 'allowed'),
    ([one, value]) => [one.toLowerCase(), value.toLowerCase() === 'true'],
  ));
  const keys = (name: string, key: string) =>
    children(find(element, name), 'add').map(add => add.attributes[key] ?? '');
  return {
    allowDoubleEscaping: is(element, 'allowDoubleEscaping', false),
    allowHighBitCharacters: is(element, 'allowHighBitCharacters', true),
    hiddenSegments: keys('hiddenSegments', 'segment').map(one => one.toLowerCase()),
    extensions: allowed('fileExtensions', 'fileExtension'),
    allowUnlistedExtensions: is(find(element, 'fileExtensions'), 'allowUnlisted', true),
    verbs: allowed('verbs', 'verb'),
    allowUnlistedVerbs: is(find(element, 'verbs'), 'allowUnlisted', true),
    maxContentLength: limit('maxAllowedContentLength', 30000000),
    maxUrl: limit('maxUrl', 4096),
    maxQueryString: limit('maxQueryString', 2048),
    headerLimits: new Map(Array.from(
      values(find(limits, 'headerLimits'), 'header', 'sizeLimit'),
      ([name, size]) => [name.toLowerCase(), Number(size)],
    )),
    denyUrlSequences: keys('denyUrlSequences', 'sequence'),
    denyQueryStringSequences: keys('denyQueryStringSequences', 'sequence'),
  };
}

/** Reads a collection of entries that have a key and a value each. */
function values(
  element: XmlElement | undefined, key: string, value: string, add = 'add',
): Map<string, string> {
  return new Map(children(element, add)
    .map(({ attributes }) => [attributes[key] ?? '', attributes[value] ?? '']));
}
