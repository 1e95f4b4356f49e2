import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { peers } from './paths';

/**
 * Installs what the template is compared with, unless it is there in the versions that are asked for.
 * @param quiet whether npm's own words are kept for the error
 * @throws if npm fails, for example because there is no network
 */
export function installPeers(quiet = false): void {
  const { dependencies } = read('package.json') as { dependencies: Record<string, string> };
  if (Object.entries(dependencies).every(([name, version]) => installed(name) === version)) return;
  const { status, stderr } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: peers, stdio: quiet ? 'pipe' : 'inherit', encoding: 'utf8', shell: process.platform === 'win32',
  });
  if (status !== 0) throw new Error(`npm ci failed in ${peers}${quiet ? `: ${stderr}` : ''}`);
}

function installed(name: string): string | null {
  const file = path.join('node_modules', name, 'package.json');
  return existsSync(path.join(peers, file)) ? (read(file) as { version: string }).version : null;
}

function read(file: string): unknown {
  return JSON.parse(readFileSync(path.join(peers, file), 'utf8'));
}
