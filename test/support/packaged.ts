import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, type TestContext } from 'node:test';
import { packBundle } from '../../tools/package/pack';
import { PUBLIC } from './echo';
import { deploy, edit, Edit, emptyFolder } from './template';

/** The package, made at the first call: to bundle it takes some seconds of processor, to copy it none. */
let made: Promise<string> | undefined;
after(async () => {
  if (made) rmSync(await made, { recursive: true, force: true, maxRetries: 5 });
});

async function make(t: TestContext): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'packaged-'));
  await packBundle(deploy(t), folder, PUBLIC.map(name => `public/${name}`));
  return folder;
}

/** What npm run package makes of the template, as it lies on a server, with edits. It is gone when the test ends. */
export async function packaged(t: TestContext, edits: Edit[] = []): Promise<string> {
  const folder = emptyFolder(t, 'packaged-');
  made ??= make(t);
  cpSync(await made, folder, { recursive: true });
  for (const one of edits) edit(folder, one);
  return folder;
}
