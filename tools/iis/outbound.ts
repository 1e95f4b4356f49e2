/*
 * Imitates the errors of outbound rules. A rule that looks into the text of an answer cannot be
 * applied to a compressed answer, so URL Rewrite answers with an error. The stand-in does not
 * rewrite any texts.
 */
import { children, find, is } from './collection';
import { readAt } from './config-error';
import { readPattern } from './rewrite-pattern';
import { compile, References } from './rewrite-template';
import type { Status } from './statuses';
import type { XmlElement } from './xml';

/**
 * Checks whether the rules make an answer fail.
 * @param headers the names and values of the answer's headers, in turn
 * @param variable a function that returns the value of a server variable of the request
 * @returns the error; null if the answer can be sent
 */
export type OutboundRules = (
  headers: string[], variable: (name: string) => string,
) => { code: Status; message: string } | null;

type PreCondition = (variable: (name: string) => string) => boolean;

/**
 * Reads the outbound rules.
 * @throws Error for a pattern or a string that cannot be used. The message names file, line and
 *   element
 */
export function readOutboundRules(element: XmlElement | undefined): OutboundRules {
  const preConditions = new Map(children(find(element, 'preConditions'), 'preCondition')
    .map(one => [(one.attributes.name ?? '').toLowerCase(), readPreCondition(one)]));
  // A rule for a server variable, such as RESPONSE_LOCATION, does not look into the text.
  const rules = children(element, 'rule')
    .filter(rule => is(rule, 'enabled', true) && !find(rule, 'match')?.attributes.serverVariable);
  const code = is(element, 'rewriteBeforeCache', false) ? '500.53' : '500.52';
  return (headers, variable) => {
    const encoding = headerValue(headers, 'content-encoding');
    if (encoding === '' || encoding === 'identity' || rules.length === 0) return null;
    const known = (name: string) => name.startsWith('RESPONSE_')
      ? headerValue(headers, name.slice('RESPONSE_'.length).replaceAll('_', '-').toLowerCase())
      : variable(name);
    const applied = rules.find(({ attributes: { preCondition } }) =>
      !preCondition || preConditions.get(preCondition.toLowerCase())?.(known));
    if (!applied) return null;
    const message = `outbound rule "${applied.attributes.name}": Outbound rewrite rules cannot be `
      + `applied when the content of the HTTP response is encoded ("${encoding}")`;
    return { code, message };
  };
}

const PRE_CONDITION = 'system.webServer/rewrite/outboundRules/preConditions/preCondition/add';

function readPreCondition(element: XmlElement): PreCondition {
  const syntax = (element.attributes.patternSyntax ?? 'ECMAScript').toLowerCase();
  const any = element.attributes.logicalGrouping?.toLowerCase() === 'matchany';
  const checks = children(element, 'add').map(add => readAt(add, PRE_CONDITION, () => ({
    input: compile(add.attributes.input ?? '', new Map()),
    pattern: readPattern(add.attributes.pattern ?? '', syntax, is(add, 'ignoreCase', true)),
    negate: is(add, 'negate', false),
  })));
  return variable => {
    const references: References = { rule: [], condition: [], variable };
    const holds = ({ input, pattern, negate }: typeof checks[number]) => {
      const found = pattern(input(references));
      if (found) references.condition = found;
      return (found !== null) !== negate;
    };
    return any ? checks.some(holds) : checks.every(holds);
  };
}

/**
 * @param name the header's name in lower case
 * @returns the header's value; '' if the answer does not have the header
 */
function headerValue(headers: string[], name: string): string {
  for (let at = 0; at < headers.length; at += 2) {
    if (headers[at]!.toLowerCase() === name) return headers[at + 1]!;
  }
  return '';
}
