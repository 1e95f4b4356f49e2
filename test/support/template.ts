/* The template itself: its place, and copies of it to change. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { readConfig } from '../../src/config';
import { copyFolder } from './copy';
import { assertIsCopy, isInLink, makeEchoSite, putEcho } from './echo';

/** The project's folder. This file runs as build/test/support/template.js. */
export const root = path.join(__dirname, '..', '..', '..');
export const fromRoot = createRequire(path.join(root, 'package.json'));

/** The application's default path. The tests pass with any path. */
export const { appPath, resource } = readConfig({});

/** Another path than the application's default. */
export const otherPath = appPath === '/other' ? '/another' : '/other';

/** An edit: a file, a text in it that must be there, and the text in its place. */
export type Edit = [file: string, from: string | RegExp, to: string];

/**
 * Makes a folder with the files of a server: the built template, without its sources, with the
 * application of the tests (echo.ts), and with edits. The folder is gone when the test ends. Unless the
 * edits need them, dist/realtime and deploy are links to the project's own folders.
 * @returns the path of the folder
 */
export function deploy(t: TestContext, edits: Edit[] = []): string {
  return makeDeployed(t, edits, edits.some(([file]) => isInLink(file)));
}

/** Does the same as deploy(), but only node_modules is a link. */
export function deployWhole(t: TestContext, edits: Edit[] = []): string {
  return makeDeployed(t, edits, true);
}

function makeDeployed(t: TestContext, edits: Edit[], isWhole: boolean): string {
  const folder = emptyFolder(t, 'deployed-');
  makeEchoSite(folder, isWhole);
  for (const one of edits) edit(folder, one);
  return folder;
}

/** Edits a file. @throws if the text is not there, or if the file is in a folder that is a link */
export function edit(folder: string, [name, from, to]: Edit): void {
  assertIsCopy(folder, name);
  const file = path.join(folder, name);
  const before = readFileSync(file, 'utf8');
  const after = before.replace(from, () => to);
  if (after === before) throw new Error(`${name} does not have ${from}`);
  writeFileSync(file, after);
}

/** Makes a folder that is gone when the test ends. */
export function emptyFolder(t: TestContext, prefix: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), prefix));
  // After the end of a process, Windows keeps the process's folder for a moment. rm tries again then, but rmSync does not.
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }));
  return folder;
}

/**
 * Makes a folder with the files of a clone, with the application of the tests (echo.ts). The folder is
 * gone when the test ends.
 * @param without the folders to leave out: test has more than half of the files
 */
export function cloneTemplate(t: TestContext, without: string[] = []): string {
  const folder = emptyFolder(t, 'template-');
  const leftOut = ['node_modules', 'dist', 'build', 'iisnode', '.git', path.join('tools', 'bench', 'node_modules'), path.join('tools', 'words', 'node_modules'), ...without];
  copyFolder(root, folder, {
    keepTimes: true, // the build compares times, and makes no file again without need
    isWanted: from => !leftOut.includes(path.relative(root, from)),
  });
  putEcho(folder);
  return folder;
}
