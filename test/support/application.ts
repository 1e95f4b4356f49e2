/*
 * The template as it is on a server, with an application and pages of the tests (the folder
 * application). So the tests pass whatever a user writes in src/ and public/.
 */
import { copyFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { copyFolder } from './copy';
import { Running, StartOptions, startServer } from './server';
import { isInLink, putServer } from './echo';
import { wholeFile } from './file';
import { edit, Edit, emptyFolder, root } from './template';

/** The files of the application: app.js, pages.js, and public/. */
const application = path.join(root, 'test', 'support', 'application');

/** Replaces the application in a folder with the application of the tests. The folder must be built. */
export function layApplication(folder: string): void {
  for (const name of ['app.js', 'pages.js']) {
    copyFileSync(path.join(application, name), path.join(folder, 'dist', name));
  }
  rmSync(path.join(folder, 'public'), { recursive: true, force: true });
  copyFolder(path.join(application, 'public'), path.join(folder, 'public'));
  copyFileSync(path.join(root, 'public', 'realtime.js'), path.join(folder, 'public', 'realtime.js'));
}

/**
 * Makes a folder with the built files that a server needs, and edits them. The folder is gone when
 * the test ends. Unless the edits need them, dist/realtime and deploy are links to the project's own
 * folders.
 * @param edits the edits of files such as 'web.config', 'iisnode.yml', 'dist/app.js',
 *   'public/index.html'
 * @returns the path of the folder
 */
export function deployApplication(t: TestContext, edits: Edit[] = []): string {
  const folder = emptyFolder(t, 'application-');
  putServer(folder, edits.some(([file]) => isInLink(file)));
  layApplication(folder);
  for (const one of edits) edit(folder, one);
  return folder;
}

/** Starts the server with the application of the tests. The server is gone when the test ends. */
export function startApplication(
  t: TestContext, options: Omit<StartOptions, 'folder'> = {}, edits: Edit[] = [],
): Promise<Running> {
  return startServer(t, { ...options, folder: deployApplication(t, edits) });
}

/** The servers that the tests of a file share, by their settings. */
const shared = new Map<string, Promise<Running>>();

/**
 * Does the same as startApplication(), but tests with the same settings get the same server. It is
 * gone when all tests of the file have ended. A start takes more processor time than most tests.
 */
export function shareApplication(env: Record<string, string> = {}): Promise<Running> {
  const settings = JSON.stringify(env);
  const server = shared.get(settings) ?? startApplication(wholeFile, { env });
  shared.set(settings, server);
  return server;
}
