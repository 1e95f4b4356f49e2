/* `npm run rename -- chat` replaces the name of the application in every place that has it. */
import { execFileSync } from 'node:child_process';
import { lstatSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { command, UsageError } from '../command';
import { fillPage, MarkError } from '../docs/blocks';
import { readSiteConfig, WebConfigError } from '../iis/config';
import { Refusal } from '../refusal';
import { checkName, packageName } from './name';
import { fillRepository, hasNoRepository, webAddress } from './repository';
import {
  currentPath, FILES, isChangelog, isKnown, mentions, Renamed, renameIn, taken,
} from './places';

const HELP = `npm run rename -- <name>

Gives the application another name. It changes the path of the application, its rule in web.config,
the page's title and heading, the package and README.md. The name is one segment of a path, such as
chat. If git has a remote named origin, its address becomes that of the project in package.json and
README.md. The changes are not committed: git diff shows them.`;

/** The project's folder. This file runs as build/tools/rename/index.js. */
const root = path.join(__dirname, '..', '..', '..');
const SETTINGS = 'src/config.ts';
const MAKE_REPOSITORY = 'git init, git add . and git commit';

/** Runs git. An error has git's messages in it. */
function git(...args: string[]): string {
  const options = { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28, stdio: 'pipe' } as const;
  return execFileSync('git', args, options);
}

/**
 * Lists the files of the project.
 * @throws Refusal if a change is not committed: then the changes of rename could not be told from
 *   it, nor undone
 */
function committedFiles(): string[] {
  const { files, changes } = askGit();
  if (!files.includes(SETTINGS)) {
    throw new Refusal(`git does not have this project's files: ${MAKE_REPOSITORY} add them`);
  }
  const [first] = changes;
  if (first) {
    const others = changes.length > 1 ? `, and ${changes.length - 1} more` : '';
    const name = first.slice(3);
    throw new Refusal(`there are changes that are not committed (${name}${others}): commit them`);
  }
  return files;
}

/** @throws Refusal if there is no git, or no repository */
function askGit(): { files: string[]; changes: string[] } {
  try {
    const files = git('ls-files', '-z');
    const changes = git('status', '--porcelain', '-z', '--no-renames', '.');
    return {
      files: files.split('\0').filter(Boolean),
      changes: changes.split('\0').filter(Boolean),
    };
  } catch (error) {
    const { code, stderr } = error as NodeJS.ErrnoException & { stderr?: string };
    if (code === 'ENOENT') {
      throw new Refusal('git is not installed, and without git the changes could not be undone');
    }
    const why = (stderr ?? '').trim().split('\n')[0];
    throw new Refusal(`git finds no repository here (${why}): ${MAKE_REPOSITORY} make one`);
  }
}

/** @returns the text of a file; null for a file that is no text, and for a link */
function read(file: string): string | null {
  const where = path.join(root, file);
  if (!lstatSync(where).isFile()) return null;
  const bytes = readFileSync(where);
  return bytes.includes(0) ? null : bytes.toString('utf8');
}

/**
 * The present name of the application, from the default of APP_PATH.
 * @throws Refusal if the file has no such default, or another kind of path
 */
function currentName(): string {
  const appPath = currentPath(read(SETTINGS) ?? '');
  if (appPath === null) {
    const wanted = 'setting(\'APP_PATH\', \'/…\', …)';
    throw new Refusal(`${SETTINGS} has no ${wanted}: there is no name to replace`);
  }
  if (!/^\/[^/]+$/.test(appPath)) {
    const why = 'rename can only replace one segment, such as /chat';
    throw new Refusal(`the default of APP_PATH in ${SETTINGS} is ${appPath}: ${why}`);
  }
  return appPath.slice(1);
}

interface Plan {
  /** The files with a known place for the name. */
  results: [file: string, result: Renamed][];
  /** Lines for the report about places that are left alone. */
  leftAlone: string[];
}

/** @returns the address of the project's pages; null if git has no origin, or one without pages */
function repository(): string | null {
  try {
    return webAddress(git('remote', 'get-url', 'origin').trim());
  } catch {
    return null;
  }
}

/**
 * @param address the address of the project's pages, if it is known
 * @throws Refusal if the new name already stands in a place for the application's name
 */
function plan(files: string[], from: string, to: string, address: string | null): Plan {
  const results: Plan['results'] = [];
  const leftAlone: string[] = [];
  for (const file of files) {
    const text = read(file);
    if (text === null) {
      const isPicture = /\.png$/i.test(file) && file.startsWith('.github/');
      if (isPicture) leftAlone.push(`${file}: a picture, which may show the old name`);
      continue;
    }
    let after = text;
    if (isKnown(file)) {
      const line = taken(file, text, from, to);
      if (line !== null) {
        const why = 'A later rename could not tell the two apart: choose another name';
        throw new Refusal(`${to}: ${file}, line ${line}, has it for something else. ${why}`);
      }
      const filled = fillRepository(text, address);
      const result = renameIn(file, filled.text, from, to);
      results.push([file, { ...result, places: result.places + filled.places }]);
      after = result.text;
    }
    if (hasNoRepository(after) && Object.hasOwn(FILES, file)) {
      leftAlone.push(`${file}: OWNER/REPOSITORY, as git knows no address for it`);
    }
    const lines = mentions(after, from);
    if (lines.length === 0) continue;
    if (isChangelog(file)) leftAlone.push(`${file}: a changelog tells of the past`);
    else leftAlone.push(`${file}: ${mentionedIn(lines, from)}. Does it mean the application?`);
  }
  return { results, leftAlone };
}

function mentionedIn(lines: number[], name: string): string {
  const more = lines.length > 5 ? ', …' : '';
  return `/${name} in line ${lines.slice(0, 5).join(', ')}${more}`;
}

/** Renames the application. @returns the report */
function rename(asked: string): string {
  const files = committedFiles();
  const from = currentName();
  const to = checkName(asked, readSiteConfig(root, '7.5').filtering);
  if (to === from) throw new Refusal(`${to}: the application has this name already`);

  const { results, leftAlone } = plan(files, from, to, repository());
  const changed = results.filter(([, { places }]) => places > 0);
  for (const [file, { text }] of changed) {
    writeFileSync(path.join(root, file), filledIn(file, text, `/${to}`));
  }
  const notInGit = Object.keys(FILES).filter(file => !files.includes(file));
  const missing = [
    ...results.flatMap(([file, result]) => result.missing.map(place => `${file}: ${place}`)),
    ...notInGit.map(file => `${file}: git has no such file`),
  ];
  return [
    `${from} is now ${to}: the path /${to}, the package ${packageName(to)}.`,
    ...list('Changed', changed.map(([file, { places }]) => `${file}: ${count(places)}`)),
    ...list('Not found, and passed over', missing),
    ...list('Left alone', leftAlone),
    '',
    'Next: npm ci && npm test, then git diff, then git commit -a.',
    `A server with IIS does not change. The application stays at /${from} there, until it is `
    + `deployed at /${to} (docs/deploy.md).`,
  ].join('\n');
}

/** The texts of a page that come from code, as `npm run docs` fills them in, have the new name. */
function filledIn(file: string, text: string, appPath: string): string {
  try {
    return fillPage(file, text, appPath);
  } catch (error) {
    // A page of the user's own, without the marks.
    if (error instanceof MarkError) return text;
    throw error;
  }
}

function count(places: number): string {
  return places === 1 ? '1 place' : `${places} places`;
}

function list(title: string, lines: string[]): string[] {
  return lines.length > 0 ? ['', `${title}:`, ...lines.map(line => `  ${line}`)] : [];
}

command('rename', HELP, {}, ({ positionals }) => {
  if (positionals.length !== 1) throw new UsageError('takes one name: npm run rename -- chat');
  try {
    console.log(rename(positionals[0]!));
  } catch (error) {
    // web.config cannot be read: the message is one line for the user, too.
    if (error instanceof WebConfigError) throw new Refusal(error.message, { cause: error });
    throw error;
  }
});
