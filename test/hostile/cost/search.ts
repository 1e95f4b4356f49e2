/*
 * Searches for the requests that cost the server most. The search begins with a seed, and makes
 * small changes to the slowest requests.
 */
import { Random } from '../../support/random';
import type { Cost, Meter } from './meter';
import { mutate, PLACES, randomRecipe, Recipe } from './recipes';

export interface Found { recipe: Recipe; cost: Cost }

/**
 * The search sends this part of the largest size. A slow request is slow at a quarter of the size,
 * too.
 */
const PART = 0.25;
/** In each round, the search changes this many of the slowest recipes. */
const BEST = 6;

export const largest = ({ place }: Recipe) => PLACES[place]!.most;

/**
 * @param rounds how often the search changes the slowest recipes
 * @returns all recipes with their costs, the slowest first
 */
export async function search(meter: Meter, seed: number, rounds: number): Promise<Found[]> {
  const random = new Random(seed, 0);
  const found: Found[] = [];
  const add = async (recipe: Recipe) => {
    // A small request costs little to send, so it is sent in its full size.
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

/** Describes a recipe for people, with the cost of each byte beyond the floor. */
export function describeFound({ recipe: { place, text, beside }, cost }: Found): string {
  const show = ({ before, unit, after }: typeof text) => JSON.stringify([before, unit, after]);
  const header = beside ? ` beside ${beside.header} ${show(beside.text)}` : '';
  const each = cost.above * 1e6 / cost.bytes;
  const share = `${(cost.share * 100).toFixed(0)} % of what is allowed`;
  return `${each.toFixed(0)} ns a byte, ${cost.bytes} bytes, ${share}: ${place} ${show(text)}${header}`;
}
