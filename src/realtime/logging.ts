/*
 * The log, which the server hands to the door (index.ts), and a bound on the number of its lines.
 */
import { now } from './clock';

/** A log, with a function for each level. Each function takes the parts of one entry. */
export interface Log {
  error: (...parts: unknown[]) => void;
  warn: (...parts: unknown[]) => void;
  info: (...parts: unknown[]) => void;
  debug: (...parts: unknown[]) => void;
}

/** A function that logs an entry. The kind of the entry is the beginning of the line. */
export type Report = (kind: string, ...more: unknown[]) => void;

/**
 * Makes a function that writes at most one line a second of each kind. The next line of the kind
 * says how many lines were left out. Without this bound, a client could fill the log.
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
