/* iisnode's watchedFiles: iisnode recycles an application when one of these files changes. */
import { FSWatcher, readdirSync, statSync, watch } from 'node:fs';
import path from 'node:path';
import { isDirectory } from './files';

export interface Watcher {
  /** @returns whether a watched file, and whether iisnode.yml, has changed since the last call */
  look: () => { changed: boolean; overrides: boolean };
  close: () => void;
}

interface Watched {
  pattern: RegExp;
  wildcard: boolean;
  folder: string;
  overrides: boolean;
  seen: string;
}

const UNCHANGED = { changed: false, overrides: false };

/**
 * Watches the files of `watchedFiles`, whose paths count from the script's folder.
 *
 * iisnode has Windows report writes in their folders (FILE_NOTIFY_CHANGE_LAST_WRITE). It then
 * compares the files' times, and acts on a change at the next request. The stand-in looks at each
 * request, which has the same effect. A rename is no write: iisnode does not notice a file that was
 * renamed into a folder, until something is written in the folder.
 * @throws Error for an entry whose folder iisnode cannot open: the application does not start then
 */
export function watchFiles(script: string, watchedFiles: string, configOverrides: string): Watcher {
  const watched: Watched[] = [];
  for (const entry of watchedFiles.split(';')) {
    if (entry === '') continue;
    const slash = entry.lastIndexOf('\\');
    const name = entry.slice(slash + 1);
    // IIS itself watches web.config.
    if (name === '' || /web\.config$/i.test(name)) continue;
    const parts = entry.slice(0, Math.max(slash, 0)).split('\\').filter(part => part !== '');
    // iisnode opens the folder with the prefix \\?\. Behind it, Windows takes .. and / for names.
    if (parts.includes('..') || entry.includes('/')) {
      throw new Error(`watchedFiles: "${entry}" cannot be opened`);
    }
    const folder = path.join(path.dirname(script), ...parts);
    if (!isDirectory(folder)) {
      if (!isDirectory(path.dirname(folder))) {
        throw new Error(`watchedFiles: the path of "${entry}" does not exist`);
      }
      continue;
    }
    const expression = name
      .replace(/[.+^${}()|[\]]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    const pattern = new RegExp(`^${expression}$`, 'i');
    const one = {
      pattern,
      wildcard: /[*?]/.test(entry),
      folder,
      overrides: name === configOverrides,
      seen: '',
    };
    watched.push({ ...one, seen: stampOf(one) });
  }
  const folders = new Map(watched.map(({ folder }) => [folder, new Folder(folder)]));
  return {
    look: () => {
      const all = Array.from(folders);
      const written = new Set(all.filter(([, one]) => one.written()).map(([folder]) => folder));
      if (written.size === 0) return UNCHANGED;
      for (const one of watched) {
        if (!written.has(one.folder)) continue;
        const now = stampOf(one);
        // To iisnode, a single file that is deleted is no change, and a new one is a change.
        if (now === one.seen || (now === '' && !one.wildcard)) continue;
        one.seen = now;
        return { changed: true, overrides: one.overrides };
      }
      return UNCHANGED;
    },
    close: () => folders.forEach(one => one.close()),
  };
}

/** Watches a folder for writes to its files. A file that appears or disappears is no write. */
class Folder {
  readonly #watcher: FSWatcher | undefined;
  #written = false;

  constructor(folder: string) {
    try {
      this.#watcher = watch(folder, { persistent: false }, type => {
        if (type === 'change') this.#written = true;
      });
      this.#watcher.on('error', () => this.#written = true);
    } catch {
      // The system cannot watch another folder. Each request then looks at the files.
    }
  }

  /** @returns whether a file was written since the last call */
  written(): boolean {
    const written = this.#written || !this.#watcher;
    this.#written = false;
    return written;
  }

  close(): void {
    this.#watcher?.close();
  }
}

/**
 * A text that differs when a watched file has changed. It has the time of a single file, and the
 * times, names and sizes of files that match a wildcard, as iisnode compares them.
 */
function stampOf({ folder, pattern, wildcard }: Omit<Watched, 'seen'>): string {
  try {
    return readdirSync(folder).filter(name => pattern.test(name)).map(name => {
      const { size, mtimeMs } = statSync(path.join(folder, name));
      return wildcard ? `${name} ${size} ${mtimeMs}` : String(mtimeMs);
    }).join();
  } catch {
    // The folder does not exist, or a file was deleted after the folder was read.
    return '';
  }
}
