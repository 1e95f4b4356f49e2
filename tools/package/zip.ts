/* A zip file that depends on nothing but the files that are in it, with their times: not on the machine, nor on when it is made. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { zipSync, Zippable } from 'fflate';

/** Zips what is in a folder. node's own zlib is not used: another version of it compresses to other bytes. */
export function zip(folder: string): Uint8Array {
  const names = readdirSync(folder, { recursive: true }).map(String).filter(name => statSync(path.join(folder, name)).isFile());
  const files: Zippable = {};
  for (const name of names.map(one => one.replaceAll('\\', '/')).sort()) {
    const file = path.join(folder, name);
    const { mtime } = statSync(file);
    // A zip file has local times. UTC is written as such: the same everywhere.
    files[name] = [readFileSync(file), { mtime: new Date(mtime.getTime() + mtime.getTimezoneOffset() * 60000) }];
  }
  return zipSync(files, { level: 9 });
}
