/* URL Rewrite 2: the inbound rules of a web.config, read once and carried out for each request. */
import { children, find, is } from './collection';
import { compile, decode, References, RewriteMap, Template } from './rewrite-template';
import type { XmlElement } from './xml';

/** A request as the rules see it. */
export interface RewriteRequest {
  /** Percent-decoded, from the site's root: '/app/socket/1/'. */
  path: string;
  /** Without the question mark, as it was sent. */
  query: string;
  /** The URL of the folder that holds the rules: '/' or '/app/'. A rule sees what comes behind it. */
  base: string;
  /** A server variable as it is for this path and query. */
  variable: (name: string, path: string, query: string) => string;
  isFile: (physicalPath: string) => boolean;
  isDirectory: (physicalPath: string) => boolean;
}

export type RewriteResult =
  | { kind: 'pass'; rules: string[] }
  | { kind: 'rewrite'; rules: string[]; path: string; query: string }
  /** To another server, for which IIS needs a module that is a proxy. */
  | { kind: 'proxy'; rules: string[]; url: string }
  | { kind: 'redirect'; rules: string[]; status: number; url: string }
  | { kind: 'custom'; rules: string[]; status: number; substatus: number; reason: string; description: string }
  | { kind: 'abort'; rules: string[] }
  | { kind: 'error'; rules: string[]; message: string };

export type Rules = (request: RewriteRequest) => RewriteResult;

/** What a pattern captured, [0] the whole match; null if it does not match. */
type Pattern = (text: string) => string[] | null;

interface Condition {
  input: Template;
  negate: boolean;
  type: string;
  pattern: Pattern;
}

interface Rule {
  name: string;
  stop: boolean;
  pattern: Pattern;
  negate: boolean;
  conditions: Condition[];
  any: boolean;
  trackAll: boolean;
  setsVariables: boolean;
  action: Record<string, string>;
  url: Template;
  description: Template;
}

const REDIRECTS: Record<string, number> = { permanent: 301, found: 302, seeother: 303, temporary: 307 };

/**
 * Reads the rules of a <rewrite> element.
 * @returns what carries them out, in order
 * @throws Error for a pattern or a string that cannot be used: IIS answers 500.50 to every request
 */
export function readRules(rewrite: XmlElement | undefined): Rules {
  const maps = readMaps(find(rewrite, 'rewriteMaps'));
  const rules = children(find(rewrite, 'rules'), 'rule')
    .filter(rule => is(rule, 'enabled', true))
    .map(rule => readRule(rule, maps));
  return request => carryOut(rules, request);
}

function readMaps(element: XmlElement | undefined): Map<string, RewriteMap> {
  return new Map(children(element, 'rewriteMap').map(map => {
    const ignoreCase = is(map, 'ignoreCase', true);
    const fold = (key: string) => ignoreCase ? key.toLowerCase() : key;
    const entries = new Map(children(map, 'add').map(add => [fold(add.attributes.key ?? ''), add.attributes.value ?? '']));
    const otherwise = map.attributes.defaultValue ?? '';
    return [(map.attributes.name ?? '').toLowerCase(), (key: string) => entries.get(fold(key)) ?? otherwise];
  }));
}

function readRule(rule: XmlElement, maps: Map<string, RewriteMap>): Rule {
  const match = find(rule, 'match');
  const action = find(rule, 'action')?.attributes ?? {};
  const name = rule.attributes.name ?? '';
  const syntax = (rule.attributes.patternSyntax ?? 'ECMAScript').toLowerCase();
  const conditions = find(rule, 'conditions');
  return {
    name,
    stop: is(rule, 'stopProcessing', false),
    // Published rules leave <match> out to take every URL, and <action> to do nothing.
    pattern: match?.attributes.url === undefined ? text => [text] : readPattern(match.attributes.url, syntax, is(match, 'ignoreCase', true)),
    negate: is(match, 'negate', false),
    conditions: children(conditions, 'add').map(add => ({
      input: compile(add.attributes.input ?? '', maps),
      negate: is(add, 'negate', false),
      type: (add.attributes.matchType ?? 'Pattern').toLowerCase(),
      pattern: readPattern(add.attributes.pattern ?? '', syntax, is(add, 'ignoreCase', true)),
    })),
    any: conditions?.attributes.logicalGrouping?.toLowerCase() === 'matchany',
    trackAll: is(conditions, 'trackAllCaptures', false),
    setsVariables: children(find(rule, 'serverVariables'), 'set').length > 0,
    action,
    url: compile(action.url ?? '', maps),
    description: compile(action.statusDescription ?? '', maps),
  };
}

function readPattern(pattern: string, syntax: string, ignoreCase: boolean): Pattern {
  if (syntax === 'exactmatch') {
    const fold = (text: string) => ignoreCase ? text.toLowerCase() : text;
    return text => fold(text) === fold(pattern) ? [text] : null;
  }
  const source = syntax === 'wildcard'
    ? `^${pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '(.*)').replace(/\?/g, '.')}$`
    : pattern;
  const expression = new RegExp(source, ignoreCase ? 'i' : '');
  return text => {
    const found = expression.exec(text);
    return found && Array.from(found, group => group ?? '');
  };
}

function carryOut(rules: Rule[], request: RewriteRequest): RewriteResult {
  let { path, query } = request;
  let rewritten = false;
  const matched: string[] = [];
  for (const rule of rules) {
    // Outside the folder, after a rewrite to another application, the rules do not apply any more.
    if (!path.toLowerCase().startsWith(request.base.toLowerCase()) && `${path}/`.toLowerCase() !== request.base.toLowerCase()) break;
    const found = rule.pattern(path.slice(request.base.length));
    if ((found !== null) === rule.negate) continue;
    const references: References = {
      rule: rule.negate ? [] : found!,
      condition: [],
      variable: name => request.variable(name, path, query),
    };
    if (!conditionsHold(rule, references, request)) continue;

    matched.push(rule.name);
    if (rule.setsVariables) {
      // rewrite/allowedServerVariables is empty, and locked, unless an administrator of the server fills it.
      return { kind: 'error', rules: matched, message: `rule "${rule.name}" sets a server variable that is not allowed` };
    }
    const { action } = rule;
    const ownQuery = action.appendQueryString?.toLowerCase() === 'false';
    const target = () => absolute(withQuery(rule.url(references), ownQuery ? '' : query), request.base);
    switch (action.type) {
      case 'AbortRequest': return { kind: 'abort', rules: matched };
      case 'CustomResponse':
        return {
          kind: 'custom',
          rules: matched,
          status: Number(action.statusCode ?? 0),
          substatus: Number(action.subStatusCode ?? 0),
          reason: action.statusReason ?? '',
          description: rule.description(references),
        };
      case 'Redirect':
        return { kind: 'redirect', rules: matched, status: REDIRECTS[(action.redirectType ?? 'Permanent').toLowerCase()] ?? 301, url: target() };
      case 'Rewrite': {
        const url = target();
        if (/^https?:/i.test(url)) return { kind: 'proxy', rules: matched, url };
        const mark = url.indexOf('?');
        path = decode(mark < 0 ? url : url.slice(0, mark));
        query = mark < 0 ? '' : url.slice(mark + 1);
        rewritten = true;
      }
    }
    if (rule.stop) break;
  }
  return rewritten ? { kind: 'rewrite', rules: matched, path, query } : { kind: 'pass', rules: matched };
}

function conditionsHold(rule: Rule, references: References, request: RewriteRequest): boolean {
  for (const { input, negate, type, pattern } of rule.conditions) {
    const text = input(references);
    const found = type === 'isfile'
      ? request.isFile(text) && [text]
      : type === 'isdirectory'
        ? request.isDirectory(text) && [text]
        : pattern(text);
    const holds = Boolean(found) !== negate;
    if (holds && found) {
      // {C:n} are of the condition that matched last; with trackAllCaptures they go on from one condition to the next.
      references.condition = rule.trackAll && references.condition.length > 0 ? [...references.condition, ...found.slice(1)] : found;
    }
    if (holds && rule.any) return true;
    if (!holds && !rule.any) return false;
  }
  return !rule.any || rule.conditions.length === 0;
}

/** The URL with the request's query string behind its own. */
function withQuery(url: string, query: string): string {
  if (query === '') return url;
  return url + (url.includes('?') ? '&' : '?') + query;
}

/** A relative URL counts from the folder that holds the rules. */
function absolute(url: string, base: string): string {
  return /^(\/|[a-z][a-z0-9+.-]*:)/i.test(url) ? url : base + url;
}
