/* What IIS's configuration says of a URL: the levels merged, each section read. */
import { notCarriedOut } from './carried-out';
import { sectionsAt } from './check';
import { children, find, is } from './collection';
import { Counting, Hierarchy, IisVersion, Layers } from './layers';
import { ConfigProblem, LOCKED, mergeSection, Part } from './merge';
import { OutboundRules, readOutboundRules } from './outbound';
import { Caching, readCaching } from './output-cache';
import { HttpRedirect, readHttpRedirect } from './redirect';
import { readRules, Rules } from './rewrite';
import { SECTIONS } from './schema';
import { serverConfiguration } from './server-defaults';
import type { Status } from './statuses';
import type { XmlElement } from './xml';

export type { IisVersion } from './layers';

/** A web.config that IIS does not take: every request that it counts for is answered 500.19. */
export class WebConfigError extends Error {
  constructor(readonly file: string, readonly problem: ConfigProblem) {
    super(`${problemText(file, problem)} (${problem.code})`);
  }
}

function problemText(file: string, { line, element, message }: ConfigProblem): string {
  return `${[file, `line ${line}`, element].filter(Boolean).join(', ')}: ${message}`;
}

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
  /** Bytes and characters. */
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
  /** The rules, or why they cannot be read: IIS then answers 500.52. */
  rewrite: Rules | Error;
  outbound: OutboundRules;
  httpRedirect: HttpRedirect;
  /** A setting of ASP.NET's that a pool in integrated mode refuses. */
  integratedMode: { code: Status; message: string } | null;
  iisnode: Record<string, string>;
  /** Why iisnode cannot read its own section, or appSettings: 500.1000 for all that it handles. */
  iisnodeProblem?: string;
  appSettingsProblem?: string;
  httpErrors: HttpErrors;
  filtering: RequestFiltering;
  customHeaders: Map<string, string>;
  defaultDocuments: string[];
  mimeTypes: Map<string, string>;
  /** Why IIS answers 500.19 to requests for files. */
  staticContentProblem?: WebConfigError;
  webSocketEnabled: boolean;
  caching: Caching;
  /** Whether connections of clients are kept for the next request. */
  allowKeepAlive: boolean;
  dynamicCompression: boolean;
  /** What of the files the stand-in reads and does not carry out, each with where it stands. */
  notCarriedOut: string[];
}

/**
 * Sections whose content only one module reads, and reports by itself. Of URL Rewrite that has been
 * seen for two rules of one name (UnionOfRAD/framework 20), for a locked allowedServerVariables,
 * and for a pattern; of iisnode in its functional test 116; of static files, where a mimeMap was
 * there twice, in h5bp/html5-boilerplate 275 and pnp/PnP 1224.
 */
const READ_BY_THEMSELVES =
  /^(system\.webServer\/(rewrite\/|(iisnode|staticContent)$)|appSettings$)/;

/** The configuration of an application, for any of its URLs. */
export class Configuration {
  readonly #layers: Layers;
  readonly #known = new Map<string, SiteConfig | WebConfigError>();

  constructor(private readonly hierarchy: Hierarchy) {
    this.#layers = new Layers(hierarchy);
    this.#layers.refresh();
  }

  /** Reads again what has changed. @returns whether anything has */
  refresh(): boolean {
    if (!this.#layers.refresh()) return false;
    this.#known.clear();
    return true;
  }

  /** What is in force for a URL, or why IIS answers 500.19 there. */
  at(url: string): SiteConfig | WebConfigError {
    const counting = this.#layers.of(url);
    const known = this.#known.get(counting.key);
    if (known) return known;
    let config: SiteConfig | WebConfigError;
    try {
      config = readLayers(counting, this.hierarchy.iis);
    } catch (error) {
      if (!(error instanceof WebConfigError)) throw error;
      config = error;
    }
    this.#known.set(counting.key, config);
    return config;
  }
}

/**
 * Reads the web.config of a folder; without one IIS's defaults hold.
 * @throws WebConfigError for the first thing that IIS would refuse
 */
export function readSiteConfig(folder: string, iis: IisVersion): SiteConfig {
  const config = new Configuration({ iis, folder, base: '/', parents: [] }).at('/');
  if (config instanceof WebConfigError) throw config;
  return config;
}

/** @throws WebConfigError for what is wrong with a file, or with a section that IIS itself reads */
function readLayers(counting: Counting, iis: IisVersion): SiteConfig {
  for (const { file, checked } of counting.files) {
    if (checked.fatal.length > 0) throw new WebConfigError(file, checked.fatal[0]!);
  }
  const sections = new Map<string, XmlElement>();
  const problems = new Map<string, string>();
  let staticContentProblem: WebConfigError | undefined;
  for (const name of SECTIONS.keys()) {
    const parts = partsOf(name, counting, iis);
    if (parts.length === 0) continue;
    const { element, problem } = readSection(name, parts, counting, iis);
    sections.set(name, element);
    if (!problem) continue;
    const error = new WebConfigError(problem.file ?? '', problem);
    if (!READ_BY_THEMSELVES.test(name)) throw error;
    problems.set(name, error.message);
    if (name === 'system.webServer/staticContent') staticContentProblem = error;
  }
  const integratedMode = validateIntegratedMode(
    counting, sections.get('system.webServer/validation'),
  );
  return {
    ...readSections(sections, problems),
    staticContentProblem,
    integratedMode,
    notCarriedOut: notCarriedOut(counting),
  };
}

/** What ASP.NET's own sections may not say in a pool of integrated mode, the default. */
type NotIntegrated = [section: string, code: Status, says: (element: XmlElement) => boolean];
const NOT_INTEGRATED: NotIntegrated[] = [
  ['system.web/httpModules', '500.22', element => element.children.length > 0],
  ['system.web/httpHandlers', '500.23', element => element.children.length > 0],
  ['system.web/identity', '500.24', element => is(element, 'impersonate', false)],
];

function validateIntegratedMode(
  { layers }: Counting, validation: XmlElement | undefined,
): SiteConfig['integratedMode'] {
  if (!is(validation, 'validateIntegratedModeConfiguration', true)) return null;
  for (const { element, file } of layers) {
    for (const [section, code, named] of NOT_INTEGRATED) {
      const found = sectionsAt(element, section).find(named);
      if (!found) continue;
      const where = `${file.file}, line ${found.line}`;
      return { code, message: `${where}: <${section}> does not apply in integrated mode` };
    }
  }
  return null;
}

/** The section of each level, the server's own first. */
function partsOf(name: string, { layers }: Counting, iis: IisVersion): Part[] {
  const own = sectionsAt(serverConfiguration(iis), name);
  return [
    ...own.map((element): Part => ({ element, level: -1 })),
    ...layers.flatMap(({ element, file, level, deny, base }) => sectionsAt(element, name)
      .map((one): Part => ({ element: one, level, deny, base, file: one.file ?? file.file }))),
  ];
}

function readSection(
  name: string, parts: Part[], { layers }: Counting, iis: IisVersion,
): { element: XmlElement; problem?: ConfigProblem } {
  const { element, problems } = mergeSection(name, SECTIONS.get(name)!, parts);
  const inFiles = parts.flatMap(({ element: one, file }) => layers.flatMap(layer =>
    (layer.file.checked.inSections.get(one) ?? []).map(problem => ({ file, ...problem }))));
  // IIS 10 is taken to be one where an administrator has unlocked webSocket, which is locked until
  // then.
  const unlocked = (problem: ConfigProblem) =>
    iis === '10' && name === 'system.webServer/webSocket'
    && problem.element === name && problem.code === LOCKED;
  return { element, problem: [...inFiles, ...problems].find(problem => !unlocked(problem)) };
}

function readSections(
  sections: Map<string, XmlElement>, problems: Map<string, string>,
): Omit<SiteConfig, 'integratedMode' | 'notCarriedOut' | 'staticContentProblem'> {
  const server = (name: string) => sections.get(`system.webServer/${name}`);
  const problemOf = (name: string) => problems.get(`system.webServer/${name}`);
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
      ? children(
          find(server('defaultDocument'), 'files'), 'add',
        ).map(add => add.attributes.value ?? '')
      : [],
    mimeTypes: values(server('staticContent'), 'fileExtension', 'mimeType', 'mimeMap'),
    webSocketEnabled: is(server('webSocket'), 'enabled', true),
    caching: readCaching(server('caching')),
    allowKeepAlive: is(server('httpProtocol'), 'allowKeepAlive', true),
    dynamicCompression: is(server('urlCompression'), 'doDynamicCompression', true),
  };
}

/**
 * The sections of <rewrite>: as its one element, which rewrite.ts reads, and the outbound rules.
 */
function readRewrite(
  sections: Map<string, XmlElement>, problems: Map<string, string>,
): Pick<SiteConfig, 'rewrite' | 'outbound'> {
  const group = 'system.webServer/rewrite/';
  const none = () => null;
  const [wrong] = Array.from(problems).filter(([name]) => name.startsWith(group));
  if (wrong) return { rewrite: new Error(wrong[1]), outbound: none };
  const inside = Array.from(sections).filter(([name]) => name.startsWith(group));
  const children = inside.map(([, section]) => section);
  try {
    return {
      rewrite: readRules({ name: 'rewrite', attributes: {}, children, line: 0 }),
      outbound: readOutboundRules(sections.get(`${group}outboundRules`)),
    };
  } catch (error) {
    return { rewrite: error as Error, outbound: none };
  }
}

function readHandlers(element: XmlElement | undefined): Handler[] {
  // Those of .NET are known by their names alone (server-defaults.ts).
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
  // The server's own pages say what those of respond.ts say.
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

/** A collection of entries with a key and a value each. */
function values(
  element: XmlElement | undefined, key: string, value: string, add = 'add',
): Map<string, string> {
  return new Map(children(element, add)
    .map(({ attributes }) => [attributes[key] ?? '', attributes[value] ?? '']));
}
