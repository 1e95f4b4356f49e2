/* Puts the files of a package into a folder. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readConfig } from '../../src/config';
import { bundle } from './bundle';
import { licenses } from './licenses';
import { refuseLinks, servedFiles } from './published';
import { Refusal } from '../refusal';

/** The one file of 0.9's client that a server needs: the script for pages. */
const CLIENT = path.join('node_modules', 'socket.io-client', 'dist', 'socket.io.min.js');

/** The script for Redis, which several processes use (src/realtime/cluster). */
const SCRIPT = path.join('realtime', 'cluster', 'commit.lua');

/**
 * Packs the built project as few files.
 * @param root the project's folder
 * @param folder the folder of the package, which is created
 * @param pages the files of public/ to take, 'public/index.html'
 * @returns the lines of the report
 * @throws Refusal if the server cannot be bundled, or a package in the bundle has no licence
 */
export async function packBundle(
  root: string, folder: string, pages: readonly string[] = servedFiles(root),
): Promise<string[]> {
  copySite(root, folder, pages);
  const bundled = await bundle(root, path.join(folder, 'dist')).catch((error: Error) => {
    const cure = 'use --modules to take all files as they are';
    throw new Refusal(`the server cannot be bundled into one file (${cure}):\n${error.message}`);
  });
  const { modules, warnings, packages } = bundled;
  mkdirSync(path.dirname(path.join(folder, CLIENT)), { recursive: true });
  cpSync(path.join(root, CLIENT), path.join(folder, CLIENT));
  // The code looks for the script in its own folder. In a bundle this is the folder of server.js.
  cpSync(path.join(root, 'dist', SCRIPT), path.join(folder, 'dist', path.basename(SCRIPT)));
  const licensed = [...packages, path.join(root, 'node_modules', 'socket.io-client')];
  writeFileSync(path.join(folder, 'licenses.txt'), licenses(root, licensed));
  writeFileSync(path.join(folder, 'package.json'), manifest(root));
  refuseLinks(folder);
  return [
    `bundled ${modules} files into dist/server.js`,
    ...warnings.map(warning => `  look at this: ${warning}`),
  ];
}

/**
 * Writes the package.json of a bundle. It has no dependencies, because the server needs no npm. It
 * has a type: without a type, node would look for a package.json in the folders above. It has an
 * appPath, because install.cmd cannot find the default of APP_PATH in a bundle.
 */
function manifest(root: string): string {
  const text = readFileSync(path.join(root, 'package.json'), 'utf8');
  const { name, version, license } = JSON.parse(text) as Record<string, string>;
  const scripts = { start: 'node dist/server.js' };
  const appPath = readConfig({}).appPath || '/';
  const own = { name, version, license, private: true, type: 'commonjs', scripts, appPath };
  return `${JSON.stringify(own, null, 2)}\n`;
}

/** Files that npm needs for the installation. A server does not need them. */
const FOR_NPM = ['package-lock.json', '.npmrc'];

/**
 * Packs the built project with dist and node_modules as they are, without packages for development.
 * Each package keeps all files of its author, and so its licence.
 * @throws Refusal if npm fails, or node_modules has a link, for example to a package elsewhere
 */
export function packModules(
  root: string, folder: string, pages: readonly string[] = servedFiles(root),
): string[] {
  copySite(root, folder, pages);
  for (const one of ['dist', 'package.json', ...FOR_NPM]) {
    cpSync(path.join(root, one), path.join(folder, one), { recursive: true });
  }
  // The lock file has a checksum of each package, so a package in npm's cache is the right one.
  npm(folder, 'ci', '--omit=dev', '--no-bin-links', '--prefer-offline');
  for (const one of [...FOR_NPM, path.join('node_modules', '.package-lock.json')]) {
    rmSync(path.join(folder, one), { force: true });
  }
  refuseLinks(folder);
  return ['installed node_modules, without the packages for development'];
}

/** The folder of install.cmd and the other commands for the server, with their scripts. */
const DEPLOY = 'deploy';

/**
 * Copies the files that are the same in both kinds of packages: the pages, the configuration, and
 * the commands for the server. The .cmd files go into the outermost folder, where a person sees
 * them first.
 */
function copySite(root: string, folder: string, pages: readonly string[]): void {
  mkdirSync(path.join(folder, 'public'), { recursive: true });
  for (const one of [...pages, 'web.config', 'iisnode.yml']) {
    cpSync(path.join(root, one), path.join(folder, one), { recursive: true });
  }
  for (const name of readdirSync(path.join(root, DEPLOY))) {
    if (!/\.(cmd|js)$/.test(name)) continue;
    const to = name.endsWith('.cmd') ? name : path.join(DEPLOY, name);
    cpSync(path.join(root, DEPLOY, name), path.join(folder, to));
  }
  refuseLinks(folder);
}

/**
 * Runs npm, without its output.
 * @throws Refusal with npm's output, if npm fails
 */
export function npm(cwd: string, ...args: string[]): void {
  // On Windows, the command npm is a batch file, and a batch file needs a shell. npm_execpath is
  // npm's own script, which node can run.
  const script = process.env.npm_execpath;
  const [command, all] = script ? [process.execPath, [script, ...args]] : ['npm', args];
  try {
    execFileSync(command, all, { cwd, encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Refusal(`npm ${args.join(' ')} failed:\n${stdout}${stderr}`.trim());
  }
}
