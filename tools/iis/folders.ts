/*
 * Finds names in folders in any case of letters, as Windows does. The list of a folder's names is
 * kept until the folder changes. Requests would be slow if each request read all folders.
 */
import { readdirSync, statSync } from 'node:fs';

interface Listing {
  /** The time at which the folder changed last, ms. */
  changed: number;
  /** The time at which the list was read, ms. */
  read: number;
  /** The names, by the names in lower case. */
  names: Map<string, string>;
}

/**
 * The time within which two changes can leave a folder with one time of change, ms. A list that was
 * read so soon after the first change may lack the second change.
 */
const GRAIN = 50;

export class Folders {
  readonly #listings = new Map<string, Listing>();

  /** @returns the name in its own case; undefined if there is no such name or no such folder */
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
