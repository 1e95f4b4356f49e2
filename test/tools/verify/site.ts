/* Makes copies of the template with an application and a page for these tests, and serves them. */
import { copyFileSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { IisOptions } from '../../../tools/iis';
import { Deployed, serveAsIis } from '../../support/iis';
import { emptyFolder, root } from '../../support/template';
import type { Edit } from './config';

const PAGE = `<!DOCTYPE html>
<html lang="en">
<head><title>for verify</title><link rel="stylesheet" href="style.css"></head>
<body>
  <script src="socket/socket.io.js"></script>
  <script src="realtime.js"></script>
  <script src="own.js"></script>
</body>
</html>
`;

/** The application holds polls for 2 s, so that the tests are quick. It acknowledges 'hello'. */
const APP = `
exports.app = io => {
  io.set('polling duration', 2);
  /* more */
  io.sockets.on('connection', socket => {
    socket.on('hello', (text, ack) => ack && ack(text));
  });
};
`;

/** The event of this application. */
export const EVENT = 'hello';

/**
 * Copies the files of the template that a server has, and edits them. The copy is deleted when the
 * test ends.
 * @returns the folder of the copy
 */
export function make(t: TestContext, edits: Edit[]): string {
  const folder = emptyFolder(t, 'verify-');
  for (const name of ['web.config', 'iisnode.yml', 'package.json']) {
    copyFileSync(path.join(root, name), path.join(folder, name));
  }
  mkdirSync(path.join(folder, 'dist'));
  for (const entry of readdirSync(path.join(root, 'dist'), { withFileTypes: true })) {
    // No test changes a file in a folder of dist, and a link takes less time than a hundred copies.
    const name = path.join('dist', entry.name);
    if (entry.isDirectory()) linkFolder(folder, name);
    else if (name.endsWith('.js')) copyFileSync(path.join(root, name), path.join(folder, name));
  }
  linkFolder(folder, 'node_modules');
  mkdirSync(path.join(folder, 'public'));
  copyFileSync(path.join(root, 'public/realtime.js'), path.join(folder, 'public/realtime.js'));
  const text = { 'index.html': PAGE, 'style.css': 'body { margin: 0 }\n', 'own.js': 'var own = 1;\n' };
  for (const [name, content] of Object.entries(text)) {
    writeFileSync(path.join(folder, 'public', name), content);
  }
  writeFileSync(path.join(folder, 'dist/app.js'), APP);
  for (const edit of edits) edit(folder);
  return folder;
}

/** Puts a link to a folder of the template into a copy. */
function linkFolder(folder: string, name: string): void {
  symlinkSync(path.join(root, name), path.join(folder, name), 'junction');
}

/** Serves a copy as IIS would, until the test ends. */
export function site(
  t: TestContext, edits: Edit[] = [], options: Partial<IisOptions> = {},
): Promise<Deployed> {
  return serveAsIis(t, [], options, () => make(t, edits));
}

/** Writes a web.config of the folder above. @returns its path */
export function parentFile(t: TestContext, inside: string): string {
  const file = path.join(emptyFolder(t, 'verify-parent-'), 'web.config');
  writeFileSync(file, `<configuration>${inside}</configuration>`);
  return file;
}
