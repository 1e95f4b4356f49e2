/* Two tables of the benchmark: one compares two copies of the template, one compares whole runs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { otherName, sideBySide, wholeRuns } from '../../../tools/bench/report';
import type { Comparison } from '../../../tools/bench/results';

const columns = [
  { figure: 'cpu', title: 'µs', compared: true as const }, { figure: 'bytes', title: 'bytes' },
];

/** Makes the results of one load. @param servers the times of each round, by server */
function echo(servers: Record<string, number[]>): Comparison {
  const measured = Object.entries(servers).map(([name, rounds]) => ({
    name, title: name, rounds: rounds.map(cpu => ({ cpu, bytes: 7 })),
  }));
  return { name: 'echo', title: 'Echo', columns, servers: measured };
}

const runs = [
  [echo({ floor: [10, 20, 10], ours: [15, 20, 12], 'against-ours': [30, 20, 10] })],
  [echo({ floor: [10, 10, 10], ours: [11, 13, 12], 'against-ours': [10, 10, 10] })],
];

/** Reads the cells of a table, without the head and the line below it. */
function cells(table: string): string[][] {
  const rows = table.split('\n').filter(line => line.startsWith('|')).slice(2);
  return rows.map(row => row.split('|').slice(1, -1).map(cell => cell.trim()));
}

test('two copies: the ratios to the floor and to the other copy are those of one round', () => {
  assert.deepEqual(cells(sideBySide(runs[0]![0]!, ['this copy', '../old'])), [
    ['floor: µs', '10 (10–20)', '–', '–', '–', '–', '–'],
    ['floor: bytes', '7 (7–7)', '–', '–', '–', '–', '–'],
    // The ratios are 15/10, 20/20, 12/10; then 30/10, 20/20, 10/10; then 15/30, 20/20, 12/10.
    ['ours: µs', '15 (12–20)', '1.20 (1.00–1.50)', '20 (10–30)', '1.00 (1.00–3.00)',
      '1.00 (0.50–1.20)', 'yes'],
    ['ours: bytes', '7 (7–7)', '–', '7 (7–7)', '–', '1.00 (1.00–1.00)', 'yes'],
  ]);
  const [, , ours] = cells(sideBySide(runs[1]![0]!, ['this copy', '../old']));
  assert.deepEqual(ours!.slice(-2), ['1.20 (1.10–1.30)', 'NO'], 'apart');
});

test('whole runs: the median of the ratios in one round, for each run', () => {
  assert.deepEqual(cells(wholeRuns('× floor', runs, () => 'floor')), [
    ['echo: ours, µs', '1.20', '1.20'], ['echo: against-ours, µs', '1.00', '1.00'],
  ]);
  assert.deepEqual(cells(wholeRuns('× old', runs, otherName)), [['echo: ours, µs', '1.00', '1.20']]);
  assert.equal(wholeRuns('× old', [[echo({ floor: [10], ours: [10] })]], otherName), '');
});
