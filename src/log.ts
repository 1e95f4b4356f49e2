/* The log. server.ts makes it, and hands it to the parts that have something to say. */
import { format } from 'util';

/** From the quietest to the loudest: each level includes those before it. */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type Log = Record<LogLevel, (...parts: unknown[]) => void>;

/**
 * `createLog` makes the log: one line an entry, time and level first; errors and warnings go to
 * stderr, the rest to stdout. A level that is off costs a call and no more. That matters under
 * iisnode, where every line is a file opened, written and closed before the program goes on.
 *
 * Only an entry begins a line with a time, whatever a client sent: the stack of an error goes on in
 * lines that are indented, and control characters are escaped.
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

/** @returns a text in one line. Errors and objects have lines of their own */
function oneLine(part: unknown): unknown {
  return typeof part === 'string' ? part.replace(/\n/g, '\\n') : part;
}

/**
 * Characters that a terminal or an editor acts on instead of showing them, but for the line feed:
 * control characters (a C1 one, U+009B, begins a terminal's command as "ESC [" does), separators of
 * lines, characters that turn the direction of what follows, others that are invisible, and halves
 * of a character, which cannot be written as UTF-8.
 */
const UNSEEN = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** @returns a text with \u009b and the like for what cannot be seen */
function visible(text: string): string {
  return text.replace(UNSEEN, found => {
    const code = found.codePointAt(0)!.toString(16);
    return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`;
  });
}
