/* Imitates URL Rewrite 2: reads the inbound rules of a web.config, and applies them to requests. */
import { children, find, is } from './collection';
import { readAt } from './config-error';
import { mergeSection } from './merge';
import { Pattern, readPattern } from './rewrite-pattern';
import { compile, References, RewriteMap, Template } from './rewrite-template';
import { SECTIONS } from './schema';
import { REDIRECTS } from './statuses';
import { decode } from './url';
import type { XmlElement } from './xml';

/** The parts of a request that the rules see. */
export interface RewriteRequest {
  /** The canonical path, from the site's root: '/app/socket/1/'. */
  path: string;
  /** The query string as it was sent, without the question mark. */
  query: string;
  /**
   * The URL of the application: '/' or '/app/'. A rule sees the part of the path behind this URL. A
   * rule that is inherited from a folder above sees the part behind that folder.
   */
  base: string;
  /** @returns the value of a server variable for a URL with this path and this query */
  variable: (name: string, path: string, query: string) => string;
  isFile: (physicalPath: string) => boolean;
  isDirectory: (physicalPath: string) => boolean;
  /** The names of server variables that rules may set. Default: none, as in a fresh IIS. */
  allowedVariables?: ReadonlySet<string>;
}

/** The server variables that rules have set. */
export type SetVariables = [name: string, value: string][];

export type RewriteResult = { rules: string[]; set?: SetVariables } & (
  | { kind: 'pass' }
  | { kind: 'rewrite'; path: string; query: string }
  /** The URL is on another server: IIS would need Application Request Routing for that. */
  | { kind: 'proxy'; url: string }
  | { kind: 'redirect'; status: number; url: string }
  | { kind: 'custom'; status: number; substatus: number; reason: string; description: string }
  | { kind: 'abort' }
  | { kind: 'error'; message: string });

export type Rules = (request: RewriteRequest) => RewriteResult;

interface Condition {
  /** The input; null for IsFile and IsDirectory without one, which test the request's file. */
  input: Template | null;
  negate: boolean;
  type: string;
  pattern: Pattern;
}

interface VariableToSet {
  name: string;
  value: Template;
  replace: boolean;
}

interface Rule {
  name: string;
  /** The URL of the folder above that has the rule; undefined for the application's own rules. */
  base: string | undefined;
  stop: boolean;
  pattern: Pattern;
  negate: boolean;
  conditions: Condition[];
  any: boolean;
  trackAll: boolean;
  set: VariableToSet[];
  action: Record<string, string>;
  url: Template;
  reason: Template;
  description: Template;
}

/**
 * Reads the rules of a <rewrite> element.
 * @returns a function that applies the rules to a request, in order
 * @throws Error for an invalid pattern or string: IIS then answers 500.52 to every request. The
 *   message names file, line and element
 */
export function readRules(rewrite: XmlElement | undefined): Rules {
  const maps = readMaps(section(rewrite, 'rewriteMaps'));
  const rules = children(section(rewrite, 'rules'), 'rule')
    .filter(rule => is(rule, 'enabled', true))
    .map(rule => readRule(rule, maps));
  return request => carryOut(rules, request);
}

/** A rule of the application itself that leads each of its requests to one URL. */
export interface Target {
  rule: string;
  /** The place of the rule: file and line. */
  place: string;
  /** The URL's path: '/app/x.js', or 'x.js' from the application's folder. */
  url: string;
}

/**
 * Lists the rules that rewrite all of their requests to one URL of this site. A rule behind which
 * other rules follow is left out, because the other rules may change the URL once more.
 */
export function fixedTargets(rewrite: XmlElement | undefined): Target[] {
  const rules = children(section(rewrite, 'rules'), 'rule')
    .filter(rule => is(rule, 'enabled', true));
  return rules.flatMap((rule, at) => {
    const { type, url = '' } = find(rule, 'action')?.attributes ?? {};
    const isLast = is(rule, 'stopProcessing', false) || at === rules.length - 1;
    const isFixed = type === 'Rewrite' && !/\{|^https?:\/\//i.test(url);
    if (rule.base !== undefined || !isLast || !isFixed) return [];
    const { file = '', line, attributes: { name = '' } } = rule;
    return [{ rule: name, place: `${file}, line ${line}`, url: decode(url.split('?')[0]!) }];
  });
}

/** Finds a section of <rewrite>, and applies its <clear /> and <remove>. */
function section(rewrite: XmlElement | undefined, name: string): XmlElement | undefined {
  const element = find(rewrite, name);
  const path = `system.webServer/rewrite/${name}`;
  return element && mergeSection(path, SECTIONS.get(path)!, [{ element, level: 0 }]).element;
}

function readMaps(element: XmlElement | undefined): Map<string, RewriteMap> {
  return new Map(children(element, 'rewriteMap').map(map => {
    const ignoreCase = is(map, 'ignoreCase', true);
    const fold = (key: string) => ignoreCase ? key.toLowerCase() : key;
    const entries = new Map(children(map, 'add')
      .map(({ attributes: { key, value } }) => [fold(key ?? ''), value ?? '']));
    const otherwise = map.attributes.defaultValue ?? '';
    const name = (map.attributes.name ?? '').toLowerCase();
    return [name, (key: string) => entries.get(fold(key)) ?? otherwise];
  }));
}

const RULE = 'system.webServer/rewrite/rules/rule';

function readRule(rule: XmlElement, maps: Map<string, RewriteMap>): Rule {
  const match = find(rule, 'match');
  const action = find(rule, 'action');
  const syntax = (rule.attributes.patternSyntax ?? 'ECMAScript').toLowerCase();
  const conditions = find(rule, 'conditions');
  const template = (element: XmlElement, path: string, attribute: string) =>
    readAt(element, `${RULE}/${path}`, () => compile(element.attributes[attribute] ?? '', maps));
  const ofAction = (attribute: string) =>
    action ? template(action, 'action', attribute) : compile('', maps);
  return {
    name: rule.attributes.name ?? '',
    base: rule.base,
    stop: is(rule, 'stopProcessing', false),
    // Published rules have no <match> if they match every URL, and no <action> if they do nothing.
    pattern: match ? readAt(match, `${RULE}/match`, () => readMatch(match, syntax)) : matchAll,
    negate: is(match, 'negate', false),
    conditions: children(conditions, 'add').map(add =>
      readAt(add, `${RULE}/conditions/add`, () => readCondition(add, syntax, maps))),
    any: conditions?.attributes.logicalGrouping?.toLowerCase() === 'matchany',
    trackAll: is(conditions, 'trackAllCaptures', false),
    set: children(find(rule, 'serverVariables'), 'set').map(set => ({
      name: (set.attributes.name ?? '').toUpperCase(),
      value: template(set, 'serverVariables/set', 'value'),
      replace: is(set, 'replace', true),
    })),
    action: action?.attributes ?? {},
    url: ofAction('url'),
    reason: ofAction('statusReason'),
    description: ofAction('statusDescription'),
  };
}

const matchAll: Pattern = text => [text];

function readMatch(match: XmlElement, syntax: string): Pattern {
  const { url } = match.attributes;
  return url === undefined ? matchAll : readPattern(url, syntax, is(match, 'ignoreCase', true));
}

function readCondition(add: XmlElement, syntax: string, maps: Map<string, RewriteMap>): Condition {
  const { input, pattern, matchType } = add.attributes;
  const type = (matchType ?? 'Pattern').toLowerCase();
  return {
    input: input === undefined && type !== 'pattern' ? null : compile(input ?? '', maps),
    negate: is(add, 'negate', false),
    type,
    // IsFile and IsDirectory ignore their pattern.
    pattern: type === 'pattern'
      ? readPattern(pattern ?? '', syntax, is(add, 'ignoreCase', true))
      : () => null,
  };
}

/** A request on its way through the rules. */
interface State {
  request: RewriteRequest;
  path: string;
  query: string;
  rewritten: boolean;
  matched: string[];
  set: SetVariables;
}

function carryOut(rules: Rule[], request: RewriteRequest): RewriteResult {
  const { path, query } = request;
  const state: State = { request, path, query, rewritten: false, matched: [], set: [] };
  for (const rule of rules) {
    const base = rule.base ?? request.base;
    // After a rewrite to a URL outside of a folder, the folder's rules do not apply any more.
    if (!isBelow(state.path, base)) continue;
    const found = rule.pattern(state.path.slice(base.length));
    if ((found !== null) === rule.negate) continue;
    const references: References = {
      rule: rule.negate ? [] : found!,
      condition: [],
      variable: name => variable(state, name),
    };
    if (!conditionsHold(rule, references, state)) continue;

    state.matched.push(rule.name);
    const refused = setVariables(rule, references, state);
    if (refused !== null) {
      return withSet({ kind: 'error', rules: state.matched, message: refused }, state);
    }
    const result = act(rule, base, references, state);
    if (result) return withSet(result, state);
    if (rule.stop) break;
  }
  return withSet(state.rewritten
    ? { kind: 'rewrite', rules: state.matched, path: state.path, query: state.query }
    : { kind: 'pass', rules: state.matched }, state);
}

function withSet(result: RewriteResult, { set }: State): RewriteResult {
  return set.length > 0 ? { ...result, set } : result;
}

function isBelow(path: string, base: string): boolean {
  return `${path}/`.toLowerCase().startsWith(base.toLowerCase());
}

/** @returns the value of a server variable: the last value that a rule has set, or the request's */
function variable({ request, path, query, set }: State, name: string): string {
  const own = set.filter(([one]) => one === name).at(-1);
  return own ? own[1] : request.variable(name, path, query);
}

/**
 * Sets the server variables of a rule.
 * @returns the reason why a variable may not be set; null if all are set. In a fresh IIS no
 *   variable may be set: rewrite/allowedServerVariables is empty there, and locked
 */
function setVariables(rule: Rule, references: References, state: State): string | null {
  for (const { name, value, replace } of rule.set) {
    if (!state.request.allowedVariables?.has(name)) {
      return `rule "${rule.name}": the server variable ${name} is not allowed to be set`;
    }
    if (!replace && variable(state, name) !== '') continue;
    state.set.push([name, value(references)]);
  }
  return null;
}

/** @returns the result of a rule that ends the processing; undefined if the next rule follows */
function act(
  rule: Rule, base: string, references: References, state: State,
): RewriteResult | undefined {
  const { action } = rule;
  const rules = state.matched;
  const target = () => {
    const append = action.appendQueryString?.toLowerCase() !== 'false';
    return withQuery(rule.url(references), append ? state.query : '');
  };
  switch (action.type) {
    case 'AbortRequest': return { kind: 'abort', rules };
    case 'CustomResponse':
      return {
        kind: 'custom',
        rules,
        status: Number(action.statusCode ?? 0),
        substatus: Number(action.subStatusCode ?? 0),
        reason: rule.reason(references),
        description: rule.description(references),
      };
    case 'Redirect': {
      const type = (action.redirectType ?? 'Permanent').toLowerCase();
      const status = REDIRECTS[type as keyof typeof REDIRECTS];
      return {
        kind: 'redirect',
        rules,
        status,
        url: absolute(target(), base, /^[a-z][a-z0-9+.-]*:\/\//i),
      };
    }
    case 'Rewrite': {
      // Only http:// and https:// begin a whole URL here: "a:b" is a path.
      const url = absolute(target(), base, /^https?:\/\//i);
      if (!url.startsWith('/')) return { kind: 'proxy', rules, url };
      const mark = url.indexOf('?');
      state.path = decode(mark < 0 ? url : url.slice(0, mark));
      state.query = mark < 0 ? '' : url.slice(mark + 1);
      state.rewritten = true;
      return undefined;
    }
    default: return undefined;
  }
}

function conditionsHold(rule: Rule, references: References, state: State): boolean {
  for (const condition of rule.conditions) {
    const found = evaluate(condition, references, state);
    const holds = Boolean(found) !== condition.negate;
    if (holds && found) {
      // {C:n} are the captures of the condition that matched last. With trackAllCaptures, the
      // captures of all conditions share one sequence of numbers.
      references.condition = rule.trackAll && references.condition.length > 0
        ? [...references.condition, ...found.slice(1)]
        : found;
    }
    if (holds && rule.any) return true;
    if (!holds && !rule.any) return false;
  }
  return !rule.any || rule.conditions.length === 0;
}

function evaluate(
  { input, type, pattern }: Condition, references: References, state: State,
): string[] | null {
  const text = input ? input(references) : variable(state, 'REQUEST_FILENAME');
  switch (type) {
    case 'isfile': return state.request.isFile(text) ? [text] : null;
    case 'isdirectory': return state.request.isDirectory(text) ? [text] : null;
    default: return pattern(text);
  }
}

/** Appends the request's query string to a URL that may have its own. */
function withQuery(url: string, query: string): string {
  if (query === '') return url;
  return url + (url.includes('?') ? '&' : '?') + query;
}

/** Makes a URL absolute. A relative URL counts from the folder that has the rules. */
function absolute(url: string, base: string, whole: RegExp): string {
  return url.startsWith('/') || whole.test(url) ? url : base + url;
}
