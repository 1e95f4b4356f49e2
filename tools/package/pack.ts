/* What goes into a package. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bundle } from './bundle';
import { licenses } from './licenses';
import { refuseLinks, servedFiles } from './published';
import { Refusal } from '../refusal';

/** The one file of 0.9's client that a server needs: pages get it. */
const CLIENT = path.join('node_modules', 'socket.io-client', 'dist', 'socket.io.min.js');

/** What Redis runs, where there are several processes (src/realtime/cluster). */
const SCRIPT = path.join('realtime', 'cluster', 'commit.lua');

/**
 * Packs a project that is built into few files.
 * @param folder where to; it is made
 * @param pages those files of public/ that go along, 'public/index.html'
 * @returns what happened, a line each
 * @throws Refusal if the server cannot be made into one file, or a package in it has no licence
 */
export async function packBundle(
  root: string, folder: string, pages: readonly string[] = servedFiles(root),
): Promise<string[]> {
  copyFixed(root, folder, pages);
  const { modules, warnings, packages } = await bundle(root, path.join(folder, 'dist')).catch((error: Error) => {
    throw new Refusal(`the server cannot be made into one file (--modules leaves it as it is):\n${error.message}`);
  });
  mkdirSync(path.dirname(path.join(folder, CLIENT)), { recursive: true });
  cpSync(path.join(root, CLIENT), path.join(folder, CLIENT));
  // The server reads it beside the file that asks for it, which is server.js there.
  cpSync(path.join(root, 'dist', SCRIPT), path.join(folder, 'dist', path.basename(SCRIPT)));
  const licensed = [...packages, path.join(root, 'node_modules', 'socket.io-client')];
  writeFileSync(path.join(folder, 'licenses.txt'), licenses(root, licensed));
  // npm has nothing to do on the server. The type is said because node looks for one in the folders above as well.
  const { name, version, license } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as Record<string, string>;
  const scripts = { start: 'node dist/server.js' };
  writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify({ name, version, license, private: true, type: 'commonjs', scripts }, null, 2)}\n`);
  refuseLinks(folder);
  return [`bundled ${modules} files into dist/server.js`, ...warnings.map(warning => `  look at this: ${warning}`)];
}

/**
 * Packs a project that is built as it is: dist, and what of node_modules is not for development. Each
 * package there has what its author has put into it, also of its licence.
 * @throws Refusal if npm fails, or there is a link: to a package in a folder elsewhere, say
 */
export function packModules(
  root: string, folder: string, pages: readonly string[] = servedFiles(root),
): string[] {
  copyFixed(root, folder, pages);
  for (const one of ['dist', 'package.json', 'package-lock.json', '.npmrc']) cpSync(path.join(root, one), path.join(folder, one), { recursive: true });
  npm(folder, 'ci', '--omit=dev', '--no-bin-links');
  for (const one of ['package-lock.json', '.npmrc', path.join('node_modules', '.package-lock.json')]) rmSync(path.join(folder, one), { force: true });
  refuseLinks(folder);
  return ['installed node_modules, without what is for development'];
}

function copyFixed(root: string, folder: string, pages: readonly string[]): void {
  mkdirSync(path.join(folder, 'public'), { recursive: true });
  for (const one of [...pages, 'web.config', 'iisnode.yml']) {
    cpSync(path.join(root, one), path.join(folder, one), { recursive: true });
  }
  refuseLinks(folder);
}

/** Runs npm, quietly. @throws Refusal with what it said, if it fails */
export function npm(cwd: string, ...args: string[]): void {
  // As a script of node's, which npm says where it is: on Windows, npm itself is a batch file, which would want a shell.
  const cli = process.env.npm_execpath;
  try {
    execFileSync(cli ? process.execPath : 'npm', [...cli ? [cli] : [], ...args], { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Refusal(`npm ${args.join(' ')} failed:\n${stdout}${stderr}`.trim());
  }
}
