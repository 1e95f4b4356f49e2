/*
 * The names in folders, found in any case of letters, as Windows finds them: kept until a folder
 * changes.
 */
import { readdirSync, statSync } from 'node:fs';

interface Listing {
  changed: number;
  read: number;
  names: Map<string, string>;
}

/** A time of change can stand still for this long while a second change comes, in ms. */
const GRAIN = 50;

export class Folders {
  readonly #listings = new Map<string, Listing>();

  /** @returns the name as it is there; undefined where there is none, or no folder */
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
