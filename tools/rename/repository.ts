/*
 * Fills in the address of the project's pages. The template has a placeholder in its place, and git
 * knows the address.
 */

/** The placeholder in package.json and README.md. */
const PLACEHOLDER = 'https://github.com/OWNER/REPOSITORY';

/**
 * Turns the address of a remote into the address of its pages.
 * @param remote the address of a remote, as git has it: `git@github.com:ada/chat.git`,
 *   `https://github.com/ada/chat.git` and so on
 * @returns the address of its pages, https://github.com/ada/chat; null for a folder, for example
 */
export function webAddress(remote: string): string | null {
  const url = /^(?:https?|ssh|git):\/\/(?:[^/@]*@)?([^/:]+)(?::\d+)?\/(.+)$/.exec(remote)
    ?? /^(?:[\w.-]+@)([\w.-]+\.\w+):(?!\d+\/)(.+)$/.exec(remote);
  if (!url) return null;
  const [, host, path] = url as unknown as [string, string, string];
  return `https://${host}/${path.replace(/\/+$/, '').replace(/\.git$/, '')}`;
}

/**
 * Replaces the placeholder in a text.
 * @param text the text of a file
 * @param address the address of the pages; null if it is not known
 * @returns the text with the address, and the number of places
 */
export function fillRepository(
  text: string, address: string | null,
): { text: string; places: number } {
  if (address === null) return { text, places: 0 };
  const parts = text.split(PLACEHOLDER);
  return { text: parts.join(address), places: parts.length - 1 };
}

/** The text in LICENSE in the place of the user's name. Only the user knows that name. */
export const HOLDER = 'OWNER, for what is not of the template';

/** Says whether a text still has the placeholder. */
export function hasNoRepository(text: string): boolean {
  return text.includes(PLACEHOLDER);
}
