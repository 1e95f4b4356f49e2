/* The report of a comparison: a table for a person, and a file to attach to an issue. */
import type { Compared } from './compare';

/** Writes the differences as a table, by the groups of the requests. */
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
  if (differ > 0) {
    lines.unshift('', 'Each difference has two lines: the server first, and then preview.');
  }
  return [...lines, '', summary(results.length, differ)].join('\n');
}

function summary(total: number, differ: number): string {
  if (differ === 0) return `${total} requests, and each is answered in the same way.`;
  return `${total} requests, ${differ} of them answered in another way.`;
}

/**
 * Writes all answers as JSON, without the cookie and the password of the options.
 * @param about the facts about the comparison: address, versions, time
 */
export function file(about: Record<string, string>, results: readonly Compared[]): string {
  const requests = results.map(({ request, line, real, preview, differences }) => ({
    group: request.group, line, differences,
    real: { ...real, text: real.text.slice(0, 2000) },
    preview: { ...preview, text: preview.text.slice(0, 2000) },
  }));
  return `${JSON.stringify({ about, requests }, null, 1)}\n`;
}
