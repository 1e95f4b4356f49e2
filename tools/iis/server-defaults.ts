/* What the applicationHost.config of a fresh IIS with ASP.NET holds, where a web.config is apt to add to it: an entry that is
   already there is a 500.19, and what is there is in force. */
import { mimeTypes } from './mime-types';
import { SECTIONS } from './schema';
import type { XmlElement } from './xml';

/** Segments of a URL that are not served (404.8). Case does not matter. */
export const HIDDEN_SEGMENTS = [
  'web.config', 'bin', 'App_code', 'App_GlobalResources', 'App_LocalResources', 'App_WebReferences', 'App_Data', 'App_Browsers',
];

/** File extensions that are not served (404.7). ASP.NET's installation puts them there. */
export const DENIED_EXTENSIONS = `
  .asax .ascx .master .skin .browser .sitemap .config .cs .csproj .vb .vbproj .webinfo .licx .resx .resources .mdb .vjsproj .java .jsl
  .ldb .dsdgm .ssdgm .lsad .ssmap .cd .dsprototype .lsaprototype .sdm .sdmDocument .mdf .ldf .ad .dd .ldd .sd .adprototype
  .lddprototype .exclude .refresh .compiled .msgx .vsdisco .rules
`.trim().split(/\s+/);

/** What is looked for when a folder is asked for, in this order. The last is of ASP.NET's installation. */
export const DEFAULT_DOCUMENTS = ['Default.htm', 'Default.asp', 'index.htm', 'index.html', 'iisstart.htm', 'default.aspx'];

export interface DefaultHandler {
  name: string;
  path: string;
  verb: string;
  /** The native modules that answer; those of .NET handlers are not told apart. */
  modules: string;
}

/** Handlers of every IIS, in their order. */
export const DEFAULT_HANDLERS: DefaultHandler[] = [
  { name: 'TRACEVerbHandler', path: '*', verb: 'TRACE', modules: 'ProtocolSupportModule' },
  { name: 'OPTIONSVerbHandler', path: '*', verb: 'OPTIONS', modules: 'ProtocolSupportModule' },
  { name: 'StaticFile', path: '*', verb: '*', modules: 'StaticFileModule,DefaultDocumentModule,DirectoryListingModule' },
];

// Handlers that ASP.NET 4 adds. Of each of the first kind there are three: …-Integrated-4.0, …-ISAPI-4.0_32bit and …-ISAPI-4.0_64bit.
const ASP_NET = [
  'PageHandlerFactory', 'SimpleHandlerFactory', 'WebServiceHandlerFactory', 'HttpRemotingHandlerFactory-rem',
  'HttpRemotingHandlerFactory-soap', 'aspq', 'cshtm', 'cshtml', 'vbhtm', 'vbhtml', 'svc', 'rules', 'xoml', 'xamlx',
].flatMap(name => ['Integrated-4.0', 'ISAPI-4.0_32bit', 'ISAPI-4.0_64bit'].map(kind => `${name}-${kind}`));
const ASP_NET_OTHERS = [
  'ISAPI-dll', 'AXD-ISAPI-4.0_32bit', 'AXD-ISAPI-4.0_64bit', 'TraceHandler-Integrated-4.0', 'WebAdminHandler-Integrated-4.0',
  'AssemblyResourceLoader-Integrated-4.0', 'ScriptHandlerFactoryAppServices-Integrated-4.0', 'ScriptResourceIntegrated-4.0',
];
// Renamed in .NET 4.5, which runs on both.
const EXTENSIONLESS = ['ExtensionlessUrlHandler-Integrated-4.0', 'ExtensionlessUrlHandler-ISAPI-4.0_32bit', 'ExtensionlessUrlHandler-ISAPI-4.0_64bit'];

// Status codes that have a page of their own, each with sub-status -1 (any).
const ERROR_PAGES = [401, 403, 404, 405, 406, 412, 500, 501, 502];

/** Attributes that the server locks in sections it leaves open: setting one is a lock violation (500.19). */
export const LOCKED_ATTRIBUTES: Record<string, string[]> = {
  'system.webServer/httpErrors': ['allowAbsolutePathsWhenDelegated', 'defaultPath'],
  'system.webServer/staticContent': ['isDocFooterFileName'],
};

/**
 * The keys of the entries that the server's own collections hold: by the path of the collection's element, each entry as the
 * values of its key attributes in the order of the schema.
 */
export function serverEntries(iis: '7.5' | '10'): Map<string, string[][]> {
  const filtering = 'system.webServer/security/requestFiltering';
  const entries: [string, string[]][] = [
    [`${filtering}/hiddenSegments`, HIDDEN_SEGMENTS],
    [`${filtering}/fileExtensions`, DENIED_EXTENSIONS],
    ['system.webServer/defaultDocument/files', DEFAULT_DOCUMENTS],
    ['system.webServer/httpProtocol/customHeaders', ['X-Powered-By']],
    ['system.webServer/staticContent', [...mimeTypes(iis).keys()]],
    ['system.webServer/handlers', [...DEFAULT_HANDLERS.map(handler => handler.name), ...ASP_NET, ...ASP_NET_OTHERS, ...EXTENSIONLESS]],
  ];
  return new Map<string, string[][]>([
    ...entries.map(([path, keys]): [string, string[][]] => [path, keys.map(key => [key])]),
    ['system.webServer/httpErrors', ERROR_PAGES.map(status => [String(status), '-1'])],
  ]);
}

/**
 * The server's own configuration, as a file that comes before every web.config. Entries that matter
 * by their key alone have nothing else.
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
      Object.assign(entry.attributes, more(path, values[0]!, iis));
      element.children.push(entry);
    }
  }
  configurations.set(iis, root);
  return root;
}

const configurations = new Map<string, XmlElement>();

/** What an entry says beside its key. */
function more(path: string, key: string, iis: '7.5' | '10'): Record<string, string> {
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

/** The collection at the path of its element: what adds an entry, and the entry's keys. */
function collectionOf(path: string): { add: string; names: string[] } {
  const section = Array.from(SECTIONS.keys())
    .find(name => path === name || path.startsWith(`${name}/`))!;
  const steps = path.slice(section.length).split('/').filter(Boolean);
  const schema = steps.reduce((at, step) => at.elements.get(step)!, SECTIONS.get(section)!);
  const { add, entry } = schema.collections[0]!;
  const keys = Array.from(entry.attributes.values()).filter(attribute => attribute.key);
  return { add, names: keys.map(attribute => attribute.name) };
}
