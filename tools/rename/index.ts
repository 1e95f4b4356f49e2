/* `npm run rename -- chat` replaces the name of the application in every place that has it. */
import { execFileSync } from 'node:child_process';
import { lstatSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { command, UsageError } from '../command';
import { fillPage, MarkError } from '../docs/blocks';
import { readSiteConfig } from '../iis/config';
import { WebConfigError } from '../iis/config-error';
import { Refusal } from '../refusal';
import { checkName, packageName } from './name';
import { fillRepository, hasNoRepository, HOLDER, webAddress } from './repository';
import {
  currentPath, FILES, isChangelog, isKnown, mentions, Renamed, renameIn, taken,
} from './places';

const HELP = `npm run rename -- <name>

Gives the application another name. The name is one segment of a path, such as chat. The command
changes the path of the application, its rule in web.config, the page's title and heading, the
package and README.md. If git has a remote with the name origin, the command writes its address into
package.json and README.md, as the address of the project. The command does not commit the changes:
git diff shows them.`;

/** The project's folder. This file runs as build/tools/rename/index.js. */
const root = path.join(__dirname, '..', '..', '..');
const SETTINGS = 'src/config.ts';
const MAKE_REPOSITORY = 'git init, git add . and git commit';

/** Runs git. @throws an Error whose `stderr` has git's messages */
function git(...args: string[]): string {
  const options = { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28, stdio: 'pipe' } as const;
  return execFileSync('git', args, options);
}

/**
 * Lists the files of the project.
 * @throws Refusal if a change is not committed. Then nobody could tell this change from the changes
 *   of rename, or undo only those of rename
 */
function committedFiles(): string[] {
  const { files, changes } = askGit();
  if (!files.includes(SETTINGS)) {
    throw new Refusal(`git does not have this project's files: add them with ${MAKE_REPOSITORY}`);
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
      throw new Refusal('git is not installed, and without git nobody could undo the changes');
    }
    const why = (stderr ?? '').trim().split('\n')[0];
    throw new Refusal(`git finds no repository here (${why}): make one with ${MAKE_REPOSITORY}`);
  }
}

/** Reads a file of the project. @returns its text; null for a link, and for a file without text */
function read(file: string): string | null {
  const where = path.join(root, file);
  if (!lstatSync(where).isFile()) return null;
  const bytes = readFileSync(where);
  return bytes.includes(0) ? null : bytes.toString('utf8');
}

/**
 * Finds the present name of the application, from the default of APP_PATH.
 * @throws Refusal if src/config.ts has no such default, or its path has several segments
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
  /** The lines of the report about places that do not change. */
  leftAlone: string[];
}

/**
 * Asks git for the address of the project's pages.
 * @returns null if git has no origin, or if the origin has no pages
 */
function repository(): string | null {
  try {
    return webAddress(git('remote', 'get-url', 'origin').trim());
  } catch {
    return null;
  }
}

/**
 * Plans the changes.
 * @param files the files of the project
 * @param from the present name
 * @param to the new name
 * @param address the address of the project's pages; null if it is not known
 * @throws Refusal if the new name already stands in a place for the application's name
 */
function plan(files: string[], from: string, to: string, address: string | null): Plan {
  const results: Plan['results'] = [];
  const leftAlone: string[] = [];
  for (const file of files) {
    const text = read(file);
    if (text === null) {
      const isPicture = /\.png$/i.test(file) && file.startsWith('.github/');
      if (isPicture) leftAlone.push(`${file}: the picture may show the old name`);
      continue;
    }
    let after = text;
    if (isKnown(file)) {
      const line = taken(file, text, from, to);
      if (line !== null) {
        const why = 'A later rename could not tell the two meanings apart: choose another name';
        throw new Refusal(`${to}: ${file}, line ${line}, has this name for something else. ${why}`);
      }
      const filled = fillRepository(text, address);
      const result = renameIn(file, filled.text, from, to);
      results.push([file, { ...result, places: result.places + filled.places }]);
      after = result.text;
    }
    if (hasNoRepository(after) && Object.hasOwn(FILES, file)) {
      leftAlone.push(`${file}: OWNER/REPOSITORY stays, because git knows no address for it`);
    }
    if (file === 'LICENSE' && text.includes(HOLDER)) {
      leftAlone.push(`${file}: OWNER. Write who owns your application: a person or a company`);
    }
    const lines = mentions(after, from);
    if (lines.length === 0) continue;
    if (isChangelog(file)) leftAlone.push(`${file}: a changelog describes the past`);
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
    `A server with IIS does not change. The application stays at /${from} there, until you deploy `
    + `it at /${to} (docs/deploy.md).`,
  ].join('\n');
}

/** Writes the new name into the texts of a page that come from code, as `npm run docs` does. */
function filledIn(file: string, text: string, appPath: string): string {
  try {
    return fillPage(file, text, appPath);
  } catch (error) {
    // The page is the user's own, and has no marks.
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
    // web.config cannot be read. A Refusal prints its message as one line, without a stack.
    if (error instanceof WebConfigError) throw new Refusal(error.message, { cause: error });
    throw error;
  }
});
