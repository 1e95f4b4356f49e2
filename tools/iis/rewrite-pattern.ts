/* Reads the patterns of URL Rewrite: regular expressions of ECMAScript, wildcards, exact texts. */

/** @returns the captures of a match, [0] is the whole match; null if the text does not match */
export type Pattern = (text: string) => string[] | null;

/**
 * Reads a pattern.
 * @param syntax the patternSyntax of the rule, in lower case
 * @throws Error for an expression that URL Rewrite cannot compile: 500.52 for every request
 */
export function readPattern(pattern: string, syntax: string, ignoreCase: boolean): Pattern {
  if (syntax === 'exactmatch') {
    const fold = (text: string) => ignoreCase ? text.toLowerCase() : text;
    const wanted = fold(pattern);
    return text => fold(text) === wanted ? [text] : null;
  }
  if (syntax !== 'wildcard') refuseUnknownSyntax(pattern);
  const source = syntax === 'wildcard' ? `^${wildcard(pattern)}$` : pattern;
  const expression = new RegExp(source, ignoreCase ? 'i' : '');
  return text => {
    const found = expression.exec(text);
    return found && Array.from(found, group => group ?? '');
  };
}

/**
 * Makes a regular expression from a wildcard. `*` stands for any number of characters and captures
 * them; `?` stands for one character and captures nothing.
 */
function wildcard(pattern: string): string {
  return pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '(.*)').replace(/\?/g, '.');
}

/**
 * Refuses syntax that node knows and URL Rewrite does not. URL Rewrite has the expressions of
 * ECMAScript's third edition. They have no (?<=…) and no (?<name>…), and a brace that begins no
 * repetition is an error.
 */
function refuseUnknownSyntax(pattern: string): void {
  let inClass = false;
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at]!;
    if (character === '\\') at++;
    else if (inClass) inClass = character !== ']';
    else if (character === '[') inClass = true;
    else if (character === '{') refuseBrace(pattern, at);
    else if (pattern.startsWith('(?<', at)) {
      throw new Error(
        `The expression "${pattern}" has a group that begins with (?<, which ECMAScript's third `
        + 'edition does not have',
      );
    }
  }
}

function refuseBrace(pattern: string, at: number): void {
  const repeats = /^\{\d+(,\d*)?\}/.test(pattern.slice(at));
  const before = pattern[at - 1];
  const escaped = pattern[at - 2] === '\\';
  if (repeats && before !== undefined && (escaped || !'(|^*+?{'.includes(before))) return;
  // The message has the words of URL Rewrite's error page.
  throw new Error(`The expression "${pattern}" contains a repeat expression `
    + '(one of \'*\', \'?\', \'+\', \'{\' in most contexts) '
    + 'that is not preceded by an expression. A brace that stands for itself is written \\{.');
}
