/*
 * These rules keep the imports in src/ one way. eslint.config.mjs uses the rules, and
 * src/realtime/README.md has the picture.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** The folders of src/realtime. Each folder may import from the folders behind it in this list. */
const LAYERS = ['http', 'io', 'session', 'protocol'];

const AS_A_WHOLE = 'src/realtime stands by itself: hand in what it needs (options.ts).';
const NO_CLUSTER = 'Only src/server.ts knows cluster/: the others have backplane.ts.';
const BY_THE_DOOR = 'Import from realtime itself, which is its index.ts.';

/** Makes a configuration of the linter that forbids imports whose paths match an expression. */
function forbid(files, ...patterns) {
  const rule = ['error', { patterns: patterns.map(([regex, message]) => ({ regex, message })) }];
  return { files, rules: { 'no-restricted-imports': rule } };
}

export const oneWay = [
  forbid(['src/**/*.ts'], ['/realtime/', BY_THE_DOOR]),
  forbid(['src/realtime/*.ts'], ['^\\.\\./', AS_A_WHOLE], ['/cluster\\b', NO_CLUSTER]),
  forbid(['src/realtime/cluster/**/*.ts'], ['^\\.\\./\\.\\./', AS_A_WHOLE]),
  ...LAYERS.map((layer, i) => forbid(
    [`src/realtime/${layer}/**/*.ts`],
    ['^\\.\\./\\.\\./', AS_A_WHOLE],
    ['/cluster\\b', NO_CLUSTER],
    ['^\\.\\.(/(index)?)?$', `The door imports ${layer}/, not the other way round.`],
    ...LAYERS.slice(0, i).map(higher => [
      `^\\.\\./${higher}/`, `${higher}/ imports from ${layer}/, not the other way round.`,
    ]),
  )),
  {
    // Only cluster/ knows Redis, so a reader who has one process never meets the word.
    files: LAYERS.map(layer => `src/realtime/${layer}/**/*.ts`),
    rules: { 'no-warning-comments': ['error', { terms: ['redis'], location: 'anywhere' }] },
  },
];

/** @returns the files that a file imports, also for types only */
function importsOf(file) {
  const text = readFileSync(file, 'utf8');
  const names = [...text.matchAll(/\b(?:from|import|require)\s*\(?\s*'(\.[^']*)'/g)];
  return names.flatMap(([, name]) => {
    const to = path.resolve(path.dirname(file), name);
    return [`${to}.ts`, path.join(to, 'index.ts')].find(existsSync) ?? [];
  });
}

/** @returns a way of imports that leads from a file back to it; undefined if there is none */
function findCircle(start) {
  const ways = [[start]];
  const seen = new Set();
  for (let way; (way = ways.shift());) {
    for (const file of importsOf(way.at(-1))) {
      if (file === start) return [...way, file];
      if (seen.has(file)) continue;
      seen.add(file);
      ways.push([...way, file]);
    }
  }
  return undefined;
}

/** The rule against circles: nobody can read the files of a circle one after the other. */
const noCircle = {
  meta: { type: 'problem', schema: [] },
  create: context => ({
    Program(node) {
      const circle = findCircle(context.filename);
      if (!circle) return;
      const names = circle.map(file => path.relative(context.cwd, file));
      context.report({ node, message: `A circle of imports: ${names.join(' → ')}` });
    },
  }),
};

export const imports = { rules: { 'no-circle': noCircle } };
