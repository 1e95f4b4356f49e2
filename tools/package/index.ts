/* npm run package: makes a folder with all files for a server, and a zip file of the folder. */
import { execFileSync } from 'node:child_process';
import {
  cpSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ConfigError, readConfig } from '../../src/config';
import { command, UsageError } from '../command';
import { readSiteConfig } from '../iis/config';
import { WebConfigError } from '../iis/config-error';
import { npm, packBundle, packModules } from './pack';
import type { prove } from './prove';
import { showProgress } from '../progress';
import { published } from './published';
import { Refusal } from '../refusal';
import { filesIn, zip } from './zip';

const USAGE = `npm run package -- [options]

Makes build/<name of the application>/ with all files that a server needs, and a zip file of the
folder. The same commit gives the same bytes.

  --modules      does not bundle the server into one file, but takes dist and node_modules as they
                 are, about a thousand files. Use this option for packages that have native code, or
                 that load files by names that they compute
  --also <name>  adds a file or folder of public/ that git ignores, such as public/built. The option
                 may be repeated
  --set <NAME=value>  gives the server a setting, such as a secret, while the command tries the
                 package. The setting does not go into the package: use install.cmd --set NAME=value
                 on the server. The option may be repeated
`;

/** The project's folder. This file runs as build/tools/package/index.js. */
const root = path.join(__dirname, '..', '..', '..');

/** Folders of build/ with other uses. An application with such a name is packaged as "site". */
const TAKEN = ['', 'fetched', 'src', 'test', 'tools'];

const OPTIONS = {
  modules: { type: 'boolean', default: false },
  also: { type: 'string', multiple: true, default: [] as string[] },
  set: { type: 'string', multiple: true, default: [] as string[] },
} as const;

command('package', USAGE, OPTIONS, async ({ values, positionals }) => {
  if (positionals.length > 0) throw new UsageError(`takes no ${positionals[0]}`);
  try {
    await makePackage({ ...values, settings: values.set.map(readSetting) });
  } catch (error) {
    showProgress('');
    if (!(error instanceof Refusal)) throw error;
    throw new Refusal(`No package: ${error.message}`, { cause: error });
  }
});

/** Reads the value of --set. @throws UsageError if the value is not NAME=value */
function readSetting(text: string): [name: string, value: string] {
  const [, name, value] = /^(\w+)=([^]*)$/.exec(text) ?? [];
  if (name === undefined) throw new UsageError(`--set ${text}: takes NAME=value`);
  return [name, value!];
}

interface Values {
  modules: boolean;
  also: string[];
  settings: [name: string, value: string][];
}

async function makePackage(values: Values): Promise<void> {
  const { commit, time } = readCommit();
  const { name, appPath, iis } = readSettings();
  step(`commit ${commit} of ${time.toISOString().slice(0, 19).replace('T', ' ')} UTC`);

  const { files: pages, leftOut } = published(root, values.also);
  showProgress('… compares node_modules with package-lock.json');
  checkPackages();
  // An older build may have left files in dist.
  rmSync(path.join(root, 'dist'), { recursive: true, force: true });
  showProgress('… builds dist');
  npm(root, 'run', 'build');
  step('built dist');

  for (const name of leftOut) step(`left out: ${name}`);
  // The package is made and tried elsewhere. If this fails, the package before stays as it was.
  const made = mkdtempSync(path.join(tmpdir(), 'package-'));
  try {
    const contents = await make(made, pages, values, time);
    const saw = await tryPackage(made, appPath || '/', iis, values.settings);
    const folder = path.join(root, 'build', name);
    const archive = `${folder}.zip`;
    for (const old of [folder, archive]) rmSync(old, { recursive: true, force: true });
    cpSync(made, folder, { recursive: true, preserveTimestamps: true });
    writeFileSync(archive, zip(folder));
    step(`${show(folder)}: ${contents}`);
    step(`tried as IIS ${iis} would run it: ${saw}`);
    step(`${show(archive)}: ${size(statSync(archive).size)}`);
  } finally {
    rmSync(made, { recursive: true, force: true, maxRetries: 5 });
  }
}

/**
 * Puts the files of the package into a folder, and gives each file its time.
 * @returns the number and the size of the files, for a person
 */
async function make(
  folder: string, pages: readonly string[], { modules }: Values, time: Date,
): Promise<string> {
  showProgress(modules ? '… copies the packages' : '… bundles the server');
  for (const line of await (modules ? packModules : packBundle)(root, folder, pages)) step(line);
  const files = filesIn(folder);
  let total = 0;
  for (const file of files) {
    const where = path.join(folder, file);
    utimesSync(where, time, timeOf(file) ?? time);
    total += statSync(where).size;
  }
  return `${files.length} files, ${size(total)}`;
}

/** Tries the package, as prove() does. @returns a few words about the page and the message */
async function tryPackage(...args: Parameters<typeof prove>): Promise<string> {
  showProgress('… tries the package');
  // prove.js is loaded here, not at the start of the command. So a refusal comes sooner.
  const { prove } = await import('./prove.js');
  return prove(...args);
}

/**
 * Returns the time of the last commit that changed a file. A page that has not changed has the same
 * time in each package, so browsers need not load it again. Built files have the time of the
 * package's commit, so that iisnode sees a new server.js.
 * @returns null for a file that is built, or that git does not have
 */
function timeOf(file: string): Date | null {
  if (!/^(public|web\.config|iisnode\.yml)/.test(file)) return null;
  const seconds = git('log', '-1', '--format=%ct', '--', file);
  return seconds === '' ? null : new Date(Number(seconds) * 1000);
}

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: 'pipe' }).trim();
}

/**
 * Reads the commit that is packaged.
 * @throws Refusal if a change is not committed
 */
function readCommit(): { commit: string; time: Date } {
  let log: string;
  try {
    log = git('log', '-1', '--format=%h %ct');
  } catch {
    const why = 'Later, the commit tells you the version on a server';
    throw new Refusal(`there is no commit to package: git init, git add . and git commit. ${why}`);
  }
  const changes = git('status', '--porcelain');
  if (changes !== '') {
    const why = 'so nobody could make this package again';
    throw new Refusal(`these changes are not committed, ${why}:\n${changes}`);
  }
  const [commit, seconds] = log.split(' ');
  return { commit: commit!, time: new Date(Number(seconds) * 1000) };
}

/** Compares node_modules with package-lock.json. @throws Refusal if they do not match */
function checkPackages(): void {
  try {
    npm(root, 'ls', '--all');
  } catch {
    throw new Refusal('node_modules does not match package-lock.json: run npm ci first');
  }
}

/**
 * Reads the application's settings from web.config.
 * @throws Refusal if IIS or the server could not use the file
 */
function readSettings(): { name: string; appPath: string; iis: '7.5' | '10' } {
  const text = readFileSync(path.join(root, 'web.config'), 'utf8').replace(/<!--[^]*?-->/g, '');
  // IIS 7.5 does not know <webSocket>. A web.config with this element is for a later IIS.
  const iis = /<webSocket/.test(text) ? '10' : '7.5';
  try {
    const { appPath } = readConfig(Object.fromEntries(readSiteConfig(root, iis).appSettings));
    const name = appPath.split('/').pop()!;
    return { name: TAKEN.includes(name.toLowerCase()) ? 'site' : name, appPath, iis };
  } catch (error) {
    if (error instanceof ConfigError) {
      throw new Refusal(`web.config, appSettings: ${error.message}`);
    }
    if (error instanceof WebConfigError) throw new Refusal(error.message);
    throw error;
  }
}

/** Prints a line about a step that is done. */
function step(line: string): void {
  showProgress('');
  console.log(line);
}

function size(bytes: number): string {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1000)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function show(file: string): string {
  return path.relative(root, file).replaceAll('\\', '/');
}
