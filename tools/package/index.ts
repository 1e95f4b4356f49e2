/* npm run package: the folder that a server needs, and a zip file of it. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ConfigError, readConfig } from '../../src/config';
import { readSiteConfig, WebConfigError } from '../iis/config';
import { npm, packBundle, packModules } from './pack';
import { prove } from './prove';
import { published } from './published';
import { Refusal } from '../refusal';
import { zip } from './zip';

const USAGE = `npm run package -- [options]

Makes build/<name of the application>/, all that a server needs, and a zip file of it. The same commit gives the same bytes.

  --modules      the server is not made into one file: dist and node_modules as they are, about a thousand files. For packages
                 that cannot be bundled, because they have native code or load files by names made up while they run
  --also <name>  a file or folder of public/ that git ignores, and that visitors get all the same: public/built. May be repeated
`;

/** The project's folder. This file runs as build/tools/package/index.js. */
const root = path.join(__dirname, '..', '..', '..');

/** What is in build/ besides. */
const TAKEN = ['', 'fetched', 'src', 'test', 'tools'];

async function main(): Promise<void> {
  const { values } = parseArgs({ options: {
    help: { type: 'boolean' }, modules: { type: 'boolean', default: false },
    also: { type: 'string', multiple: true, default: [] },
  } });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const { commit, time } = readCommit();
  const { name, appPath, iis } = readSettings();
  step(`commit ${commit} of ${time.toISOString().slice(0, 19).replace('T', ' ')} UTC`);

  const { files: pages, leftOut } = published(root, values.also);
  // Without what an older build has left there.
  rmSync(path.join(root, 'dist'), { recursive: true, force: true });
  npm(root, 'run', 'build');
  step('built dist');

  const folder = path.join(root, 'build', name);
  const archive = `${folder}.zip`;
  for (const old of [folder, archive]) rmSync(old, { recursive: true, force: true });
  for (const name of leftOut) step(`left out: ${name}`);
  const pack = values.modules ? packModules : packBundle;
  for (const line of await pack(root, folder, pages)) step(line);

  const files = readdirSync(folder, { recursive: true }).map(String).filter(file => statSync(path.join(folder, file)).isFile());
  for (const file of files) utimesSync(path.join(folder, file), time, timeOf(file) ?? time);
  step(`${show(folder)}: ${files.length} files, ${size(files.reduce((sum, file) => sum + statSync(path.join(folder, file)).size, 0))}`);
  step(`tried as IIS ${iis} would run it: ${await prove(folder, appPath || '/', iis)}`);
  writeFileSync(archive, zip(folder));
  step(`${show(archive)}: ${size(statSync(archive).size)}`);
}

/**
 * When a file was changed last, if git has it. What is copied over an older version then tells what is new by its time, as iisnode
 * does: a new server.js has that of the last commit.
 */
function timeOf(file: string): Date | null {
  if (!/^(public|web\.config|iisnode\.yml)/.test(file)) return null;
  const seconds = git('log', '-1', '--format=%ct', '--', file);
  return seconds === '' ? null : new Date(Number(seconds) * 1000);
}

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

/** @throws Refusal if what is here is not what is committed, or not what package-lock.json asks for */
function readCommit(): { commit: string; time: Date } {
  let log: string;
  try {
    log = git('log', '-1', '--format=%h %ct');
  } catch {
    throw new Refusal('there is no commit to package: git init, git add . and git commit first. It says later what a server runs');
  }
  const changes = git('status', '--porcelain');
  if (changes !== '') throw new Refusal(`these changes are not committed, and the package could not be made again:\n${changes}`);
  try {
    npm(root, 'ls', '--all');
  } catch {
    throw new Refusal('node_modules is not what package-lock.json asks for: npm ci first');
  }
  const [commit, seconds] = log.split(' ');
  return { commit: commit!, time: new Date(Number(seconds) * 1000) };
}

/** What web.config says of the application. @throws Refusal if IIS or the server could not use it */
function readSettings(): { name: string; appPath: string; iis: '7.5' | '10' } {
  // Naming <webSocket> is an error on IIS 7.5.
  const iis = /<webSocket/.test(readFileSync(path.join(root, 'web.config'), 'utf8').replace(/<!--[^]*?-->/g, '')) ? '10' : '7.5';
  try {
    const { appPath } = readConfig(Object.fromEntries(readSiteConfig(root, iis).appSettings));
    const name = appPath.split('/').pop()!;
    return { name: TAKEN.includes(name.toLowerCase()) ? 'site' : name, appPath, iis };
  } catch (error) {
    if (error instanceof ConfigError) throw new Refusal(`web.config, appSettings: ${error.message}`);
    if (error instanceof WebConfigError) throw new Refusal(error.message);
    throw error;
  }
}

function step(line: string): void {
  console.log(line);
}

function size(bytes: number): string {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1000)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function show(file: string): string {
  return path.relative(root, file).replaceAll('\\', '/');
}

main().catch((error: Error) => {
  process.exitCode = 1;
  console.error(`No package: ${error instanceof Refusal ? error.message : error.stack}`);
});
