/* Installs the servers that the template is compared with. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { peers } from './paths';

/**
 * Installs the packages of tools/bench, unless they are there in the right versions.
 * @param quiet whether npm's output is shown only in an error
 * @throws Error if npm fails, for example because there is no network
 */
export function installPeers(quiet = false): void {
  const { dependencies } = read('package.json') as { dependencies: Record<string, string> };
  if (Object.entries(dependencies).every(([name, version]) => installed(name) === version)) return;
  const { status, stderr } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: peers,
    stdio: quiet ? 'pipe' : 'inherit',
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new Error(`npm ci failed in ${peers}${quiet ? `: ${stderr}` : ''}`);
}

/** @returns the installed version of a package; null if it is not installed */
function installed(name: string): string | null {
  const file = path.join('node_modules', name, 'package.json');
  return existsSync(path.join(peers, file)) ? (read(file) as { version: string }).version : null;
}

function read(file: string): unknown {
  return JSON.parse(readFileSync(path.join(peers, file), 'utf8'));
}
