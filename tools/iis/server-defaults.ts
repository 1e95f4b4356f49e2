/*
 * The collections in the applicationHost.config of a fresh IIS with ASP.NET. They are in force in
 * every application. If a web.config adds one of their entries again, IIS answers 500.19.
 */
import { mimeTypes } from './mime-types';
import { SECTIONS } from './schema';
import type { XmlElement } from './xml';

/** The segments of a URL that IIS does not serve (404.8), in any case of letters. */
export const HIDDEN_SEGMENTS = [
  'web.config', 'bin', 'App_code', 'App_GlobalResources', 'App_LocalResources',
  'App_WebReferences', 'App_Data', 'App_Browsers',
];

/** The file extensions that IIS does not serve (404.7). The installation of ASP.NET adds them. */
export const DENIED_EXTENSIONS = `
  .asax .ascx .master .skin .browser .sitemap .config .cs .csproj .vb .vbproj .webinfo .licx .resx
  .resources .mdb .vjsproj .java .jsl .ldb .dsdgm .ssdgm .lsad .ssmap .cd .dsprototype
  .lsaprototype .sdm .sdmDocument .mdf .ldf .ad .dd .ldd .sd .adprototype .lddprototype .exclude
  .refresh .compiled .msgx .vsdisco .rules
`.trim().split(/\s+/);

/**
 * The files that IIS looks for, in this order, if the URL is the URL of a folder. ASP.NET adds the
 * last file.
 */
export const DEFAULT_DOCUMENTS = [
  'Default.htm', 'Default.asp', 'index.htm', 'index.html', 'iisstart.htm', 'default.aspx',
];

export interface DefaultHandler {
  name: string;
  path: string;
  verb: string;
  /** The native modules that answer. */
  modules: string;
}

/** The handlers of every IIS, in their order. */
export const DEFAULT_HANDLERS: DefaultHandler[] = [
  { name: 'TRACEVerbHandler', path: '*', verb: 'TRACE', modules: 'ProtocolSupportModule' },
  { name: 'OPTIONSVerbHandler', path: '*', verb: 'OPTIONS', modules: 'ProtocolSupportModule' },
  {
    name: 'StaticFile',
    path: '*',
    verb: '*',
    modules: 'StaticFileModule,DefaultDocumentModule,DirectoryListingModule',
  },
];

/**
 * The names of the handlers that ASP.NET 4 adds. Only their names matter here: preview runs no
 * .NET, but IIS refuses a web.config that adds one of the names again.
 */
const ASP_NET_HANDLERS = [
  ...forEachPipeline([
    'PageHandlerFactory', 'SimpleHandlerFactory', 'WebServiceHandlerFactory',
    'HttpRemotingHandlerFactory-rem', 'HttpRemotingHandlerFactory-soap', 'aspq', 'cshtm', 'cshtml',
    'vbhtm', 'vbhtml', 'svc', 'rules', 'xoml', 'xamlx',
  ]),
  'ISAPI-dll', 'AXD-ISAPI-4.0_32bit', 'AXD-ISAPI-4.0_64bit', 'TraceHandler-Integrated-4.0',
  'WebAdminHandler-Integrated-4.0', 'AssemblyResourceLoader-Integrated-4.0',
  'ScriptHandlerFactoryAppServices-Integrated-4.0', 'ScriptResourceIntegrated-4.0',
  // .NET 4.5 has given this handler its name. IIS 7.5 and IIS 10 both run .NET 4.5.
  ...forEachPipeline(['ExtensionlessUrlHandler']),
];

/** Lists the handlers of each name: ASP.NET has one for integrated mode, two for classic mode. */
function forEachPipeline(names: string[]): string[] {
  const kinds = ['Integrated-4.0', 'ISAPI-4.0_32bit', 'ISAPI-4.0_64bit'];
  return names.flatMap(name => kinds.map(kind => `${name}-${kind}`));
}

// The statuses that have an error page of their own. Sub-status -1 stands for any sub-status.
const ERROR_PAGES = [401, 403, 404, 405, 406, 412, 500, 501, 502];

/**
 * The attributes that the server locks in sections that are not locked. If a web.config sets such
 * an attribute, IIS answers 500.19.
 */
export const LOCKED_ATTRIBUTES: Record<string, string[]> = {
  'system.webServer/httpErrors': ['allowAbsolutePathsWhenDelegated', 'defaultPath'],
  'system.webServer/staticContent': ['isDocFooterFileName'],
};

/**
 * Lists the keys of the entries in the server's own collections, by the path of the collection's
 * element. Each entry is a list of the values of its key attributes, in the order of the schema.
 */
export function serverEntries(iis: '7.5' | '10'): Map<string, string[][]> {
  const filtering = 'system.webServer/security/requestFiltering';
  const entries: [string, string[]][] = [
    [`${filtering}/hiddenSegments`, HIDDEN_SEGMENTS],
    [`${filtering}/fileExtensions`, DENIED_EXTENSIONS],
    ['system.webServer/defaultDocument/files', DEFAULT_DOCUMENTS],
    ['system.webServer/httpProtocol/customHeaders', ['X-Powered-By']],
    ['system.webServer/staticContent', [...mimeTypes(iis).keys()]],
    ['system.webServer/handlers', [
      ...DEFAULT_HANDLERS.map(handler => handler.name), ...ASP_NET_HANDLERS,
    ]],
  ];
  return new Map<string, string[][]>([
    ...entries.map(([path, keys]): [string, string[][]] => [path, keys.map(key => [key])]),
    ['system.webServer/httpErrors', ERROR_PAGES.map(status => [String(status), '-1'])],
  ]);
}

/**
 * Makes the server's own configuration, as the root element of a file, which comes before every
 * web.config. Most entries have only their keys.
 */
export function serverConfiguration(iis: '7.5' | '10'): XmlElement {
  const known = configurations.get(iis);
  if (known) return known;
  const root = emptyElement('configuration');
  for (const [path, keys] of serverEntries(iis)) {
    const { add, names } = collectionOf(path);
    const element = path.split('/').reduce(childOf, root);
    for (const values of keys) {
      const entry = emptyElement(add);
      names.forEach((name, at) => entry.attributes[name] = values[at]!);
      Object.assign(entry.attributes, otherAttributes(path, values[0]!, iis));
      element.children.push(entry);
    }
  }
  configurations.set(iis, root);
  return root;
}

const configurations = new Map<string, XmlElement>();

/** Makes the attributes of an entry beside its keys. */
function otherAttributes(path: string, key: string, iis: '7.5' | '10'): Record<string, string> {
  switch (path.slice(path.lastIndexOf('/') + 1)) {
    case 'fileExtensions': return { allowed: 'false' };
    case 'customHeaders': return { value: 'ASP.NET' };
    case 'staticContent': return { mimeType: mimeTypes(iis).get(key)! };
    case 'handlers': return { ...DEFAULT_HANDLERS.find(handler => handler.name === key) };
    default: return {};
  }
}

function emptyElement(name: string): XmlElement {
  return { name, attributes: {}, children: [], line: 0 };
}

function childOf(parent: XmlElement, name: string): XmlElement {
  const there = parent.children.find(child => child.name === name);
  if (there) return there;
  const child = emptyElement(name);
  parent.children.push(child);
  return child;
}

/**
 * Finds the collection at the path of its element.
 * @returns the name of the element that adds an entry, and the names of the entry's keys
 */
function collectionOf(path: string): { add: string; names: string[] } {
  const section = Array.from(SECTIONS.keys())
    .find(name => path === name || path.startsWith(`${name}/`))!;
  const steps = path.slice(section.length).split('/').filter(Boolean);
  const schema = steps.reduce((at, step) => at.elements.get(step)!, SECTIONS.get(section)!);
  const { add, entry } = schema.collections[0]!;
  const keys = Array.from(entry.attributes.values()).filter(attribute => attribute.key);
  return { add, names: keys.map(attribute => attribute.name) };
}
