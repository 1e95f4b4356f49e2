/*
 * The code in docs/recipes.md and docs/sign-in.md: the files of test/recipes, which
 * test/recipes/recipes.test.ts runs in a browser.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Block } from './blocks';

/** The project's folder. This file runs as build/tools/docs/recipes.js. */
const root = path.join(__dirname, '..', '..', '..');
const folder = path.join(root, 'test', 'recipes');

/** The files that a second page has as well. */
const ALSO: [page: string, file: string][] = [
  ['docs/sign-in.md', 'sign-in/sign-in.ts'],
  ['docs/sign-in.md', 'sign-in/app.ts'],
  ['docs/sign-in.md', 'sign-in/pages.ts'],
];

/**
 * Makes the block of a file. In an application, the file is in src/ or public/.
 * @param page the page with the block
 * @param name the path of the file below test/recipes: 'chat/app.ts'
 */
function block(page: string, name: string): Block {
  const text = () => {
    const code = readFileSync(path.join(folder, name), 'utf8').trim()
      .replaceAll('../../../src/realtime', './realtime');
    return `\`\`\`${path.extname(name).slice(1)}\n${code}\n\`\`\``;
  };
  return { file: page, mark: name, text };
}

/**
 * Lists the files of all recipes, such as 'chat/app.ts'. The list is empty if somebody has deleted
 * test/recipes.
 */
function filesOfRecipes(): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).filter(one => one.isDirectory())
    .flatMap(({ name }) => readdirSync(path.join(folder, name)).map(file => `${name}/${file}`))
    .sort();
}

const files = filesOfRecipes();

export const recipeBlocks: Block[] = [
  ...files.map(file => block('docs/recipes.md', file)),
  ...ALSO.filter(([, file]) => files.includes(file)).map(([page, file]) => block(page, file)),
];
