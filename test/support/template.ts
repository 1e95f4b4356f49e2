/* The template itself: where it lies, and copies of it to change. */
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { readConfig } from '../../src/config';
import { makeEchoSite, putEcho } from './echo';

/** The project's folder. This file runs as build/test/support/template.js. */
export const root = path.join(__dirname, '..', '..', '..');
export const fromRoot = createRequire(path.join(root, 'package.json'));

/** Where the application lives by default: these tests hold under any name that it is given. */
export const { appPath, resource } = readConfig({});

/** A text of a file that is replaced by another. It must be there. */
export type Edit = [file: string, from: string | RegExp, to: string];

/**
 * Makes a folder of what lies on a server: the template as it is built, without its sources, with the
 * application of the tests (echo.ts), and with edits. It is gone when the test ends.
 * @returns its path
 */
export function deploy(t: TestContext, edits: Edit[] = []): string {
  const folder = emptyFolder(t, 'deployed-');
  makeEchoSite(folder);
  for (const one of edits) edit(folder, one);
  return folder;
}

/** @throws if the text is not there */
export function edit(folder: string, [name, from, to]: Edit): void {
  const file = path.join(folder, name);
  const before = readFileSync(file, 'utf8');
  const after = before.replace(from, () => to);
  if (after === before) throw new Error(`${name} does not have ${from}`);
  writeFileSync(file, after);
}

/** Makes a folder that is gone when the test ends. */
export function emptyFolder(t: TestContext, prefix: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), prefix));
  // Windows keeps a folder for a moment after the end of a process that ran in it: rm tries again then, rmSync does not.
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }));
  return folder;
}

/**
 * Copies what a clone would have into a folder of its own, with the application of the tests
 * (echo.ts). The folder is gone when the test ends.
 * @param without folders that are left out: test has more than half of the files
 */
export function cloneTemplate(t: TestContext, without: string[] = []): string {
  const folder = emptyFolder(t, 'template-');
  const leftOut = ['node_modules', 'dist', 'build', 'iisnode', '.git', path.join('tools', 'bench', 'node_modules'), path.join('tools', 'words', 'node_modules'), ...without];
  // On Windows the filter is given its long form of a path: \\?\C:\…
  const long = (name: string) => path.toNamespacedPath(name);
  cpSync(root, folder, {
    recursive: true,
    preserveTimestamps: true, // by their times the build knows what it need not make again
    filter: from => !leftOut.includes(path.relative(long(root), long(from))),
  });
  putEcho(folder);
  return folder;
}
