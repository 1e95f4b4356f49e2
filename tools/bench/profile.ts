/* Reads a profile of V8. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './paths';

/** The parts of a .cpuprofile that are read here. */
interface Profile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  samples: number[];
  timeDeltas: number[];
}

/**
 * Finds the functions of a .cpuprofile that took the most time. The time of a function does not
 * include the functions that it calls.
 * @returns a line for each function, with its part of the time in which the process worked
 */
export function topFunctions(file: string, count = 25): string {
  const profile = JSON.parse(readFileSync(file, 'utf8')) as Profile;
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const self = new Map<string, number>();
  profile.samples.forEach((id, i) => {
    const name = names.get(id)!;
    self.set(name, (self.get(name) ?? 0) + profile.timeDeltas[i]!);
  });
  self.delete('(idle)');
  const total = [...self.values()].reduce((sum, one) => sum + one, 0);
  const longest = [...self].sort((a, b) => b[1] - a[1]).slice(0, count);
  const percent = (time: number) => (time / total * 100).toFixed(1).padStart(5);
  return longest.map(([name, time]) => `${percent(time)} %  ${name}`).join('\n');
}

function nameOf({ functionName, url, lineNumber }: Profile['nodes'][number]['callFrame']): string {
  const file = url.startsWith('file:') ? path.relative(root, fileURLToPath(url)) : url;
  return `${functionName || '(anonymous)'}${file ? `  ${file}:${lineNumber + 1}` : ''}`;
}
