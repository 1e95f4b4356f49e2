/* A zip file that depends on nothing but what is in it: neither on the machine nor on when it is made. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { zipSync } from 'fflate';

/**
 * Zips what is in a folder. node's own zlib is not used: another version of it compresses to other bytes.
 * @param time of all files. A zip file holds local time, by 2 s: it is written as UTC, everywhere the same
 */
export function zip(folder: string, time: Date): Uint8Array {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => path.relative(folder, path.join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort();
  const mtime = new Date(time.getTime() + time.getTimezoneOffset() * 60000);
  return zipSync(Object.fromEntries(names.map(name => [name, readFileSync(path.join(folder, name))])), { mtime, level: 9 });
}
