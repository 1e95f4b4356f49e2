/* iisnode's watchedFiles: which files start a recycle when they change. */
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { isDirectory } from './files';

/** Tells whether a watched file has changed since it was asked last, and whether iisnode.yml was among them. */
export type Watcher = () => { changed: boolean; overrides: boolean };

interface Watched {
  pattern: RegExp;
  wildcard: boolean;
  folder: string;
  overrides: boolean;
  seen: string;
}

/**
 * Watches the files of `watchedFiles`, which count from the script's folder. iisnode looks at their times and sizes when Windows
 * reports a write in the folder, notes that a change is there, and acts on it at the next request. Looking at each request comes
 * to the same.
 * @throws Error for an entry iisnode cannot open a folder for: the application does not start
 */
export function watchFiles(script: string, watchedFiles: string, configOverrides: string): Watcher {
  const watched: Watched[] = [];
  for (const entry of watchedFiles.split(';')) {
    if (entry === '') continue;
    const slash = entry.lastIndexOf('\\');
    const name = entry.slice(slash + 1);
    // web.config is IIS's own to watch.
    if (name === '' || /web\.config$/i.test(name)) continue;
    const parts = entry.slice(0, Math.max(slash, 0)).split('\\').filter(part => part !== '');
    // Opened with the prefix \\?\, under which Windows takes .. and / for names.
    if (parts.includes('..') || entry.includes('/')) throw new Error(`watchedFiles: "${entry}" cannot be opened`);
    const folder = path.join(path.dirname(script), ...parts);
    if (!isDirectory(folder)) {
      if (!isDirectory(path.dirname(folder))) throw new Error(`watchedFiles: the path of "${entry}" does not exist`);
      continue;
    }
    const expression = name.replace(/[.+^${}()|[\]]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.');
    const one = { pattern: new RegExp(`^${expression}$`, 'i'), wildcard: /[*?]/.test(entry), folder, overrides: name === configOverrides, seen: '' };
    watched.push({ ...one, seen: look(one) });
  }
  return () => {
    for (const one of watched) {
      const now = look(one);
      // A single file that has gone is no change; one that comes is.
      if (now === one.seen || (now === '' && !one.wildcard)) continue;
      one.seen = now;
      return { changed: true, overrides: one.overrides };
    }
    return { changed: false, overrides: false };
  };
}

function look({ folder, pattern }: { folder: string; pattern: RegExp }): string {
  try {
    return readdirSync(folder).filter(name => pattern.test(name)).map(name => {
      const { size, mtimeMs } = statSync(path.join(folder, name));
      return `${name} ${size} ${mtimeMs}`;
    }).join();
  } catch {
    // A file or the folder went away between the two looks, or for good.
    return '';
  }
}
