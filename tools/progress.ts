/* Shows the progress of a command in a line of the terminal, while the user waits. */

/** The escape sequence of terminals that goes to the beginning of the line and empties it. */
const EMPTY = '\r\x1b[K';

/**
 * Shows a line in the terminal. The next line replaces it; '' removes it. The caller has to remove
 * the line before other output. Nothing is shown if stderr is not a terminal.
 */
export function showProgress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(EMPTY + line);
}
