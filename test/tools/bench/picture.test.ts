/* Each mark and each bar in the benchmark's picture is at the place of its figures. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DOMParser, Element } from '@xmldom/xmldom';
import { COLORS, draw } from '../../../tools/bench/picture';
import type { Comparison, Results } from '../../../tools/bench/results';

const cpu = { figure: 'cpu', title: 'µs CPU a message', digits: 1, compared: true as const };
const bytes = { figure: 'bytes', title: 'bytes a message' };

/** Makes the results of a load. @param servers the time in each round, µs, by server */
function load(title: string, servers: Record<string, number[]>): Comparison {
  return {
    name: 'load',
    title,
    columns: [bytes, cpu],
    servers: Object.entries(servers).map(([name, rounds]) => ({
      name, title: `**${name}** <&>`, rounds: rounds.map(time => ({ cpu: time, bytes: 100 })),
    })),
  };
}

const results: Results = {
  about: '2 whole runs; 2 rounds; a machine',
  runs: [
    [
      load('Echo: a message', { floor: [10, 20], ours: [10, 30], signalr: [40, 60] }),
      load('Without the floor', { preview: [10, 20] }),
      load('Start', { floor: [50, 50], signalr: [25, 50] }),
    ],
    [
      load('Echo: a message', { floor: [10, 10], ours: [12, 20], signalr: [30, 75] }),
      load('Without the floor', { preview: [10, 20] }),
      load('Start', { floor: [50, 50], signalr: [100, 300] }),
    ],
  ],
};

/** Reads a picture. @returns its texts, and the ratios at its marks and bars */
function read(drawn: string) {
  const errors: unknown[] = [];
  const parser = new DOMParser({ onError: (_level, message) => errors.push(message) });
  const root = parser.parseFromString(drawn, 'image/svg+xml').documentElement!;
  assert.deepEqual(errors, []);
  const all = (name: string) => Array.from(root.getElementsByTagName(name));
  const texts = all('text').map(one => ({ x: Number(one.getAttribute('x')), is: one.textContent }));
  const at = (text: string) => texts.find(({ is }) => is === text)!.x;
  const [first, one, two] = [at('0.5 ×'), at('1 ×'), at('2 ×')];
  /** Returns the ratio at a place. On the axis, the ratio doubles from one line to the next. */
  const ratio = (x: number) => Math.round(2 ** ((x - one) / (two - one)) * 20) / 20;
  const paths = all('path');
  const kind = (path: Element) => path.getAttribute('class')!;
  return {
    texts: texts.map(({ is }) => is),
    /** The marks to the right of the beginning of the axis: the class and the ratio of each. */
    marks: paths.filter(path => /^m\d$/.test(kind(path))).map(path => {
      return [kind(path), Number(/\((\S+)/.exec(path.getAttribute('transform')!)![1])] as const;
    }).filter(([, x]) => x >= first).map(([mark, x]) => `${mark} ${ratio(x)}`),
    bars: paths.filter(path => kind(path).startsWith('bar')).map(path => {
      const [, least, most] = /^M(\S+) \S+?H(\S+?)M/.exec(path.getAttribute('d')!)!;
      return `${kind(path)} ${ratio(Number(least))}–${ratio(Number(most))}`;
    }),
  };
}

/** Returns the contrast of two colors, as WCAG 2 defines it. */
function contrast(...colors: [string, string]): number {
  const [dark, light] = colors.map(color => {
    const [r, g, b] = [1, 3, 5].map(at => {
      const part = parseInt(color.slice(at, at + 2), 16) / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    }) as [number, number, number];
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }).sort((a, b) => a - b) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

describe('the picture of the benchmark', () => {
  test('a mark is the median of the ratios of all rounds and runs, a bar the least and most', () => {
    const { marks, bars } = read(draw(results));
    // The ratios of ours are 1, 1.5, 1.2 and 2. The ratios of signalr are 4, 3, 3 and 7.5 in the
    // first load, and 0.5, 1, 2 and 6 in the second load. The legend has a mark of each server: the
    // mark of ours is left of the axis, and slice(1) drops the mark of signalr.
    assert.deepEqual(marks.filter(mark => mark.startsWith('m0')), ['m0 1.35']);
    assert.deepEqual(marks.filter(mark => mark.startsWith('m1')).slice(1), ['m1 3.5', 'm1 1.5']);
    assert.deepEqual(bars, ['bar b0 1–2', 'bar b1 3–7.5', 'bar b1 0.5–6']);
  });

  test('names the loads, the servers, the units and the machine', () => {
    const { texts } = read(draw(results));
    for (const text of [
      'Echo', 'the floor: 10.0 µs CPU a message', 'Start', 'the floor: 50.0 µs CPU a message',
      'ours <&>', 'signalr <&>', 'mark: median; bar: least to most; further left is cheaper',
      '× the floor\'s figure in the same round; each line is twice the line before', results.about, '8 ×',
    ]) assert(texts.includes(text), `${text} is not in ${texts.join('\n')}`);
    assert(!texts.some(text => /preview|Without/.test(text!)), 'a load without the floor');
  });

  test('is legible on light and dark paper, and needs nothing else', () => {
    for (const { paper, text, floor, marks } of Object.values(COLORS)) {
      assert(contrast(paper, text) >= 4.5, `${text} on ${paper}`);
      for (const color of [floor, ...marks]) {
        assert(contrast(paper, color) >= 3, `${color} on ${paper}: ${contrast(paper, color)}`);
      }
    }
    const drawn = draw(results);
    assert.match(drawn, /@media\(prefers-color-scheme:dark\)/);
    assert.doesNotMatch(drawn, /href|url\(|<script|@import|<image/);
  });

  test('draws the loads of a run that was broken off', () => {
    const [first, second] = results.runs;
    const { bars } = read(draw({ about: '', runs: [first!, second!.slice(0, 2)] }));
    assert.deepEqual(bars, ['bar b0 1–2', 'bar b1 3–7.5', 'bar b1 0.5–1']);
  });

  test('does not draw results without the floor', () => {
    const [, preview] = results.runs[0]!;
    assert.throws(() => draw({ about: '', runs: [[preview!]] }), /the floor was not measured/);
  });
});
