/* The results of the benchmark. They are kept in a file, so that a picture can be drawn later. */
import type { Column, Figures } from './load';

/** The figures of one server under one load: one entry for each round. */
export interface Measured {
  /** The server's name, as for --servers; 'against-…' for a server of the other copy. */
  name: string;
  /** The server's name in tables, in Markdown. */
  title: string;
  rounds: Figures[];
}

/** The servers under one load. The rounds of all servers are the same. */
export interface Comparison {
  /** The load's name, as for --only. */
  name: string;
  title: string;
  columns: Column[];
  servers: Measured[];
}

/** The content of build/bench.json. */
export interface Results {
  /** The number of rounds, the machine, the time and the date. */
  about: string;
  /** The loads of each whole run. */
  runs: Comparison[][];
}

/**
 * Computes the ratios of a server's figure to the same figure of another server, each ratio within
 * one round.
 * @returns a ratio for each round; none if one of the servers was not measured
 */
export function ratios(
  { servers }: Comparison, name: string, other: string, figure: string,
): number[] {
  const mine = servers.find(one => one.name === name);
  const others = servers.find(one => one.name === other);
  if (!mine || !others) return [];
  return mine.rounds.map((figures, round) => figures[figure]! / others.rounds[round]![figure]!);
}

export function median(all: number[]): number {
  const sorted = [...all].sort((a, b) => a - b);
  const half = (sorted.length - 1) / 2;
  return (sorted[Math.floor(half)]! + sorted[Math.ceil(half)]!) / 2;
}
