/* Starts the built server, with the public/ of a test. */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { Running, startServer } from './server';
import { appPath, deploy } from './template';

export interface Site extends Running {
  /** The project's folder. */
  folder: string;
  /** Returns the path of the request for a file in public/, encoded, with the application's path in front. */
  at: (name: string) => string;
}

/** Writes a file of public/, and makes its folders. */
export function publish(folder: string, name: string, content: string | Buffer): void {
  const file = path.join(folder, 'public', name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
}

/** Puts a symbolic link into public/. The link gets `to` as it is. */
export function link(folder: string, name: string, to: string): void {
  const file = path.join(folder, 'public', name);
  mkdirSync(path.dirname(file), { recursive: true });
  symlinkSync(to, file);
}

/** Empties public/, lets the test fill it, and starts the server. The server is gone when the test ends. */
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
