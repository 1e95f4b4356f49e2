/* The log. server.ts makes it, and hands it to the parts that have something to say. */
import { format } from 'util';
import { now } from './realtime/clock';

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

/**
 * Writes at most one line a second of each kind, and says with the next one how many were left out: what a client can cause
 * must not fill the log.
 * @returns a function that takes the kind, which begins the line, and what follows
 */
export function atMostOneASecond(write: (...parts: unknown[]) => void): (kind: string, ...more: unknown[]) => void {
  const last = new Map<string, { at: number; left: number }>();
  return (kind, ...more) => {
    const seen = last.get(kind);
    const at = now();
    if (seen && at - seen.at < 1000) {
      seen.left += 1;
      return;
    }
    last.set(kind, { at, left: 0 });
    write(`${kind}:`, ...more, ...seen && seen.left > 0 ? [`(and ${seen.left} more like this)`] : []);
  };
}
