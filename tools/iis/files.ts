/* Files, as Windows finds them and IIS's static file handler serves them. */
import express from 'express';
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

/** null for what is not there, or is no folder where the path needs one. */
function look(file: string): Stats | null {
  try {
    return statSync(file);
  } catch {
    return null;
  }
}

/** The file of a relative path, whatever the case of its letters: Windows does not tell them apart. */
export function findFile(folder: string, relative: string): string {
  let at = folder;
  for (const segment of relative.split('/').filter(one => one !== '')) {
    const next = path.join(at, segment);
    at = existsSync(next) || !isDirectory(at)
      ? next
      : path.join(at, readdirSync(at).find(name => name.toLowerCase() === segment.toLowerCase()) ?? segment);
  }
  return at;
}

/** Sends a file that is there, with its times, ranges and conditions. */
export async function sendFile(visit: Visit, file: string, mimeType: string): Promise<void> {
  const { req, res } = visit;
  const serve = express.static(path.dirname(file), {
    index: false, redirect: false, dotfiles: 'allow', setHeaders: response => response.setHeader('Content-Type', mimeType),
  });
  req.url = `/${encodeURIComponent(path.basename(file))}`;
  serve(req, res as express.Response, () => {
    // It went away meanwhile.
    res.statusCode = 404;
    res.end();
  });
  await once(res, 'close');
}
