/* iisnode's watchedFiles: which files start a recycle when they change. */
import { FSWatcher, readdirSync, statSync, watch } from 'node:fs';
import path from 'node:path';
import { isDirectory } from './files';

export interface Watcher {
  /**
   * Tells whether a watched file has changed since it was asked last, and whether iisnode.yml was
   * among them.
   */
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
 * Watches the files of `watchedFiles`, which count from the script's folder. iisnode asks Windows
 * for writes in their folders (FILE_NOTIFY_CHANGE_LAST_WRITE), then compares the files' times,
 * notes a change, and acts on it at the next request. Looking at each request comes to the same.
 * So a file that is put in place by a rename is not seen, until something is written in its folder.
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
    const expression = name.replace(
      /[.+^${}()|[\]]/g, '\\$&',
    ).replaceAll('*', '.*').replaceAll('?', '.');
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
        // A single file that has gone is no change; one that comes is.
        if (now === one.seen || (now === '' && !one.wildcard)) continue;
        one.seen = now;
        return { changed: true, overrides: one.overrides };
      }
      return UNCHANGED;
    },
    close: () => folders.forEach(one => one.close()),
  };
}

/** Whether something has been written in a folder. Names that come and go are no writes. */
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
      // The system watches no more folders: each request looks at the files, then.
    }
  }

  /** Since it was asked last. */
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
 * A single file is known by its time alone, those of a wildcard by their names and sizes as well.
 */
function stampOf({ folder, pattern, wildcard }: Omit<Watched, 'seen'>): string {
  try {
    return readdirSync(folder).filter(name => pattern.test(name)).map(name => {
      const { size, mtimeMs } = statSync(path.join(folder, name));
      return wildcard ? `${name} ${size} ${mtimeMs}` : String(mtimeMs);
    }).join();
  } catch {
    // A file or the folder went away between the two looks, or for good.
    return '';
  }
}
