/* Tries every order of the steps of the model (world.ts), and stops at the first violation. */
import { createHash } from 'node:crypto';
import type { Rules } from './redis';
import {
  begin, Budget, check, isFault, isNowhere, Step, steps, take, Violation, World,
} from './world';

export interface Found {
  states: number;
  /** The steps that lead to the violation, and its message; null if the search has found none. */
  violation: { way: Step[]; what: string } | null;
}

/**
 * Visits every state that the steps can lead to.
 * @param see called with each state; the search ends if `see` returns true
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
      // Faults do not have to happen. If only faults are left, each message must have arrived.
      if (possible.every(step => isFault(step) && !(step[0] === 'arrive' && isNowhere(world)))) {
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
