/* The log. server.ts makes it, and hands it to all parts that log something. */
import { format } from 'util';

/** The levels, from the quietest to the loudest. Each level includes the levels before it. */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type Log = Record<LogLevel, (...parts: unknown[]) => void>;

/**
 * Makes the log. Each entry is one line, and begins with the time and the level. Errors and
 * warnings go to stderr, the rest to stdout. A level that is off costs only a call. That matters
 * under iisnode, which opens, writes and closes a file for every line before the program goes on.
 *
 * Only an entry begins a line with a time, so a client cannot forge an entry. The stack of an error
 * goes on in lines that are indented, and control characters are escaped.
 */
export function createLog(level: LogLevel): Log {
  const at = (name: LogLevel): Log[LogLevel] => {
    if (LOG_LEVELS.indexOf(name) > LOG_LEVELS.indexOf(level)) return () => undefined;
    const out = name === 'error' || name === 'warn' ? process.stderr : process.stdout;
    return (...parts) => {
      const text = visible(format(...parts.map(oneLine))).replace(/\n(?!\s)/g, '\n    ');
      out.write(`${new Date().toISOString()} ${name} ${text}\n`);
    };
  };
  return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') };
}

/** @returns a text in one line; errors and objects as they are, because format makes their lines */
function oneLine(part: unknown): unknown {
  return typeof part === 'string' ? part.replace(/\n/g, '\\n') : part;
}

/**
 * The characters that a terminal or an editor does not show, except the line feed: control
 * characters (U+009B begins a terminal's command, as "ESC [" does), separators of lines, characters
 * that turn the direction of the text, other invisible characters, and halves of a character, which
 * cannot be written as UTF-8.
 */
const UNSEEN = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** @returns a text with \u009b and the like in place of such characters */
function visible(text: string): string {
  return text.replace(UNSEEN, found => {
    const code = found.codePointAt(0)!.toString(16);
    return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`;
  });
}
