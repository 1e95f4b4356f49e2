/*
 * The places that have the name of the application. The code finds a place by the text around the
 * name, never by the name alone: the name may be a word of ordinary sentences, too.
 */
import { packageName } from './name';

/** The names of the template itself, before it has another one. */
const TEMPLATE = {
  heading: 'Socket.IO 0.9 on IIS 7.5: a starter template',
  package: 'socket.io-iis-template',
  description: 'Starter template',
};

/** A kind of place. */
interface Place {
  /** Describes a place that every project should have, for the report where it is missing. */
  describe?: (name: string) => string;
  /** An expression that matches the text to replace, without the text around it. */
  find: (name: string) => RegExp;
  /** Returns the text to write. Default: the new name. */
  write?: (to: string, found: string) => string;
}

/** A file after a rename. */
export interface Renamed {
  text: string;
  /** The number of places that were found. */
  places: number;
  /** Descriptions of places that should be there and are not. */
  missing: string[];
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}

/**
 * Writes a name as a pattern for web.config. Of the characters in a name, only the dot has a
 * meaning in patterns.
 */
function asPattern(name: string): string {
  return name.replaceAll('.', '\\.');
}

/**
 * Returns an expression for a name between other texts. The expression looks for the name first,
 * and then at the text before the name. This order is quicker, because the name is rare.
 * @param before an expression for the text before the name
 * @param name an expression for the name
 * @param after an expression for the text after the name
 */
function between(before: string, name: string, after: string, flags = 'g'): RegExp {
  return new RegExp(`${name}(?<=(?:${before})${name})(?=${after})`, flags);
}

function either(template: string, name: string): string {
  return `(?:${escape(template)}|${escape(name)})`;
}

const APP_PATH = 'setting\\(\\s*[\'"]APP_PATH[\'"],\\s*[\'"]';

const CONFIG: Place[] = [
  {
    describe: name => `setting('APP_PATH', '/${name}', …)`,
    find: name => between(`${APP_PATH}/`, escape(name), '[\'"]'),
  },
];

const WEB_CONFIG: Place[] = [
  {
    describe: name => `a rule for ^(${asPattern(name)}/)?…`,
    find: name => between('<match url="\\^\\(', escape(asPattern(name)), '/\\)\\?'),
    write: asPattern,
  },
  { find: name => between('key="APP_PATH" value="/', escape(name), '"') },
];

const PAGE: Place[] = ['title', 'h1'].map(tag => ({
  describe: name => `<${tag}>${name}</${tag}>`,
  find: name => between(`<${tag}[^>]*>\\s*`, escape(name), `\\s*</${tag}>`),
}));

/** Texts before the name in a sentence or a command. */
const BEFORE = [
  // A URL on a server whose name has no dot, as examples have it.
  'https?://[^\\s/.]+/',
  // A path from the root.
  '[\'"`(]/',
  '\\bpath:/',
  '--app /',
  // An argument of appcmd.
  '/(?:name|applicationPool|apppool\\.name):"?',
  'Web Site/',
  '\\bapppool ',
  'name=\'',
  // The folder that npm run package makes.
  '\\bbuild/',
  // A folder of Windows, and the account of an application pool.
  '\\b[A-Za-z]:\\\\(?:[\\w.-]+\\\\)*',
  '\\b[Aa]pp[Pp]ool\\\\',
].join('|');

/** The end of the name: no character of a longer name follows. A dot may end a sentence. */
const END = '(?![\\w~-]|\\.\\w)';

const PROSE: Place[] = [
  { find: name => between(BEFORE, escape(name), END) },
  { find: name => between('\\s/', escape(name), '/') },
  { find: name => between('[\'"`]', escape(name), '/socket\\b') },
];

const README: Place[] = [
  {
    describe: name => `a first line # ${name}`,
    find: name => between('^# ', either(TEMPLATE.heading, name), ': |[ \\t]*\\r?\\n'),
    write: (to, found) => found === TEMPLATE.heading ? `${to}: ${found.split(': ')[0]}` : to,
  },
  ...PROSE,
];

function topLevel(key: string): string {
  return `^(?: {2}|\\t)"${key}":\\s*"`;
}

function ownName(before: string): Place {
  return {
    describe: name => `"name": "${packageName(name)}"`,
    find: name => between(before, either(TEMPLATE.package, packageName(name)), '"', 'gm'),
    write: packageName,
  };
}

const MANIFEST: Place[] = [
  ownName(topLevel('name')),
  {
    describe: name => `"description": "${name}: …"`,
    find: name =>
      between(topLevel('description'), either(TEMPLATE.description, name), ': ', 'gm'),
  },
];

const LOCK: Place[] = [
  ownName(`${topLevel('name')}|"packages":\\s*\\{\\s*"":\\s*\\{\\s*"name":\\s*"`),
];

/** The files that every project has, with their kinds of places. */
export const FILES: Record<string, Place[]> = {
  'src/config.ts': CONFIG,
  'web.config': WEB_CONFIG,
  'public/index.html': PAGE,
  'README.md': README,
  'package.json': MANIFEST,
  'package-lock.json': LOCK,
  'deploy/package.js': PROSE,
};

/** Says whether a file is a changelog. A changelog describes the past, so the old name stays. */
export function isChangelog(file: string): boolean {
  return /(^|\/)changelog\.md$/i.test(file);
}

/**
 * Says whether rename replaces the name in a file. It does so in the files of FILES, and in other
 * files in Markdown.
 */
export function isKnown(file: string): boolean {
  return Object.hasOwn(FILES, file) || (/\.md$/i.test(file) && !isChangelog(file));
}

/**
 * Finds the default of APP_PATH.
 * @param configTs the text of src/config.ts
 * @returns the path, '/chat'; null if there is none
 */
export function currentPath(configTs: string): string | null {
  return new RegExp(`${APP_PATH}(.*?)['"]`).exec(configTs)?.[1] ?? null;
}

/**
 * Replaces the name in a file.
 * @param file the path of the file, which decides about its kinds of places
 * @param before the text of the file
 * @param from the old name
 * @param to the new name
 */
export function renameIn(file: string, before: string, from: string, to: string): Renamed {
  const renamed: Renamed = { text: before, places: 0, missing: [] };
  for (const { describe, find, write = (one: string) => one } of FILES[file] ?? PROSE) {
    let places = 0;
    renamed.text = renamed.text.replace(find(from), found => {
      places += 1;
      return write(to, found);
    });
    if (places === 0 && describe) renamed.missing.push(describe(from));
    renamed.places += places;
  }
  return renamed;
}

/**
 * Looks for the new name in places where a later rename would replace it. A rename to the new name,
 * and then to a third one, must have the same result as a single rename to the third one.
 * @returns the number of the first such line; null if there is none
 */
export function taken(file: string, before: string, from: string, to: string): number | null {
  const third = 'a-name-that-nothing-has';
  const direct = renameIn(file, before, from, third).text.split('\n');
  const twice = renameIn(file, renameIn(file, before, from, to).text, to, third).text.split('\n');
  const line = direct.findIndex((one, at) => one !== twice[at]);
  return line < 0 ? null : line + 1;
}

/**
 * Finds lines that have the name as a path, in a place of no known kind. Only the author knows
 * whether such a path means the application.
 * @returns the numbers of the lines
 */
export function mentions(text: string, name: string): number[] {
  const start = '(https?://[^\\s/]+/|[\'"`(\\s]/)';
  const path = `${start}${escape(name)}(?=[/'"\`)\\s?#]|$)`;
  const resource = `['"\`]${escape(name)}/socket\\b`;
  const mention = new RegExp(`${path}|${resource}`);
  return text.split(/\r?\n/).flatMap((line, at) => mention.test(line) ? [at + 1] : []);
}
