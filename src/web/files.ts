/* The files in public/, and how they are sent. pages.ts serves them. */
import compression from 'compression';
import express from 'express';
import { lstat, realpath } from 'fs';
import path from 'path';
import { promisify } from 'util';
import { isServed } from './served';

/**
 * `serveFiles` serves a folder. Whatever is not to be had there is left to the next handler, so
 * that a visitor cannot tell a private file from none.
 * @param folder its path
 */
export function serveFiles(folder: string): express.RequestHandler {
  const send = express.static(folder, {
    // isServed decides.
    dotfiles: 'allow',
    cacheControl: false,
    setHeaders: (res, file: string) => {
      // A browser asks each time whether a page has changed: a new version is seen at once.
      res.setHeader('Cache-Control', 'no-cache');
      if (isCompressed(file)) res.setHeader('Accept-Ranges', 'none');
    },
  });
  return (req, res, next) => {
    const names = readPath(req.path);
    if (names === null || !isServed(names) || !isReading(req)) return next();
    // The compressed bytes have other places than the plain ones, and their ETag is the same. So a
    // file that is compressed comes whole. Pictures, films and archives come as they are, in parts
    // where a part is asked for.
    if (isCompressed(names[names.length - 1]!)) delete req.headers.range;
    isInside(folder, names).then(
      inside => inside ? send(req, res, next) : next(),
      (error: NodeJS.ErrnoException) => next(MISSING.includes(error.code!) ? undefined : error),
    );
  };
}

/** Why there is no such file: it is gone, a file is taken for a folder, a link leads to itself. */
const MISSING = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'];

const isReading = ({ method }: express.Request) => method === 'GET' || method === 'HEAD';

/**
 * @param text a URL's path, encoded, below the folder
 * @returns the names in it, a folder's index.html at the end; null if it is no text in UTF-8
 */
function readPath(text: string): string[] | null {
  try {
    const names = decodeURIComponent(text).slice(1).split('/');
    if (names[names.length - 1] === '') names[names.length - 1] = 'index.html';
    return names;
  } catch {
    return null;
  }
}

/** Whether the compression in pages.ts takes a file, by the type that its name has. */
function isCompressed(file: string): boolean {
  // The filter asks for nothing but the type.
  const answer = { getHeader: () => express.static.mime.lookup(file) };
  return compression.filter(undefined as never, answer as never);
}

const stat = promisify(lstat);
const resolve = promisify(realpath);

/**
 * Whether a file lies in the folder: a symbolic link (on Windows a junction, too) can lead out of
 * it. Where there is no link on the way below the folder, as with nearly every file, that takes one
 * lstat for each name, and no right to read the folders above.
 * @param names the names on the way to it
 * @throws Error of the file system, if there is no such file
 */
async function isInside(folder: string, names: readonly string[]): Promise<boolean> {
  let at = folder;
  for (const name of names) {
    at = path.join(at, name);
    if ((await stat(at)).isSymbolicLink()) return leadsInside(folder, path.join(folder, ...names));
  }
  return true;
}

/** Whether the file that a name stands for lies in the folder, and is one that visitors get. */
async function leadsInside(folder: string, file: string): Promise<boolean> {
  const [home, real] = await Promise.all([resolve(folder), resolve(file)]);
  const names = path.relative(home, real).split(path.sep);
  // A path out of the folder begins with "..", or on Windows with another disk: "D:".
  return isServed(names);
}
