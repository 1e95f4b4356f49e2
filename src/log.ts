import { format } from 'util';

/** From the quietest to the loudest: each level includes those before it. */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type Log = Record<LogLevel, (...parts: unknown[]) => void>;

/**
 * Makes the log: one line an entry, time and level first; errors and warnings to stderr, the rest to stdout.
 * A level that is off costs a call and no more. That matters under iisnode, where every line is a file opened, written
 * and closed before the program goes on.
 */
export function createLog(level: LogLevel): Log {
  const at = (name: LogLevel): Log[LogLevel] => {
    if (LOG_LEVELS.indexOf(name) > LOG_LEVELS.indexOf(level)) return () => undefined;
    const out = name === 'error' || name === 'warn' ? process.stderr : process.stdout;
    return (...parts) => {
      out.write(`${new Date().toISOString()} ${name} ${format(...parts)}\n`);
    };
  };
  return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') };
}
