/*
 * The types of the cases for URL Rewrite. A case has rules or a string, and the result. The cases
 * are in other files.
 */

/** The result of the rules for a request. */
export type Outcome =
  /**
   * `url` has the path and the query string that the next module gets. It is a whole URL if the
   * rule rewrites to another server or scheme.
   */
  | { kind: 'rewrite'; url: string }
  /**
   * `location` is the text that the re-implementation sends. IIS makes it absolute, so a test
   * resolves both texts against the URL of the request before it compares them.
   */
  | { kind: 'redirect'; status: number; location: string }
  | { kind: 'custom'; status: number; reason?: string; body?: string }
  | { kind: 'abort' }
  /** The rules leave the request as it is. */
  | { kind: 'none' }
  /** The request fails with status 500. */
  | { kind: 'error' };

/** A case with rules and a request. */
export interface RewriteCase {
  what: string;
  /** The <rewrite> element, with its rules and maps. */
  rules: string;
  /** The whole URL of the request. The server variables need its scheme and host. */
  url: string;
  /**
   * The path of the application whose folder has the rules. Without `app`, the root of the site has
   * them.
   */
  app?: string;
  method?: string;
  headers?: Record<string, string>;
  /** The paths of the files and directories in the folder. A directory ends with '/'. */
  files?: string[];
  /** The result of the re-implementation. */
  expect: Outcome;
  /**
   * The difference of the real module, in words. If `iis` is missing beside it, Microsoft does not
   * document the result of the module, or `iis` cannot express it. A test then skips the case.
   */
  differs?: string;
  /** The result of the real module, if it differs. */
  iis?: Outcome;
}

/** A case with a string that has {…} in it. */
export interface InputCase {
  what: string;
  input: string;
  /** The captures of the rule's pattern. The first is the whole match. */
  r?: string[];
  /** The captures of the conditions. The first is the whole match. */
  c?: string[];
  maps?: Record<string, Record<string, string>>;
  /** The URL of the request. Without `url`, it is http://example.com/. */
  url?: string;
  method?: string;
  headers?: Record<string, string>;
  /** The server variables that come from the server itself, and not from the request. */
  variables?: Record<string, string>;
  /** Whether the string is in a rule of <globalRules>. */
  global?: boolean;
  /** The value in the re-implementation. */
  expect: string;
  /** The difference of the real module, in words. Without `iis`, a test skips the case. */
  differs?: string;
  /** The value in the real module, if it differs. */
  iis?: string;
}

/** A GUID, as a URL may have it. */
export const GUID = '3f2504e0-4f89-11d3-9a0c-0305e82c3301';
