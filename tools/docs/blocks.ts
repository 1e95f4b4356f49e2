/*
 * The texts in docs/ that come from code. Each text stands between two marks, <!-- name --> and
 * <!-- end -->. To add a text, write its marks into the page, and add a block to BLOCKS.
 */
import { deployBlocks } from './deploy';
import { oldCallBlocks } from './old-calls';
import { recipeBlocks } from './recipes';

export interface Block {
  /** The page, from the project's folder: 'docs/deploy.md'. */
  file: string;
  /** The name in the mark. */
  mark: string;
  /**
   * Produces the text between the marks, without an empty line at its ends.
   * @param appPath the application's path, with a slash in front; `npm run rename` gives the new
   *   path
   */
  text: (appPath: string) => string;
}

/** All texts that `npm run docs` fills in. */
export const BLOCKS: Block[] = [
  ...deployBlocks,
  ...oldCallBlocks,
  ...recipeBlocks,
];

/** The error of a page that does not have the marks of a text, or has them twice. */
export class MarkError extends Error {}

/**
 * Fills one text into a page.
 * @param page the text of the page
 * @throws MarkError if the page does not have the marks, or has them twice
 */
export function fill(page: string, { file, mark, text }: Block, appPath: string): string {
  const begin = `<!-- ${mark} -->\n`;
  const parts = page.split(begin);
  if (parts.length !== 2) {
    throw new MarkError(`${file} has the mark ${begin.trim()} ${parts.length - 1} times, not once`);
  }
  const end = parts[1]!.indexOf('<!-- end -->');
  if (end < 0) throw new MarkError(`${file} has no <!-- end --> behind ${begin.trim()}`);
  return `${parts[0]!}${begin}${text(appPath)}\n${parts[1]!.slice(end)}`;
}

/**
 * Fills all texts of a page.
 * @param file the path of the page, 'docs/deploy.md'
 * @param page the text of the page
 */
export function fillPage(
  file: string, page: string, appPath: string, blocks: readonly Block[] = BLOCKS,
): string {
  // git may have written the files with \r\n. Then the page keeps these line ends.
  const newline = page.includes('\r\n') ? '\r\n' : '\n';
  return blocks.filter(one => one.file === file)
    .reduce((text, block) => unixLines(fill(text, block, appPath)), unixLines(page))
    .replaceAll('\n', newline);
}

function unixLines(text: string): string {
  return text.replaceAll('\r\n', '\n');
}
