/*
 * npm run build builds only the projects with changes, so a second start does not wait for a build.
 * It finds the changes by the times of the files. The result is right after an edit, after files
 * were deleted, and on another branch. The projects are those of the template, with fewer files.
 * build.long.test.ts has all of the template.
 */
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { commit, repository } from '../support/repository';
import { edit } from '../support/template';
import { buildsWhatChanged } from './building/cases';

/**
 * The files that replace those of src, tools and public. The type of an event goes from one to the next.
 */
const SMALL = {
  'src/app.ts': `import type { ServerToClientEvents as Events } from './events';

type Emit = <E extends keyof Events>(event: E, ...given: Parameters<Events[E]>) => void;

export function app(emit: Emit): void {
  emit('response', 'Got it!');
}
`,
  'src/server.ts': `import { app } from './app';

app(() => undefined);
`,
  'public/page.js': `Realtime.connect().on('response', function (text) {
  return text.length;
});
`,
  'tools/index.ts': `import { app } from '../src/app';

app(() => undefined);
`,
};

/**
 * Makes a clone small: it keeps the configuration of its projects and the events, and SMALL
 * replaces its other sources and its page. A build spends most of its time on the types of node and
 * of browsers, and these sources do not need them.
 */
function makeSmall(folder: string): void {
  const kept = ['browser', 'events.ts', 'tsconfig.json'];
  for (const project of ['src', 'tools']) {
    for (const name of readdirSync(path.join(folder, project))) {
      if (!kept.includes(name)) rmSync(path.join(folder, project, name), { recursive: true });
    }
  }
  for (const built of ['dist', 'build']) rmSync(path.join(folder, built), { recursive: true });
  rmSync(path.join(folder, 'public', 'realtime.js'));
  edit(folder, ['tsconfig.json', '"types": ["node"]', '"types": []']);
  edit(folder, ['tools/tsconfig.json', '"lib": ["ES2022", "DOM"]', '"lib": ["ES2022"]']);
  // realtime.d.ts names types of browsers. The compiler takes an unknown type as any, and says nothing.
  edit(folder, ['src/browser/tsconfig.json', '"skipDefaultLibCheck"', '"lib": ["ES5"], "skipLibCheck"']);
  for (const [name, text] of Object.entries(SMALL)) writeFileSync(path.join(folder, name), text);
}

test('the build makes what has changed, whatever changed it', async t => {
  const folder = repository(t, ['test']);
  if (!folder) return;
  makeSmall(folder);
  commit(folder);
  await buildsWhatChanged(t, folder, ['.']);
});
