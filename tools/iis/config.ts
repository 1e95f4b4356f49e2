/* What a web.config says, merged into what IIS has by default. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { checkWebConfig, ConfigProblem, LOCKED } from './check';
import { collect, find, is, named, values } from './collection';
import { mimeTypes } from './mime-types';
import { readRules, Rules } from './rewrite';
import { DEFAULT_DOCUMENTS, DEFAULT_HANDLERS, DENIED_EXTENSIONS, HIDDEN_SEGMENTS } from './server-defaults';
import { parseXml, XmlElement } from './xml';

export type IisVersion = '7.5' | '10';

/** A web.config that IIS does not take: every request of the application is answered 500.19. */
export class WebConfigError extends Error {
  constructor(readonly file: string, readonly problem: ConfigProblem) {
    super(`${[file, `line ${problem.line}`, problem.element].filter(Boolean).join(', ')}: ${problem.message} (${problem.code})`);
  }
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
  /** The rules, or why they cannot be read: IIS then answers 500.50. */
  rewrite: Rules | Error;
  iisnode: Record<string, string>;
  httpErrors: HttpErrors;
  filtering: RequestFiltering;
  customHeaders: Map<string, string>;
  defaultDocuments: string[];
  mimeTypes: Map<string, string>;
  webSocketEnabled: boolean;
  dynamicCompression: boolean;
  /** Parts of web.config that the stand-in reads and does not carry out. */
  notCarriedOut: string[];
}

const NOT_CARRIED_OUT = ['rewrite/outboundRules', 'security/authorization', 'httpRedirect', 'caching', 'tracing/traceFailedRequests'];

/**
 * Reads the web.config of a folder; without one IIS's defaults hold.
 * @throws WebConfigError for the first thing that IIS would refuse
 */
export function readSiteConfig(folder: string, iis: IisVersion): SiteConfig {
  const file = path.join(folder, 'web.config');
  let text = '<configuration />';
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') throw new WebConfigError(file, { line: 0, element: '', message: `Cannot read configuration file: ${message}`, code: '0x80070005' });
  }
  // IIS 10 is taken to be one where an administrator has unlocked webSocket, which is locked until then.
  const [problem] = checkWebConfig(text, iis).filter(({ element, code }) => !(iis === '10' && element === 'system.webServer/webSocket' && code === LOCKED));
  if (problem) throw new WebConfigError(file, problem);

  const configuration = parseXml(text);
  // <location path="."> is the folder itself; other locations are not of this application.
  const locations = configuration.children.filter(({ name, attributes }) => name === 'location' && ['', '.'].includes(attributes.path ?? ''));
  const roots = [configuration, ...locations];
  const section = (name: string) => roots.map(root => find(root, name)).find(found => found !== undefined);
  const server = (name: string) => section(`system.webServer/${name}`);
  return {
    appSettings: Array.from(values(section('appSettings'), [], 'key', 'value')),
    handlers: readHandlers(server('handlers')),
    rewrite: tryTo(() => readRules(server('rewrite'))),
    iisnode: server('iisnode')?.attributes ?? {},
    httpErrors: readHttpErrors(server('httpErrors')),
    filtering: readFiltering(server('security/requestFiltering')),
    customHeaders: values(find(server('httpProtocol'), 'customHeaders'), [['X-Powered-By', 'ASP.NET']], 'name', 'value'),
    defaultDocuments: is(server('defaultDocument'), 'enabled', true)
      ? Array.from(collect(find(server('defaultDocument'), 'files'), named(DEFAULT_DOCUMENTS), 'value', { inFront: true }).keys())
      : [],
    mimeTypes: values(server('staticContent'), mimeTypes(iis), 'fileExtension', 'mimeType'),
    webSocketEnabled: is(server('webSocket'), 'enabled', true),
    dynamicCompression: is(server('urlCompression'), 'doDynamicCompression', true),
    notCarriedOut: NOT_CARRIED_OUT.filter(name => server(name) !== undefined).map(name => `system.webServer/${name}`),
  };
}

function readHandlers(element: XmlElement | undefined): Handler[] {
  const defaults = new Map(DEFAULT_HANDLERS.map(handler => [handler.name, { name: 'add', attributes: { ...handler }, children: [], line: 0 }]));
  return Array.from(collect(element, defaults, 'name', { inFront: true }).values(), ({ attributes }) => ({
    name: attributes.name ?? '',
    path: attributes.path ?? '',
    verbs: (attributes.verb ?? '').split(',').map(verb => verb.trim().toUpperCase()),
    modules: attributes.modules ?? '',
    resourceType: attributes.resourceType ?? 'Unspecified',
  }));
}

function readHttpErrors(element: XmlElement | undefined): HttpErrors {
  const errors = collect(element, new Map(), ['statusCode', 'subStatusCode'], { add: 'error' });
  return {
    existingResponse: element?.attributes.existingResponse ?? 'Auto',
    errorMode: element?.attributes.errorMode ?? 'DetailedLocalOnly',
    errors: Array.from(errors.values(), ({ attributes }) => ({
      status: Number(attributes.statusCode),
      substatus: Number(attributes.subStatusCode ?? -1),
      path: attributes.path ?? '',
      responseMode: attributes.responseMode ?? 'File',
    })),
  };
}

function readFiltering(element: XmlElement | undefined): RequestFiltering {
  const limits = find(element, 'requestLimits');
  const allowed = (name: string, key: string, defaults: [string, string][]) =>
    new Map(Array.from(values(find(element, name), defaults, key, 'allowed'), ([one, value]) => [one.toLowerCase(), value.toLowerCase() === 'true']));
  const sequences = (name: string, key: string) => Array.from(collect(find(element, name), new Map(), key).keys());
  const limit = (name: string, otherwise: number) => Number(limits?.attributes[name] ?? otherwise);
  return {
    allowDoubleEscaping: is(element, 'allowDoubleEscaping', false),
    allowHighBitCharacters: is(element, 'allowHighBitCharacters', true),
    hiddenSegments: Array.from(collect(find(element, 'hiddenSegments'), named(HIDDEN_SEGMENTS), 'segment').keys(), one => one.toLowerCase()),
    extensions: allowed('fileExtensions', 'fileExtension', DENIED_EXTENSIONS.map(one => [one, 'false'])),
    allowUnlistedExtensions: is(find(element, 'fileExtensions'), 'allowUnlisted', true),
    verbs: allowed('verbs', 'verb', []),
    allowUnlistedVerbs: is(find(element, 'verbs'), 'allowUnlisted', true),
    maxContentLength: limit('maxAllowedContentLength', 30000000),
    maxUrl: limit('maxUrl', 4096),
    maxQueryString: limit('maxQueryString', 2048),
    headerLimits: new Map(Array.from(values(find(limits, 'headerLimits'), [], 'header', 'sizeLimit'), ([name, size]) => [name.toLowerCase(), Number(size)])),
    denyUrlSequences: sequences('denyUrlSequences', 'sequence'),
    denyQueryStringSequences: sequences('denyQueryStringSequences', 'sequence'),
  };
}

function tryTo<T>(read: () => T): T | Error {
  try {
    return read();
  } catch (error) {
    return error as Error;
  }
}
