/* What a case of URL Rewrite is: rules or a string, and what the module makes of it. The cases are in the files beside. */

/** What becomes of a request. */
export type Outcome =
  /** Path and query string that the next module sees; a whole URL where the rule rewrites to another server or scheme. */
  | { kind: 'rewrite'; url: string }
  /** `location` as the re-implementation sends it. IIS makes it absolute: compare both after resolving them against the request's URL. */
  | { kind: 'redirect'; status: number; location: string }
  | { kind: 'custom'; status: number; reason?: string; body?: string }
  | { kind: 'abort' }
  /** The rules leave the request as it is. */
  | { kind: 'none' }
  /** The request fails: status 500. */
  | { kind: 'error' };

/** One case: rules in, what comes out. */
export interface RewriteCase {
  what: string;
  /** The <rewrite> element, rules and maps. */
  rules: string;
  /** Scheme and host matter for the server variables. */
  url: string;
  /** Path of the application whose folder holds the rules; without it, the root of the site. */
  app?: string;
  method?: string;
  headers?: Record<string, string>;
  /** What exists, relative to the folder; directories end with '/'. */
  files?: string[];
  /** What the re-implementation does. */
  expect: Outcome;
  /** How the real module differs, in words. Without `iis`: what it does is not documented, or cannot be told here, so do not compare. */
  differs?: string;
  /** What the real module does. */
  iis?: Outcome;
}

/** One string with {…} in it, and what it comes to. */
export interface InputCase {
  what: string;
  input: string;
  /** Captures of the rule's pattern, the whole match first. */
  r?: string[];
  /** Captures of the conditions, the whole match first. */
  c?: string[];
  maps?: Record<string, Record<string, string>>;
  /** The request; http://example.com/ where it does not matter. */
  url?: string;
  method?: string;
  headers?: Record<string, string>;
  /** Server variables that the server itself gives, whatever the request says. */
  variables?: Record<string, string>;
  /** As a rule in <globalRules> sees it. */
  global?: boolean;
  /** What the re-implementation makes of it. */
  expect: string;
  /** As above: without `iis` do not compare. */
  differs?: string;
  /** What the real module makes of it. */
  iis?: string;
}

/** An identifier as it stands in a URL. */
export const GUID = '3f2504e0-4f89-11d3-9a0c-0305e82c3301';
