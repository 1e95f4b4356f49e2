/* Tries the builds of build.test.ts with all of the template. */
import { test } from 'node:test';
import { repository } from '../support/repository';
import { buildsWhatChanged } from './building/cases';

test('the build of the whole template makes what has changed, whatever changed it', async t => {
  const folder = repository(t);
  if (folder) await buildsWhatChanged(t, folder);
});
