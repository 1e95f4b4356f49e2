import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, type TestContext } from 'node:test';
import { packBundle } from '../../tools/package/pack';
import { edit, Edit, emptyFolder, root } from './template';

/** The package, made at the first call: to bundle it takes some seconds of processor, to copy it none. */
let made: Promise<string> | undefined;
after(async () => {
  if (made) rmSync(await made, { recursive: true, force: true, maxRetries: 5 });
});

async function make(): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'packaged-'));
  await packBundle(root, folder);
  return folder;
}

/** What npm run package makes of the template, as it lies on a server, with edits. It is gone when the test ends. */
export async function packaged(t: TestContext, edits: Edit[] = []): Promise<string> {
  const folder = emptyFolder(t, 'packaged-');
  made ??= make();
  cpSync(await made, folder, { recursive: true });
  for (const one of edits) edit(folder, one);
  return folder;
}
