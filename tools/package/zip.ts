/*
 * Makes a zip file whose bytes depend only on its files and their times. The machine and the time
 * of the call change nothing.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { zipSync, Zippable } from 'fflate';

/** Lists the files of a folder and of the folders in it. @returns their paths from the folder */
export function filesIn(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true }).map(String);
  return names.filter(name => statSync(path.join(folder, name)).isFile());
}

/**
 * Zips the files of a folder. fflate compresses them: the zlib of another node could compress them
 * to other bytes.
 */
export function zip(folder: string): Uint8Array {
  const files: Zippable = {};
  for (const name of filesIn(folder).map(one => one.replaceAll('\\', '/')).sort()) {
    const file = path.join(folder, name);
    const { mtime } = statSync(file);
    // The times in a zip file are local times. Here they are UTC, so that they are the same on each
    // machine.
    const utc = new Date(mtime.getTime() + mtime.getTimezoneOffset() * 60000);
    files[name] = [readFileSync(file), { mtime: utc }];
  }
  return zipSync(files, { level: 9 });
}
