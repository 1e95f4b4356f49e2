/* Writes the report: a table in Markdown for each load. */
import os from 'node:os';
import type { Column } from './load';
import { Comparison, Measured, median, ratios } from './results';

/** The name of the server in the other copy of the template, for --against. */
export const otherName = (name: string) => `against-${name}`;

/**
 * Writes the table of a load. If a figure is compared with the floor, the table has its spread over
 * the rounds, and the spread of its ratio to the floor's figure in the same round.
 */
export function table(load: Comparison): string {
  const hasFloor = load.servers.some(({ name }) => name === 'floor');
  const cells = ({ name, rounds }: Measured, { figure, digits, compared }: Column) => {
    const values = rounds.map(figures => figures[figure]!);
    if (!compared) return [middle(values, digits)];
    const all = ratios(load, name, 'floor', figure);
    return [spread(values, digits), ...all.length > 0 ? [spread(all, 2)] : []];
  };
  const titles = load.columns.flatMap(column =>
    column.compared && hasFloor ? [column.title, '× floor'] : [column.title]);
  const rows = load.servers.map(server =>
    [server.title, ...load.columns.flatMap(column => cells(server, column))]);
  return `**${load.title}**\n\n${grid(['', ...titles], rows)}`;
}

/**
 * Writes the table of two copies of the template, each figure with its spread over the rounds. A
 * difference smaller than the spread proves nothing. So the last column says whether the median of
 * each copy lies within the spread of the other copy.
 * @param names the names of the two copies
 */
export function sideBySide(load: Comparison, names: [string, string]): string {
  const rows: string[][] = [];
  for (const { name, rounds } of load.servers) {
    const other = load.servers.find(one => one.name === otherName(name));
    if (!other && name !== 'floor') continue; // a server of the other copy
    for (const { figure, title, digits, compared } of load.columns) {
      const toFloor = (of: string) => {
        const all = compared ? ratios(load, of, 'floor', figure) : [];
        return all.length > 0 ? spread(all, 2) : '–';
      };
      const mine = rounds.map(figures => figures[figure]!);
      const row = [`${name}: ${title}`, spread(mine, digits)];
      if (other) {
        const others = other.rounds.map(figures => figures[figure]!);
        const alike = within(mine, others) && within(others, mine) ? 'yes' : 'NO';
        const ratio = spread(ratios(load, name, other.name, figure), 2);
        rows.push([
          ...row, toFloor(name), spread(others, digits), toFloor(other.name), ratio, alike,
        ]);
      } else rows.push([...row, '–', '–', '–', '–', '–']);
    }
  }
  const [mine, others] = names;
  const head = ['', mine, '× floor', others, '× floor', 'ratio in one round',
    'each median in the other\'s spread'];
  return `**${load.title}**\n\n${grid(head, rows)}`;
}

/**
 * Writes the table of several whole runs: for each run, the median of the ratios of each server to
 * another server, each ratio within one round.
 * @param other a function that returns the name of the other server
 * @returns '' if no other server was measured
 */
export function wholeRuns(
  title: string, runs: Comparison[][], other: (name: string) => string,
): string {
  const rows: string[][] = [];
  runs[0]!.forEach((load, at) => {
    for (const { name } of load.servers.filter(server => server.name !== other(server.name))) {
      for (const { figure, title: what, compared } of load.columns) {
        const all = runs.map(run => ratios(run[at]!, name, other(name), figure));
        if (!compared || all[0]!.length === 0) continue;
        rows.push([`${load.name}: ${name}, ${what}`, ...all.map(one => middle(one, 2))]);
      }
    }
  });
  const head = ['', ...runs.map((_, run) => `run ${run + 1}`)];
  return rows.length === 0 ? '' : `**${title}**\n\n${grid(head, rows)}`;
}

/** Says whether the median of some figures lies between the least and the most of others. */
function within(figures: number[], others: number[]): boolean {
  const half = median(figures);
  return half >= Math.min(...others) && half <= Math.max(...others);
}

/** Writes a table in Markdown. The first column is aligned to the left, the others to the right. */
export function grid(head: string[], rows: string[][]): string {
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map(row => row[i]!.length)));
  const align = (cell: string, i: number) =>
    i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!);
  const line = (cells: string[]) => `| ${cells.map(align).join(' | ')} |`;
  const rules = widths.map((width, i) =>
    i === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`);
  return [line(head), `|${rules.join('|')}|`, ...rows.map(line)].join('\n');
}

/** Writes the median of some numbers. */
export function middle(all: number[], digits = 0): string {
  return median(all).toFixed(digits);
}

/** Writes the median with the least and the most: '5 (3–9)'. */
function spread(all: number[], digits?: number): string {
  const least = Math.min(...all).toFixed(digits);
  const most = Math.max(...all).toFixed(digits);
  return `${middle(all, digits)} (${least}–${most})`;
}

/**
 * Describes the machine and the time of a measurement.
 * @param start the time at which the measurement started, ms
 */
export function circumstances(start: number): string {
  const processors = `${os.cpus().length} × ${os.cpus()[0]?.model.trim()}`;
  const machine = `${processors}, ${os.type()} ${os.release()}`;
  const seconds = Math.round((Date.now() - start) / 1000);
  const date = new Date().toISOString().slice(0, 10);
  return `node ${process.version}, ${machine}; ${seconds} s; ${date}`;
}
