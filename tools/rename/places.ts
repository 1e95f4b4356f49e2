/*
 * Where the name of the application stands. A place is found by what stands around it, never by the name alone: the name may be a
 * word that stands in sentences as well.
 */
import { packageName } from './name';

/** What the template is called before it has a name of its own. */
const TEMPLATE = {
  heading: 'Socket.IO 0.9 on IIS 7.5: a starter template',
  package: 'socket.io-iis-template',
  description: 'Starter template',
};

/** A kind of place. */
interface Place {
  /** What to say where there is none; nothing is said of the others. */
  what?: (name: string) => string;
  /** Finds the text that gives way, nothing around it. */
  at: (name: string) => RegExp;
  /** Default: the new name. */
  write?: (to: string, found: string) => string;
}

/** What a file becomes. */
export interface Renamed {
  text: string;
  /** How many places were found. */
  places: number;
  /** Places that were looked for and are not there. */
  missing: string[];
}

const escape = (text: string) => text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
const either = (template: string, name: string) => `(?:${escape(template)}|${escape(name)})`;
/** In web.config's patterns: of what a name can have, only the dot means something else there. */
const pattern = (name: string) => name.replaceAll('.', '\\.');
/** A name between other things, all of them patterns. The name is looked for first: it is rarer than what stands before it. */
const find = (before: string, name: string, after: string, flags = 'g') => new RegExp(`${name}(?<=(?:${before})${name})(?=${after})`, flags);

const APP_PATH = 'setting\\(\\s*[\'"]APP_PATH[\'"],\\s*[\'"]';
const config: Place[] = [
  { what: name => `setting('APP_PATH', '/${name}', …)`, at: name => find(`${APP_PATH}/`, escape(name), '[\'"]') },
];
const webConfig: Place[] = [
  { what: name => `a rule for ^(${pattern(name)}/)?…`, at: name => find('<match url="\\^\\(', escape(pattern(name)), '/\\)\\?'), write: pattern },
  { at: name => find('key="APP_PATH" value="/', escape(name), '"') },
];
const page: Place[] = ['title', 'h1'].map(tag => ({
  what: name => `<${tag}>${name}</${tag}>`, at: name => find(`<${tag}[^>]*>\\s*`, escape(name), `\\s*</${tag}>`),
}));

/** What stands before the name, in a sentence or a command. */
const BEFORE = [
  'https?://[^\\s/.]+/', // on a server that has no name of the internet, as examples have it
  '[\'"`(]/', '\\bpath:/', '--app /', // a path from the root
  '/(?:name|applicationPool|apppool\\.name):"?', 'Web Site/', '\\bapppool ', "name='", // appcmd
  '\\bbuild/', // what npm run package makes
  '\\b[A-Za-z]:\\\\(?:[\\w.-]+\\\\)*', '\\b[Aa]pp[Pp]ool\\\\', // a folder, an application pool's account
].join('|');
/** The name is over: what follows makes it no longer name, nor does a dot that ends a sentence. */
const END = '(?![\\w~-]|\\.\\w)';
const prose: Place[] = [
  { at: name => find(BEFORE, escape(name), END) },
  { at: name => find('\\s/', escape(name), '/') },
  { at: name => find('[\'"`]', escape(name), '/socket\\b') },
];
const readme: Place[] = [
  {
    what: name => `a first line # ${name}`,
    at: name => find('^# ', either(TEMPLATE.heading, name), ': |[ \\t]*\\r?\\n'),
    write: (to, found) => found === TEMPLATE.heading ? `${to}: ${found.split(': ')[0]}` : to,
  },
  ...prose,
];

const topLevel = (key: string) => `^(?: {2}|\\t)"${key}":\\s*"`;
const ownName = (before: string): Place => ({
  what: name => `"name": "${packageName(name)}"`,
  at: name => find(before, either(TEMPLATE.package, packageName(name)), '"', 'gm'),
  write: packageName,
});
const manifest: Place[] = [
  ownName(topLevel('name')),
  { what: name => `"description": "${name}: …"`, at: name => find(topLevel('description'), either(TEMPLATE.description, name), ': ', 'gm') },
];
const lock: Place[] = [ownName(`${topLevel('name')}|"packages":\\s*\\{\\s*"":\\s*\\{\\s*"name":\\s*"`)];

/** The files that are known to have the name. */
export const FILES: Record<string, Place[]> = {
  'src/config.ts': config, 'web.config': webConfig, 'public/index.html': page, 'README.md': readme, 'package.json': manifest, 'package-lock.json': lock,
};

/** What has been is not renamed. */
export const isChangelog = (file: string) => /(^|\/)changelog\.md$/i.test(file);

/** Whether a file is one that the name is looked for in: those above, and other texts. */
export const isKnown = (file: string) => Object.hasOwn(FILES, file) || (/\.md$/i.test(file) && !isChangelog(file));

/** What config.ts says of where the application lives, as '/chat'; null if it does not say. */
export function currentPath(configTs: string): string | null {
  return new RegExp(`${APP_PATH}(.*?)['"]`).exec(configTs)?.[1] ?? null;
}

/** A known file with another name in it. */
export function renameIn(file: string, before: string, from: string, to: string): Renamed {
  const renamed: Renamed = { text: before, places: 0, missing: [] };
  for (const { what, at, write = (one: string) => one } of FILES[file] ?? prose) {
    let places = 0;
    renamed.text = renamed.text.replace(at(from), found => {
      places += 1;
      return write(to, found);
    });
    if (places === 0 && what) renamed.missing.push(what(from));
    renamed.places += places;
  }
  return renamed;
}

/**
 * The line of a known file that has the new name already, where a later rename would take it for the application's. Null if there is none.
 */
export function taken(file: string, before: string, from: string, to: string): number | null {
  const other = 'a-name-that-nothing-has';
  const direct = renameIn(file, before, from, other).text.split('\n');
  const twice = renameIn(file, renameIn(file, before, from, to).text, to, other).text.split('\n');
  const line = direct.findIndex((one, at) => one !== twice[at]);
  return line < 0 ? null : line + 1;
}

/** The lines in which the name stands as a path, in no known place. They may mean the application: only their author knows. */
export function mentions(text: string, name: string): number[] {
  const mention = new RegExp(`(https?://[^\\s/]+/|['"\`(\\s]/)${escape(name)}(?=[/'"\`)\\s?#]|$)|['"\`]${escape(name)}/socket\\b`);
  return text.split(/\r?\n/).flatMap((line, at) => mention.test(line) ? [at + 1] : []);
}
