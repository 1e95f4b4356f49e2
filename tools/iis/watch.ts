/* Imitates iisnode's watchedFiles: iisnode recycles an application when one of them changes. */
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
 * Windows reports writes in the folders of these files to iisnode (FILE_NOTIFY_CHANGE_LAST_WRITE).
 * iisnode then compares the files' times, and acts on a change at the next request. The stand-in
 * looks for writes at each request, which has the same effect. A rename is no write. So iisnode
 * notices a file that was renamed into a folder only when a file of the folder is written.
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
    // iisnode opens the folder with the prefix \\?\. Behind this prefix, .. and / have no meaning
    // for Windows: it takes them for parts of a name.
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
        // For iisnode, the deletion of a single file is no change, and a new file is a change.
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
      // The system cannot watch one more folder. So each request looks at the files.
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
 * Makes a text that differs when a watched file has changed. As in iisnode, the time counts for a
 * single file, and the times, names and sizes count for files that match a wildcard.
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
