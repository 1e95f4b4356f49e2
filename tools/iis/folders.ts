/*
 * Finds names in folders in any case of letters, as Windows does. The list of a folder's names is
 * read again when the folder has changed: a request would be slow if each read all folders.
 */
import { readdirSync, statSync } from 'node:fs';

interface Listing {
  /** The folder's time of change, in ms. */
  changed: number;
  /** When the list was read, in ms. */
  read: number;
  /** The names, by their names in lower case. */
  names: Map<string, string>;
}

/**
 * Two changes within this time, in ms, can leave a folder with one time of change. A list that was
 * read so soon after a change may lack the second one.
 */
const GRAIN = 50;

export class Folders {
  readonly #listings = new Map<string, Listing>();

  /** @returns the name in its own case; undefined where there is no such name or no such folder */
  find(folder: string, name: string): string | undefined {
    return this.#listing(folder)?.names.get(name.toLowerCase());
  }

  #listing(folder: string): Listing | undefined {
    const stat = statSync(folder, { throwIfNoEntry: false });
    if (!stat?.isDirectory()) return undefined;
    const known = this.#listings.get(folder);
    if (known?.changed === stat.mtimeMs && known.read > stat.mtimeMs + GRAIN) return known;
    const names = new Map(readdirSync(folder).map(one => [one.toLowerCase(), one]));
    const listing = { changed: stat.mtimeMs, read: Date.now(), names };
    this.#listings.set(folder, listing);
    return listing;
  }
}
