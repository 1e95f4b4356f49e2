/* What people read: a table a load, as markdown. */
import os from 'node:os';
import type { Column, Figures, Load } from './load';
import type { Kind } from './servers';

/** What was measured of a load: by server, in the order of the rounds. */
export type Results = Map<string, Figures[]>;

/** A figure that is compared with the floor has its spread, and that of its ratio to the floor in the same round. */
export function table({ title, columns }: Load, results: Results, kinds: Kind[]): string {
  const floor = results.get('floor');
  const cells = (rounds: Figures[], { figure, digits, compared }: Column) => {
    const values = rounds.map(figures => figures[figure]!);
    if (!compared) return [middle(values, digits)];
    return [spread(values, digits), ...floor ? [spread(values.map((value, i) => value / floor[i]![figure]!), 2)] : []];
  };
  const head = ['', ...columns.flatMap(column => column.compared && floor ? [column.title, '× floor'] : [column.title])];
  const rows = kinds.map(kind => [kind.title, ...columns.flatMap(column => cells(results.get(kind.name)!, column))]);
  return `**${title}**\n\n${grid(head, rows)}`;
}

/**
 * Two copies of the template side by side, each figure with its spread over the rounds. A difference
 * that is smaller than what the rounds differ by is none: the last column says whether the median of
 * each copy lies within the spread of the other.
 * @param kinds in pairs: ours, and the same of the other copy
 * @param names what the two copies are called
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

/** Whether the median of some figures lies between the least and the most of others. */
function within(figures: number[], others: number[]): boolean {
  const half = median(figures);
  return half >= Math.min(...others) && half <= Math.max(...others);
}

/** Lays cells out. */
export function grid(head: string[], rows: string[][]): string {
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map(row => row[i]!.length)));
  const line = (cells: string[]) => `| ${cells.map((cell, i) => i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)).join(' | ')} |`;
  const rule = `|${widths.map((width, i) => i === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`).join('|')}|`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

/** The median. */
export function middle(all: number[], digits = 0): string {
  return median(all).toFixed(digits);
}

function median(all: number[]): number {
  const sorted = [...all].sort((a, b) => a - b);
  const half = (sorted.length - 1) / 2;
  return (sorted[Math.floor(half)]! + sorted[Math.ceil(half)]!) / 2;
}

/** The median, the least and the most. */
function spread(all: number[], digits?: number): string {
  const [least, most] = [Math.min(...all), Math.max(...all)].map(value => value.toFixed(digits ?? 0));
  return `${middle(all, digits)} (${least}–${most})`;
}

/** What it was measured on, and when. */
export function circumstances(start: number): string {
  const machine = `${os.cpus().length} × ${os.cpus()[0]?.model.trim()}, ${os.type()} ${os.release()}`;
  return `node ${process.version}, ${machine}; ${Math.round((Date.now() - start) / 1000)} s; ${new Date().toISOString().slice(0, 10)}`;
}
