import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, type TestContext } from 'node:test';
import { packBundle } from '../../tools/package/pack';
import { copyFolder } from './copy';
import { PUBLIC } from './echo';
import { deployWhole, edit, Edit, emptyFolder } from './template';

/** The package, made at the first call. To bundle it takes some seconds of processor time; a copy takes nearly none. */
let made: Promise<string> | undefined;
after(async () => {
  if (made) rmSync(await made, { recursive: true, force: true, maxRetries: 5 });
});

async function make(t: TestContext): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'packaged-'));
  await packBundle(deployWhole(t), folder, PUBLIC.map(name => `public/${name}`));
  return folder;
}

/** Makes a package of the template, as it is on a server, and edits it. The folder is gone when the test ends. */
export async function packaged(t: TestContext, edits: Edit[] = []): Promise<string> {
  const folder = emptyFolder(t, 'packaged-');
  made ??= make(t);
  copyFolder(await made, folder);
  for (const one of edits) edit(folder, one);
  return folder;
}
