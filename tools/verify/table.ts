/* What people read: a table of the checks, then each failure with its cause and where to look. */
import type { Result } from './result';
import { locate } from './settings';

/** Those that are as they should be last: they are less likely the cause. */
function places(located: string[]): string[] {
  const right = (text: string) => Number(text.endsWith('(so it is)'));
  return located.sort((a, b) => right(a) - right(b)).map(text => `    look at:      ${text}`);
}

/** A line of the table. */
export function row({ name, state, saw }: Result): string {
  return `${state.padEnd(8)} ${name.padEnd(22)} ${saw}`;
}

/** @param folder has the web.config and iisnode.yml that were deployed, for line numbers */
export function report(results: Result[], folder: string): string {
  const lines = results.map(row);
  for (const { name, faults } of results.filter(result => result.state === 'failed')) {
    lines.push('', name);
    // Faults of one cause are said together.
    for (const fault of faults.filter((one, index) => faults.findIndex(other => other.cause === one.cause) === index)) {
      for (const same of faults.filter(other => other.cause === fault.cause)) lines.push(`  ${same.saw}`);
      lines.push(`    likely cause: ${fault.cause}`, ...places(fault.places.map(place => locate(folder, place))));
    }
  }
  if (results.some(({ state }) => state === 'failed')) lines.push('', `Lines are those of the files in ${folder}, which need not be what is deployed.`);
  const count = (state: string) => results.filter(result => result.state === state).length;
  lines.push('', `${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`);
  return lines.join('\n');
}
