/*
 * Finds names of settings that are nearly right. A setting with a wrong name has no effect, and no
 * other part of the server would report it.
 */

/** The most letters that are wrong, missing or too many in a name that looks like a setting. */
const MOST_WRONG = 2;
/**
 * The length of the shortest setting that is compared. A shorter one, such as PORT, is like many
 * names that have nothing to do with this server.
 */
const SHORTEST = 7;

/**
 * Finds environment variables whose names are nearly those of settings.
 * @param given the names of the environment variables
 * @param settings the names of the settings
 * @param anyCase whether max_clients counts as MAX_CLIENTS, as on Windows
 * @returns one line for each name that looks like a setting and is none
 */
export function misspelt(
  given: string[], settings: readonly string[], anyCase = process.platform === 'win32',
): string[] {
  const lines: string[] = [];
  for (const name of given) {
    if (settings.includes(anyCase ? name.toUpperCase() : name)) continue;
    const meant = settings.find(setting => looksLike(name, setting));
    if (meant) lines.push(`${name} is no setting, and has no effect. Is ${meant} meant?`);
  }
  return lines;
}

function looksLike(name: string, setting: string): boolean {
  if (setting.length < SHORTEST) return false;
  return distance(name.toUpperCase(), setting, MOST_WRONG) <= MOST_WRONG;
}

/**
 * @returns the number of letters that have to be changed, added or left out to make one text of the
 * other (Levenshtein's distance)
 * @param most the largest difference of the lengths; beyond it the result is Infinity
 */
function distance(from: string, to: string, most: number): number {
  if (Math.abs(from.length - to.length) > most) return Infinity;
  // The distances of each beginning of `to` from the present beginning of `from`.
  let last = Array.from({ length: to.length + 1 }, (_, length) => length);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const changed = from[i - 1] === to[j - 1] ? 0 : 1;
      row[j] = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + changed);
    }
    last = row;
  }
  return last[to.length]!;
}
