/* Finds files as Windows does, and serves them as IIS's static file handler does. */
import type { Response } from 'express';
import { once } from 'node:events';
import { existsSync, readdirSync, Stats, statSync } from 'node:fs';
import path from 'node:path';
import type { Visit } from './visit';

export function isFile(file: string): boolean {
  return look(file)?.isFile() ?? false;
}

export function isDirectory(folder: string): boolean {
  return look(folder)?.isDirectory() ?? false;
}

/** @returns null if there is no such file, or if a part of its path is no folder */
function look(file: string): Stats | null {
  try {
    return statSync(file);
  } catch {
    return null;
  }
}

/**
 * Finds the file of a relative path, in any case of letters, because Windows ignores case.
 * @returns the path of the file; the given path if there is no such file
 */
export function findFile(folder: string, relative: string): string {
  let at = folder;
  for (const segment of relative.split('/').filter(one => one !== '')) {
    at = path.join(at, nameInFolder(at, segment));
  }
  return at;
}

function nameInFolder(folder: string, name: string): string {
  if (existsSync(path.join(folder, name)) || !isDirectory(folder)) return name;
  const lowerCase = name.toLowerCase();
  return readdirSync(folder).find(one => one.toLowerCase() === lowerCase) ?? name;
}

/** Sends a file. Express answers conditional requests and requests for a range as IIS does. */
export async function sendFile(visit: Visit, file: string, mimeType: string): Promise<void> {
  const { req, res } = visit;
  // express is loaded only here: most sites have no file for IIS to send, and express would take
  // most of the time of preview's start.
  const { default: express } = await import('express');
  const serve = express.static(path.dirname(file), {
    index: false,
    redirect: false,
    dotfiles: 'allow',
    setHeaders: response => response.setHeader('Content-Type', mimeType),
  });
  req.url = `/${encodeURIComponent(path.basename(file))}`;
  serve(req, res as Response, () => {
    // Express does not find the file: the file was deleted meanwhile.
    res.statusCode = 404;
    res.end();
  });
  await once(res, 'close');
}
