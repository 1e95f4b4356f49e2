/* What was compared, as a table for a person, and as a file to attach to an issue. */
import type { Compared } from './compare';

/** A line for each difference, by what the requests are about. */
export function table(results: readonly Compared[]): string {
  const lines: string[] = [];
  let group = '';
  for (const { request, line, differences } of results) {
    for (const { what, real, preview } of differences) {
      if (request.group !== group) lines.push('', request.group);
      group = request.group;
      lines.push(`  ${line}`, `    ${what}: ${real}`, `    ${' '.repeat(what.length)}  ${preview}`);
    }
  }
  const differ = results.filter(one => one.differences.length > 0).length;
  if (differ > 0) lines.unshift('', 'The first line of each is the server, the second preview.');
  return [...lines, '', summary(results.length, differ)].join('\n');
}

function summary(total: number, differ: number): string {
  if (differ === 0) return `${total} requests, and each is answered in the same way.`;
  return `${total} requests, ${differ} of them answered in another way.`;
}

/**
 * All answers, as JSON. Cookies and passwords that were given to compare are not in it.
 * @param about what was compared: addresses, versions, time
 */
export function file(about: Record<string, string>, results: readonly Compared[]): string {
  const requests = results.map(({ request, line, real, preview, differences }) => ({
    group: request.group, line, differences,
    real: { ...real, text: real.text.slice(0, 2000) },
    preview: { ...preview, text: preview.text.slice(0, 2000) },
  }));
  return `${JSON.stringify({ about, requests }, null, 1)}\n`;
}
