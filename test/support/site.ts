/* The server that is built, with a public/ of the test's own. */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { Running, startServer } from './server';
import { appPath, deploy } from './template';

export interface Site extends Running {
  /** The project's folder. */
  folder: string;
  /** What a path in public/ is asked for by, encoded, with the application's path before it. */
  at: (name: string) => string;
}

/** Writes a file of public/ with the folders that it needs. */
export function publish(folder: string, name: string, content: string | Buffer): void {
  const file = path.join(folder, 'public', name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
}

/** Puts a symbolic link into public/. `to` is written as it is. */
export function link(folder: string, name: string, to: string): void {
  const file = path.join(folder, 'public', name);
  mkdirSync(path.dirname(file), { recursive: true });
  symlinkSync(to, file);
}

/** Empties public/, lets the test fill it, and starts the server. It is gone when the test ends. */
export async function startSite(
  t: TestContext, fill: (folder: string) => void, env: Record<string, string> = {},
): Promise<Site> {
  const folder = deploy(t);
  rmSync(path.join(folder, 'public'), { recursive: true });
  mkdirSync(path.join(folder, 'public'));
  fill(folder);
  const server = await startServer(t, { folder, env });
  const root = env.APP_PATH === '/' ? '' : appPath;
  return { ...server, folder, at: name => `${root}/${name}` };
}
