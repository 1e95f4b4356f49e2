/*
 * Outbound rules, as far as they make an answer fail: rules that look into the text of an answer
 * cannot be applied to one that is compressed. URL Rewrite then answers with an error of its own.
 * The texts themselves are not rewritten here.
 */
import { children, find, is } from './collection';
import { readPattern } from './rewrite-pattern';
import { compile, References } from './rewrite-template';
import type { Status } from './statuses';
import type { XmlElement } from './xml';

/**
 * Looks at the headers of an answer, in pairs.
 * @param variable a server variable of the request
 * @returns the status and its words; null where the rules leave the answer alone
 */
export type OutboundRules = (
  headers: string[], variable: (name: string) => string,
) => { code: Status; message: string } | null;

type PreCondition = (variable: (name: string) => string) => boolean;

/** @throws Error for a pattern or a string that cannot be used */
export function readOutboundRules(element: XmlElement | undefined): OutboundRules {
  const preConditions = new Map(children(find(element, 'preConditions'), 'preCondition')
    .map(one => [(one.attributes.name ?? '').toLowerCase(), readPreCondition(one)]));
  // A rule for a header does not look into the text.
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

function readPreCondition(element: XmlElement): PreCondition {
  const syntax = (element.attributes.patternSyntax ?? 'ECMAScript').toLowerCase();
  const any = element.attributes.logicalGrouping?.toLowerCase() === 'matchany';
  const checks = children(element, 'add').map(add => ({
    input: compile(add.attributes.input ?? '', new Map()),
    pattern: readPattern(add.attributes.pattern ?? '', syntax, is(add, 'ignoreCase', true)),
    negate: is(add, 'negate', false),
  }));
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

/** The value of a header that has small letters here, '' where it is not sent. */
function headerValue(headers: string[], name: string): string {
  for (let at = 0; at < headers.length; at += 2) {
    if (headers[at]!.toLowerCase() === name) return headers[at + 1]!;
  }
  return '';
}
