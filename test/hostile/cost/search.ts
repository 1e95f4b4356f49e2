/* Looks for what costs the server most, from a seed: it changes a little what has been slow. */
import { Random } from '../../support/random';
import type { Cost, Meter } from './meter';
import { mutate, PLACES, randomRecipe, Recipe } from './recipes';

export interface Found { recipe: Recipe; cost: Cost }

/** How much of the largest size is sent while searching: what is slow is slow at a quarter of it, too. */
const PART = 0.25;
/** Of how many of the slowest it makes others. */
const BEST = 6;

export const largest = ({ place }: Recipe) => PLACES[place]!.most;

/**
 * @param rounds how often each of the slowest is changed
 * @returns the slowest first
 */
export async function search(meter: Meter, seed: number, rounds: number): Promise<Found[]> {
  const random = new Random(seed, 0);
  const found: Found[] = [];
  const add = async (recipe: Recipe) => {
    // What is small costs little to send as it is.
    const most = largest(recipe);
    const cost = await meter.measure(recipe, most < 20000 ? most : most * PART, 2);
    found.push({ recipe, cost });
    found.sort((one, other) => other.cost.share - one.cost.share);
  };
  for (const place in PLACES) await add(randomRecipe(random, place));
  for (let round = 0; round < rounds; round++) {
    for (const { recipe } of found.slice(0, BEST)) await add(mutate(random, recipe));
  }
  return found;
}

/** For people: what was sent, and what a byte of it cost beyond the floor. */
export function describeFound({ recipe: { place, text, beside }, cost }: Found): string {
  const show = ({ before, unit, after }: typeof text) => JSON.stringify([before, unit, after]);
  const header = beside ? ` beside ${beside.header} ${show(beside.text)}` : '';
  const each = cost.above * 1e6 / cost.bytes;
  const share = `${(cost.share * 100).toFixed(0)} % of what is allowed`;
  return `${each.toFixed(0)} ns a byte, ${cost.bytes} bytes, ${share}: ${place} ${show(text)}${header}`;
}
