/* The log, which the server hands to the door (index.ts), and how often it is used. */
import { now } from './clock';

/** A log with its levels. Each takes anything that is to be seen in one entry. */
export interface Log {
  error: (...parts: unknown[]) => void;
  warn: (...parts: unknown[]) => void;
  info: (...parts: unknown[]) => void;
  debug: (...parts: unknown[]) => void;
}

/** A function that logs an entry of a kind, which begins the line. */
export type Report = (kind: string, ...more: unknown[]) => void;

/**
 * `atMostOneASecond` makes a function that writes at most one line a second of each kind, and says
 * with the next one how many were left out: what a client can cause must not fill the log.
 */
export function atMostOneASecond(write: (...parts: unknown[]) => void): Report {
  const last = new Map<string, { at: number; left: number }>();
  return (kind, ...more) => {
    const seen = last.get(kind);
    const at = now();
    if (seen && at - seen.at < 1000) {
      seen.left += 1;
      return;
    }
    last.set(kind, { at, left: 0 });
    const left = seen && seen.left > 0 ? [`(and ${seen.left} more like this)`] : [];
    write(`${kind}:`, ...more, ...left);
  };
}
