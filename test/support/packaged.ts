import type { TestContext } from 'node:test';
import { packBundle } from '../../tools/package/pack';
import { edit, Edit, emptyFolder, root } from './template';

/** What npm run package makes of the template, as it lies on a server, with edits. It is gone when the test ends. */
export async function packaged(t: TestContext, edits: Edit[] = []): Promise<string> {
  const folder = emptyFolder(t, 'packaged-');
  await packBundle(root, folder);
  for (const one of edits) edit(folder, one);
  return folder;
}
