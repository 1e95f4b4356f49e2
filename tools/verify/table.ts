/* Writes the report: a line for each check, then a list of changes, the most important first. */
import { locate, Located } from './cures';
import { Cause, Fault, Result } from './result';

/** Writes a line of the table. */
export function row({ name, state, saw }: Result): string {
  return `${state.padEnd(8)} ${name.padEnd(22)} ${saw}`;
}

/** The faults with the same causes, seen by one or more checks. The report lists a group once. */
interface Group {
  causes: Cause[];
  seen: string[];
}

/**
 * Writes the numbered list of changes, and the number of checks that passed. An entry of the list
 * begins with the cure.
 * @param folder the folder with the local web.config and iisnode.yml, for line numbers
 * @param total the number of checks; checks without a result were not tried
 */
export function report(results: Result[], folder: string, total = results.length): string {
  const lines: string[] = [];
  const groups = grouped(results);
  if (groups.length > 0) lines.push('', 'What to change, the most likely first:');
  groups.forEach(({ causes, seen }, index) => {
    lines.push('', ...changes(causes, folder, `${index + 1}. `));
    lines.push(...seen.map(saw => `   seen by ${saw}`));
  });
  if (groups.length > 0) {
    lines.push('', `Line numbers are those of the files in ${folder}: are these files deployed?`);
  }
  const untried = total - results.length;
  if (untried > 0) {
    lines.push('', `${untried} other checks were not tried: there is no application to ask.`);
  }
  const count = (state: string) => results.filter(result => result.state === state).length;
  const skipped = count('skipped') + untried;
  lines.push('', `${count('passed')} passed, ${count('failed')} failed, ${skipped} skipped`);
  return lines.join('\n');
}

function grouped(results: Result[]): Group[] {
  const groups = new Map<string, Group>();
  for (const { name, faults } of results) {
    for (const fault of faults) {
      const key = keyOf(fault);
      const group = groups.get(key) ?? { causes: fault.causes, seen: [] };
      groups.set(key, group);
      const { saw } = fault;
      group.seen.push(saw.startsWith(`${name}: `) ? saw : `${name}: ${saw}`);
    }
  }
  return Array.from(groups.values());
}

function keyOf({ causes }: Fault): string {
  return JSON.stringify(causes.map(({ why, cures }) => [why, cures.map(({ line }) => line)]));
}

/**
 * Writes an entry of the list: the cures of each possible cause, then the cause. A cause is less
 * likely if the local files have its cures already, so such a cause comes last.
 */
function changes(causes: Cause[], folder: string, number: string): string[] {
  const located = causes.map(({ why, cures }) =>
    ({ why, cures: cures.map(one => locate(folder, one)) }));
  const done = ({ cures }: { cures: Located[] }) => Number(cures.every(({ isSo }) => isSo));
  located.sort((a, b) => done(a) - done(b));
  const several = located.length > 1;
  return located.flatMap(({ why, cures }, index) => {
    const texts = cures.sort((a, b) => Number(a.isSo) - Number(b.isSo)).map(({ text }) => text);
    return [
      ...texts.map((text, i) => (index + i === 0 ? number : i === 0 ? '   or ' : '   and ') + text),
      `      ${several ? 'if ' : 'because '}${why}`,
    ];
  });
}
