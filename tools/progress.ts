/* A line of the terminal that says what a command does while its user waits. */

/** The escape sequence of terminals that goes to the beginning of the line and empties it. */
const EMPTY = '\r\x1b[K';

/**
 * Shows a line in the terminal. The next one replaces it; '' removes it. Before other output the
 * line has to be removed. Nothing is shown if the output is not a terminal.
 */
export function showProgress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(EMPTY + line);
}
