/* `npm run rename -- chat`: gives the application a name of its own, in every place where it has one. */
import { execFileSync } from 'node:child_process';
import { lstatSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { readSiteConfig, WebConfigError } from '../iis/config';
import { Refusal } from '../refusal';
import { checkName, packageName } from './name';
import { currentPath, FILES, isChangelog, isKnown, mentions, Renamed, renameIn, taken } from './places';

const HELP = `npm run rename -- <name>

Gives the application another name: the path where it lives, its rule in web.config, the page's title and heading, the package, and
what README.md says. It commits nothing: git diff shows what it did. The name is one segment of a path, such as chat.`;

/** The project's folder. This file runs as build/tools/rename/index.js. */
const root = path.join(__dirname, '..', '..', '..');
const SETTINGS = 'src/config.ts';

/** What git says. Its complaints are in the error that is thrown. */
function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28, stdio: 'pipe' });
}

/** The project's files, if git has every change of them: then what is changed here can be seen, and undone. */
function committedFiles(): string[] {
  let files: string[];
  let changes: string[];
  try {
    files = git('ls-files', '-z').split('\0').filter(Boolean);
    changes = git('status', '--porcelain', '-z', '--no-renames', '.').split('\0').filter(Boolean);
  } catch (error) {
    const { code, stderr } = error as NodeJS.ErrnoException & { stderr?: string };
    if (code === 'ENOENT') throw new Refusal('git is not installed: without it nothing here could be undone');
    throw new Refusal(`git finds no repository here (${(stderr ?? '').trim().split('\n')[0]}): git init, git add . and git commit make one`);
  }
  if (!files.includes(SETTINGS)) throw new Refusal('git does not have this project\'s files: git init, git add . and git commit make it a repository');
  const [first] = changes;
  if (first) throw new Refusal(`there are changes that are not committed (${first.slice(3)}${changes.length > 1 ? `, and ${changes.length - 1} more` : ''}): commit them first`);
  return files;
}

/** A file's text; null for a picture and the like, and for what is no file. */
function read(file: string): string | null {
  const where = path.join(root, file);
  if (!lstatSync(where).isFile()) return null;
  const bytes = readFileSync(where);
  return bytes.includes(0) ? null : bytes.toString('utf8');
}

/** Renames, and gives what to say of it. */
function rename(asked: string): string {
  const files = committedFiles();
  const was = currentPath(read(SETTINGS) ?? '');
  if (was === null) throw new Refusal(`${SETTINGS} does not say setting('APP_PATH', '/…', …): there is no name to replace`);
  if (!/^\/[^/]+$/.test(was)) throw new Refusal(`the default of APP_PATH in ${SETTINGS} is ${was}: this knows names of one segment, such as /chat`);
  const from = was.slice(1);
  const to = checkName(asked, readSiteConfig(root, '7.5').filtering);
  if (to === from) throw new Refusal(`${to}: it has this name`);

  const results: [file: string, result: Renamed][] = [];
  const rest: string[] = [];
  for (const file of files) {
    const text = read(file);
    if (text === null && /\.png$/i.test(file) && file.startsWith('.github/')) rest.push(`${file}: a picture, which may show the old name`);
    if (text === null) continue;
    let after = text;
    if (isKnown(file)) {
      const line = taken(file, text, from, to);
      if (line !== null) throw new Refusal(`${to}: stands in ${file}, line ${line}, for something else. A later rename could not tell them apart: choose another name`);
      const result = renameIn(file, text, from, to);
      results.push([file, result]);
      after = result.text;
    }
    const lines = mentions(after, from);
    if (lines.length === 0) continue;
    if (isChangelog(file)) rest.push(`${file}: what has been stays as it was`);
    else rest.push(`${file}: /${from} in line ${lines.slice(0, 5).join(', ')}${lines.length > 5 ? ', …' : ''}. Look whether it means the application`);
  }

  for (const [file, { text, places }] of results) if (places > 0) writeFileSync(path.join(root, file), text);
  const missing = [
    ...results.flatMap(([file, result]) => result.missing.map(what => `${file}: ${what}`)),
    ...Object.keys(FILES).filter(file => !files.includes(file)).map(file => `${file}: git has no such file`),
  ];
  return [
    `${from} is now ${to}: the path /${to}, the package ${packageName(to)}.`,
    ...list('Changed', results.filter(([, { places }]) => places > 0).map(([file, { places }]) => `${file}: ${places} ${places === 1 ? 'place' : 'places'}`)),
    ...list('Not there, and passed over', missing),
    ...list('Left alone', rest),
    '', 'Next: npm ci && npm test, then git diff, then git commit -a.',
    `IIS knows nothing of it: where the application is deployed, it stays at /${from} until there is another at /${to} (README.md, Deploy).`,
  ].join('\n');
}

function list(title: string, lines: string[]): string[] {
  return lines.length > 0 ? ['', `${title}:`, ...lines.map(line => `  ${line}`)] : [];
}

/** @throws Refusal */
function main(args: string[]): string {
  let parsed;
  try {
    parsed = parseArgs({ args, allowPositionals: true, options: { help: { type: 'boolean' } } });
  } catch (error) {
    throw new Refusal((error as Error).message.split('. ')[0]);
  }
  const { positionals, values } = parsed;
  if (values.help) return HELP;
  if (positionals.length !== 1) throw new Refusal('takes one name: npm run rename -- chat');
  return rename(positionals[0]!);
}

try {
  console.log(main(process.argv.slice(2)));
} catch (error) {
  // A web.config that cannot be read is one line as well.
  console.error(error instanceof Refusal || error instanceof WebConfigError ? error.message : error);
  process.exitCode = 1;
}
