/* What of a configuration the stand-in does, and the names of what it does not. */
import { DOT_NET } from './check';
import type { Counting } from './layers';
import { ElementSchema, SECTIONS } from './schema';
import type { XmlElement } from './xml';

/**
 * What is carried out, by section: the attributes of the section, and of the elements inside of it.
 * `*` stands for all attributes, `-name` for one that is left out, `-name=value` for one of its
 * values.
 */
const CARRIED_OUT = `
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

/** By section, and the path of an element in it: which attributes are carried out. */
const carriedOut = readTable(CARRIED_OUT);

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
 * Each part of the files that is read and not carried out, once, by its name, with where it stands.
 */
export function notCarriedOut({ layers }: Counting): string[] {
  const found = new Map<string, string>();
  const say = (name: string, file: string, line: number) => {
    if (!found.has(name)) found.set(name, `${name} (${file}, line ${line})`);
  };
  for (const { element, file } of layers) {
    for (const child of element.children) {
      if (DOT_NET.has(child.name) && child.name !== 'configSections') {
        say(child.name, file.file, child.line);
      }
    }
    for (const section of file.checked.sections.keys()) {
      if (!isInside(section, element)) continue;
      const name = file.checked.sections.get(section)!;
      // One that its server has locked, or that has a fault, is an error, which says so itself.
      if (file.checked.inSections.get(section)!.length > 0) continue;
      walk(
        section, name, SECTIONS.get(name)!, (at, line) => say(at, section.file ?? file.file, line),
      );
    }
  }
  return Array.from(found.values());
}

/** A section of the layer itself, not of a <location> in the same file. */
function isInside(section: XmlElement, layer: XmlElement): boolean {
  let at: XmlElement | undefined = section;
  while (at && at !== layer && at.name !== 'location') at = at.parent;
  return at === layer;
}

function walk(
  element: XmlElement, path: string, schema: ElementSchema, say: (
    name: string, line: number,
  ) => void,
): void {
  const done = carriedOut.get(path);
  const inside = Array.from(carriedOut.keys()).some(one => one.startsWith(`${path}/`));
  if (!done && !inside) {
    // A collection that is emptied is not there, which is what the stand-in does.
    const isEmptied = element.children.length > 0 &&
      element.children.every(({ name }) => name === 'clear');
    if (!isEmptied) say(path, element.line);
    return;
  }
  for (const [name, value] of Object.entries(element.attributes)) {
    const attribute = schema.attributes.get(name);
    if (!attribute || attribute.key || value === attribute.default) continue;
    const carried = done?.has(name) || (done?.has('*') && !done.has(`-${name}`));
    // The stand-in never compresses files: "false" is what it does.
    const same = name === 'doStaticCompression' && value.toLowerCase() === 'false';
    if (!carried && !same) say(`${path}/@${name}`, element.line);
    else if (done?.has(`-${name}=${value}`)) say(`${path}/@${name}=${value}`, element.line);
  }
  for (const child of element.children) {
    const collection = schema.collections.find(one => one.add === child.name);
    const inner = schema.elements.get(child.name) ?? collection?.entry;
    if (inner) walk(child, `${path}/${child.name}`, inner, say);
  }
}
