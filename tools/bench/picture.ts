/* Draws the results of the benchmark as an SVG. */
import { median, ratios, Results } from './results';

/** The width of the picture, of its column of names, and of the margin at its right, pixels. */
const [WIDTH, LEFT, RIGHT] = [860, 250, 30];
/** The height of a server's lane, of a line of text, and of the space between loads, pixels. */
const [LANE, LINE, SPACE] = [11, 16, 16];
/** The number of characters that fit into a line of a load's name, and into a whole line. */
const [FITTING, FITTING_ALL] = [34, 120];

/**
 * The colors of the paper, of texts, of the lines of the axis, and of the marks. Each text has a
 * contrast of 4.5 to the paper, and each mark a contrast of 3, as WCAG 2 demands.
 */
export const COLORS = {
  light: {
    paper: '#ffffff', text: '#1f2430', grid: '#d5d9e0', floor: '#5c6370',
    marks: ['#0b57b0', '#c62828', '#1b7a3a', '#7a3fd0', '#8f5f00'],
  },
  dark: {
    paper: '#12161d', text: '#e4e7ec', grid: '#363c47', floor: '#9aa1ad',
    marks: ['#62a8ff', '#ff7f76', '#48bd62', '#bd93ff', '#d6a032'],
  },
};

/** Shapes around 0,0. With the colors, which are five, they make twenty different marks. */
const SHAPES = ['M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z', 'M-4 -4h8v8h-8z', 'M0 -5l5 5l-5 5l-5 -5z',
  'M0 -5l5 9h-10z'];

/** One server in the row of a load: its ratios to the floor. */
interface Lane { server: string; title: string; middle: number; least: number; most: number }

/** The row of a load: its name in lines of text, and its lanes. */
interface Row { lines: string[]; lanes: Lane[] }

/**
 * Draws a row for each load that the floor has been measured under. A row has a mark for each
 * server: the median of the ratios to the floor in the same round, and a bar from the least to the
 * most. The ratios are those of the load's first compared figure, over all rounds of all runs.
 * @returns the text of an SVG, which is legible on light and dark screens
 * @throws Error if the floor was measured under no load
 */
export function draw({ about, runs }: Results): string {
  const rows = toRows(runs);
  const all = rows.flatMap(({ lanes }) => lanes);
  const titles = new Map(all.map(({ server, title }) => [server, title.replace(/[*`]/g, '')]));
  const names = [...titles.keys()];
  if (rows.length === 0) throw new Error('the floor was not measured');
  // The axis counts how often a figure is doubled, so that all servers have room, and twice as much
  // is as far from the floor as half as much.
  const first = Math.floor(Math.log2(Math.min(1, ...all.map(({ least }) => least))));
  const last = Math.ceil(Math.log2(Math.max(2, ...all.map(({ most }) => most))));
  const x = (ratio: number) =>
    round(LEFT + (Math.log2(ratio) - first) / (last - first) * (WIDTH - LEFT - RIGHT));

  const head = 'What each server costs, as a multiple of the floor\'s cost';
  const parts = [text(16, 26, head, 'head')];
  let y = 46;
  names.forEach((name, i) => {
    if (i % 2 === 0) y += LINE + 2;
    const at = i % 2 === 0 ? 24 : WIDTH / 2 + 8;
    parts.push(mark(i, at, y - 4), text(at + 12, y, titles.get(name)!));
  });
  y += 2 * LINE;
  parts.push(text(16, y, 'mark: median; bar: least to most; further left is cheaper', 'small'));
  const top = y + LINE + SPACE;
  y = top;
  const marks: string[] = [];
  for (const { lines, lanes } of rows) {
    lines.forEach((line, i) => {
      marks.push(text(16, y + 11 + i * LINE, line, i === lines.length - 1 ? 'small' : ''));
    });
    lanes.forEach(({ server, middle, least, most }, i) => {
      const at = y + i * LANE + LANE / 2;
      const number = names.indexOf(server);
      const bar = `M${x(least)} ${at}H${x(most)}M${x(least)} ${at - 3}v6M${x(most)} ${at - 3}v6`;
      marks.push(`<path class="bar b${number % 5}" d="${bar}"/>`, mark(number, x(middle), at));
    });
    y += Math.max(lanes.length * LANE, lines.length * LINE) + SPACE;
    marks.push(`<path class="grid" d="M16 ${y - SPACE / 2}H${WIDTH - 16}"/>`);
  }
  for (let ratio = 2 ** first; ratio <= 2 ** last; ratio *= 2) {
    const line = ratio === 1 ? 'floor' : 'grid';
    parts.push(`<path class="${line}" d="M${x(ratio)} ${top - 4}V${y}"/>`);
    for (const at of [top - 10, y + LINE]) parts.push(text(x(ratio), at, `${ratio} ×`, 'tick'));
  }
  parts.push(...marks);
  const axis = '× the floor\'s figure in the same round; each line is twice the line before';
  parts.push(text((LEFT + WIDTH - RIGHT) / 2, y + 2.5 * LINE, axis, 'tick'));
  const notes = wrap(about, FITTING_ALL);
  notes.forEach((line, i) => parts.push(text(16, y + (4 + i) * LINE, line, 'small')));
  const height = y + (4 + notes.length) * LINE;
  const named = names.map(name => titles.get(name)!).join('; ');
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" width="${WIDTH}" height="${height}" `
    + `viewBox="0 0 ${WIDTH} ${height}">\n<title>${escape(`The cost of ${named}`)}</title>\n`
    + `<style>\n${styles()}</style>\n<rect class="paper" width="${WIDTH}" height="${height}"/>\n`
    + `${parts.join('\n')}\n</svg>\n`;
}

/** Collects the rows of all runs. */
function toRows(runs: Results['runs']): Row[] {
  return runs[0]!.flatMap(({ title, columns, servers }, at) => {
    const loads = runs.flatMap(run => run[at] ?? []); // the last run may have been broken off
    const column = columns.find(({ compared }) => compared);
    if (!column || !servers.some(({ name }) => name === 'floor')) return [];
    const { figure, digits } = column;
    const floor = loads.flatMap(load =>
      load.servers.find(({ name }) => name === 'floor')!.rounds.map(figures => figures[figure]!));
    const lanes = servers.filter(({ name }) => name !== 'floor').map(({ name, title }) => {
      const all = loads.flatMap(load => ratios(load, name, 'floor', figure));
      const [least, most] = [Math.min(...all), Math.max(...all)];
      return { server: name, title, middle: median(all), least, most };
    });
    const [short] = title.split(':') as [string];
    const cost = `the floor: ${median(floor).toFixed(digits)} ${column.title}`;
    return lanes.length === 0 ? [] : [{ lines: [...wrap(short, FITTING), cost], lanes }];
  });
}

function styles(): string {
  const scheme = ({ paper, text, grid, floor, marks }: typeof COLORS.light) => [
    `.paper{fill:${paper}}`, `text{fill:${text}}`, `.grid{stroke:${grid}}`,
    `.floor{stroke:${floor};stroke-width:2}`,
    ...marks.map((color, i) => `.m${i}{fill:${color}}.b${i}{stroke:${color}}`), '',
  ].join('\n');
  return 'text{font:13px sans-serif}.head{font-size:16px;font-weight:bold}.small{font-size:12px}\n'
    + '.tick{font-size:12px;text-anchor:middle}.bar{fill:none;stroke-width:1.5}\n'
    + `${scheme(COLORS.light)}@media(prefers-color-scheme:dark){\n${scheme(COLORS.dark)}}\n`;
}

/** Draws the mark of a server. @param number the server's place in the list of all servers */
function mark(number: number, x: number, y: number): string {
  const shape = SHAPES[number % SHAPES.length]!;
  return `<path class="m${number % 5}" transform="translate(${x} ${y})" d="${shape}"/>`;
}

function text(x: number, y: number, content: string, kind = ''): string {
  return `<text${kind && ` class="${kind}"`} x="${x}" y="${y}">${escape(content)}</text>`;
}

function escape(content: string): string {
  return content.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}

/** Breaks a text into lines of at most so many characters. */
function wrap(content: string, fitting: number): string[] {
  const lines = [''];
  for (const word of content.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`.trim();
    if (longer.length > fitting) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}

function round(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}
