/* Installs the packages that only one command needs, in the folder of that command. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Installs the packages that a folder's package.json names, unless the folder has them in the right
 * versions.
 * @param quiet whether npm's output is shown only in an error
 * @throws Error if npm fails, for example because there is no network
 */
export function installPackages(folder: string, quiet = false): void {
  const read = (file: string): unknown =>
    JSON.parse(readFileSync(path.join(folder, file), 'utf8'));
  const isThere = ([name, version]: [string, string]) => {
    const file = path.join('node_modules', name, 'package.json');
    const isInstalled = existsSync(path.join(folder, file));
    return isInstalled && (read(file) as { version: string }).version === version;
  };
  const { dependencies } = read('package.json') as { dependencies: Record<string, string> };
  if (Object.entries(dependencies).every(isThere)) return;
  const { status, stderr } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: folder,
    stdio: quiet ? 'pipe' : 'inherit',
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new Error(`npm ci failed in ${folder}${quiet ? `: ${stderr}` : ''}`);
}
