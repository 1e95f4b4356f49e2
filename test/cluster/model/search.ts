/* Every order of the steps of the model (world.ts), until a violation is found or there is none. */
import { createHash } from 'node:crypto';
import type { Rules } from './redis';
import { begin, Budget, check, isFault, Step, steps, take, Violation, World } from './world';

export interface Found {
  states: number;
  /** The way to a violation, and what it is; null if there is none. */
  violation: { way: Step[]; what: string } | null;
}

/**
 * Searches all.
 * @param see is shown each state; the search ends if it returns true
 */
export function search(
  budget: Partial<Budget>, rules: Rules, see: (world: World) => boolean = () => false,
): Found {
  const first = begin(budget);
  const seen = new Set<string>();
  const open: { text: string; way: Way | null }[] = [{ text: JSON.stringify(first), way: null }];
  for (let one; (one = open.pop());) {
    const { text, way } = one;
    const key = createHash('md5').update(text).digest('base64');
    if (seen.has(key)) continue;
    seen.add(key);
    const world = JSON.parse(text) as World;
    if (see(world)) break;
    const possible = steps(world);
    try {
      // Faults can happen at any moment. Where nothing else is left, all has to be there.
      if (possible.every(step => isFault(step) && !(step[0] === 'arrive' && isStuck(world)))) {
        check(world, first.left);
      }
      for (const step of possible) {
        const next = JSON.stringify(take(text, step, rules));
        open.push({ text: next, way: { step, before: way } });
      }
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      return { states: seen.size, violation: { way: toList(way), what: error.message } };
    }
  }
  return { states: seen.size, violation: null };
}

interface Way { step: Step; before: Way | null }

function toList(way: Way | null): Step[] {
  const list: Step[] = [];
  for (let one = way; one; one = one.before) list.unshift(one.step);
  return list;
}

/** @returns whether the client has nowhere to go but to another process */
function isStuck({ processes }: World): boolean {
  return !processes.some(({ isAlive, session, wants, row }) => isAlive && (session || wants || row));
}
