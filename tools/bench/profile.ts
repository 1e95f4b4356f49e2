import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './paths';

/** What of a profile is read. */
interface Profile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  samples: number[];
  timeDeltas: number[];
}

/** The functions of a .cpuprofile that took most time by themselves, and how much of the time in which there was work. */
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
  return [...self].sort((a, b) => b[1] - a[1]).slice(0, count).map(([name, time]) => `${(time / total * 100).toFixed(1).padStart(5)} %  ${name}`).join('\n');
}

function nameOf({ functionName, url, lineNumber }: Profile['nodes'][number]['callFrame']): string {
  const file = url.startsWith('file:') ? path.relative(root, fileURLToPath(url)) : url;
  return `${functionName || '(anonymous)'}${file ? `  ${file}:${lineNumber + 1}` : ''}`;
}
