/*
 * npm run build makes what has changed, and nothing else: by the times of the files, so that a second
 * start waits for nothing. Whatever is edited, deleted or switched, the result is the right one. The
 * projects are the template's, with less in them; build.long.test.ts has all of the template.
 */
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { commit, repository } from '../support/repository';
import { edit } from '../support/template';
import { buildsWhatChanged } from './building/cases';

/** Sources in the place of those of src and tools: an event goes from one to the next. */
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
  'tools/index.ts': `import { app } from '../src/app';

app(() => undefined);
`,
};

/**
 * Leaves of a clone the configuration of its projects, its page and the events; the rest is small. The
 * types of node are the greater part of a build, and these sources need none of them.
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
  for (const [name, text] of Object.entries(SMALL)) writeFileSync(path.join(folder, name), text);
}

test('the build makes what has changed, whatever changed it', async t => {
  const folder = repository(t, ['test']);
  if (!folder) return;
  makeSmall(folder);
  commit(folder);
  await buildsWhatChanged(t, folder, ['.']);
});
