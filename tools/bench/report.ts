/* Writes the report: a table in Markdown for each load. */
import os from 'node:os';
import type { Column, Figures, Load } from './load';
import type { Kind } from './servers';

/** The figures of a load: a list for each server, in the order of the rounds. */
export type Results = Map<string, Figures[]>;

/**
 * Writes the table of a load. If a figure is compared with the floor, the table has its spread over
 * the rounds, and the spread of its ratio to the floor's figure in the same round.
 */
export function table({ title, columns }: Load, results: Results, kinds: Kind[]): string {
  const floor = results.get('floor');
  const cells = (rounds: Figures[], { figure, digits, compared }: Column) => {
    const values = rounds.map(figures => figures[figure]!);
    if (!compared) return [middle(values, digits)];
    if (!floor) return [spread(values, digits)];
    const ratios = values.map((value, round) => value / floor[round]![figure]!);
    return [spread(values, digits), spread(ratios, 2)];
  };
  const titles = columns.flatMap(column =>
    column.compared && floor ? [column.title, '× floor'] : [column.title]);
  const rows = kinds.map(kind => {
    const rounds = results.get(kind.name)!;
    return [kind.title, ...columns.flatMap(column => cells(rounds, column))];
  });
  return `**${title}**\n\n${grid(['', ...titles], rows)}`;
}

/**
 * Writes the table of two copies of the template, each figure with its spread over the rounds. A
 * difference smaller than the spread proves nothing. So the last column says whether the median of
 * each copy lies within the spread of the other copy.
 * @param kinds pairs of a server and the same server of the other copy
 * @param names the names of the two copies
 */
export function sideBySide(
  { title, columns }: Load, results: Results, kinds: Kind[], names: [string, string],
): string {
  const rows: string[][] = [];
  for (let at = 0; at < kinds.length; at += 2) {
    const name = kinds[at]!.name;
    for (const { figure, title: what, digits } of columns) {
      const mine = results.get(name)!.map(figures => figures[figure]!);
      const other = results.get(kinds[at + 1]!.name)!.map(figures => figures[figure]!);
      const alike = within(mine, other) && within(other, mine) ? 'yes' : 'NO';
      const ratio = spread(mine.map((value, round) => value / other[round]!), 2);
      rows.push([`${name}: ${what}`, spread(mine, digits), spread(other, digits), ratio, alike]);
    }
  }
  const head = ['', ...names, 'ratio in one round', 'each median in the other\'s spread'];
  return `**${title}**\n\n${grid(head, rows)}`;
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

function median(all: number[]): number {
  const sorted = [...all].sort((a, b) => a - b);
  const half = (sorted.length - 1) / 2;
  return (sorted[Math.floor(half)]! + sorted[Math.ceil(half)]!) / 2;
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
