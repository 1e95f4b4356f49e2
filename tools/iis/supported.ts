/* The settings that the stand-in supports. preview names the settings that it does not support. */
import { DOT_NET } from './check';
import type { AppliedConfig } from './layers';
import { ElementSchema, SECTIONS } from './schema';
import type { XmlElement } from './xml';

/**
 * The attributes that are supported: a line for each section, and for each element inside of it.
 * `*` stands for all attributes, `-name` for an attribute that is not supported, `-name=value` for
 * a value that is not supported.
 */
const SUPPORTED = `
appSettings
  add *
system.webServer/caching enabled
  profiles/add * -kernelCachePolicy
system.webServer/defaultDocument enabled
  files/add *
system.webServer/handlers
  add name path verb modules resourceType
system.webServer/httpErrors errorMode existingResponse
  error statusCode subStatusCode path responseMode -responseMode=ExecuteURL
system.webServer/httpProtocol allowKeepAlive
  customHeaders/add *
system.webServer/httpRedirect enabled destination exactDestination childOnly httpResponseStatus
system.webServer/iisnode * -asyncCompletionThreadCount -debuggerExtensionDll -debuggerVirtualDir
  & -debuggerPortRange -idlePageOutTimePeriod -initialRequestBufferSize
  & -uncFileChangesPollingInterval
system.webServer/rewrite/rewriteMaps
  rewriteMap *
  rewriteMap/add *
system.webServer/rewrite/rules
  rule *
  rule/match *
  rule/conditions *
  rule/conditions/add *
  rule/serverVariables/set *
  rule/action * -logRewrittenUrl
system.webServer/security/requestFiltering allowDoubleEscaping allowHighBitCharacters
  denyUrlSequences/add *
  denyQueryStringSequences/add *
  fileExtensions allowUnlisted
  fileExtensions/add *
  hiddenSegments/add *
  requestLimits *
  requestLimits/headerLimits/add *
  verbs allowUnlisted
  verbs/add *
system.webServer/staticContent
  mimeMap *
system.webServer/urlCompression doDynamicCompression
system.webServer/validation validateIntegratedModeConfiguration
system.webServer/webSocket enabled
`;

/**
 * The attributes for which a fresh IIS has another value than the schema's default. So a file that
 * sets the schema's default changes something.
 */
const OF_THE_SERVER = new Map([['system.webServer/handlers/@accessPolicy', 'Read, Script']]);

/** The supported attributes, by the name of a section, or the path of an element in it. */
const supported = readTable(SUPPORTED);

function readTable(text: string): Map<string, Set<string>> {
  const table = new Map<string, Set<string>>();
  let section = '';
  for (const line of text.trim().replace(/\n {2}& /g, ' ').split('\n')) {
    const [name, ...attributes] = line.trim().split(' ');
    if (!line.startsWith(' ')) section = name!;
    table.set(line.startsWith(' ') ? `${section}/${name!}` : section, new Set(attributes));
  }
  return table;
}

/**
 * Finds settings in the files that the stand-in does not support.
 * @returns the name, the file and the line of each, once
 */
export function findUnsupported({ layers }: AppliedConfig): string[] {
  const found = new Map<string, string>();
  const report = (name: string, file: string, line: number) => {
    if (!found.has(name)) found.set(name, `${name} (${file}, line ${line})`);
  };
  for (const { element, file, base } of layers) {
    for (const child of element.children) {
      if (DOT_NET.has(child.name) && child.name !== 'configSections') {
        report(child.name, file.file, child.line);
      }
    }
    for (const section of file.checked.sections.keys()) {
      // A <location> in the application's own file is for some URL of the application, so its
      // sections count here, too.
      if (base !== undefined && !isInside(section, element)) continue;
      const name = file.checked.sections.get(section)!;
      // A section that is locked, or that has a mistake, is an error already.
      if (file.checked.inSections.get(section)!.length > 0) continue;
      const source = section.file ?? file.file;
      walk(section, name, SECTIONS.get(name)!, (at, line) => report(at, source, line));
    }
  }
  return Array.from(found.values());
}

/** Says whether a section belongs to the layer itself, not to a <location> in the same file. */
function isInside(section: XmlElement, layer: XmlElement): boolean {
  let at: XmlElement | undefined = section;
  while (at && at !== layer && at.name !== 'location') at = at.parent;
  return at === layer;
}

type Report = (name: string, line: number) => void;

function walk(element: XmlElement, path: string, schema: ElementSchema, report: Report): void {
  const attributes = supported.get(path);
  const isParent = Array.from(supported.keys()).some(one => one.startsWith(`${path}/`));
  if (!attributes && !isParent) {
    // The stand-in behaves as if the collection were empty, so emptying it changes nothing.
    const isEmptied = element.children.length > 0 &&
      element.children.every(({ name }) => name === 'clear');
    if (!isEmptied) report(path, element.line);
    return;
  }
  for (const [name, value] of Object.entries(element.attributes)) {
    const attribute = schema.attributes.get(name);
    const usual = OF_THE_SERVER.get(`${path}/@${name}`) ?? attribute?.default;
    if (!attribute || attribute.key || value === usual) continue;
    const isSupported = attributes?.has(name)
      || (attributes?.has('*') && !attributes.has(`-${name}`));
    // The stand-in never compresses files, so "false" changes nothing.
    const isWithoutEffect = name === 'doStaticCompression' && value.toLowerCase() === 'false';
    if (!isSupported && !isWithoutEffect) {
      report(`${path}/@${name}`, element.line);
    } else if (attributes?.has(`-${name}=${value}`)) {
      report(`${path}/@${name}=${value}`, element.line);
    }
  }
  for (const child of element.children) {
    const collection = schema.collections.find(one => one.add === child.name);
    const inner = schema.elements.get(child.name) ?? collection?.entry;
    if (inner) walk(child, `${path}/${child.name}`, inner, report);
  }
}
