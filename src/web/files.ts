/* Sends the files in public/. pages.ts uses it. */
import compression from 'compression';
import express from 'express';
import { lstat, realpath } from 'fs';
import path from 'path';
import { promisify } from 'util';
import { isServed } from './served';

/**
 * Makes a handler that serves a folder. The handler leaves requests for private and for missing
 * files to the next handler, so that a visitor cannot tell one from the other.
 * @param folder the path of the folder
 */
export function serveFiles(folder: string): express.RequestHandler {
  const send = express.static(folder, {
    // isServed decides about names that begin with a dot.
    dotfiles: 'allow',
    cacheControl: false,
    setHeaders: (res, file: string) => {
      // A browser asks each time whether a page has changed, so it shows a new version at once.
      res.setHeader('Cache-Control', 'no-cache');
      if (isCompressed(file)) res.setHeader('Accept-Ranges', 'none');
    },
  });
  return (req, res, next) => {
    const names = readPath(req.path);
    if (names === null || !isServed(names) || !isReading(req)) return next();
    // The compressed bytes have other places than the plain bytes, but the same ETag. So a
    // compressed file is sent whole. Pictures, films and archives are not compressed, so a browser
    // may ask for parts of them.
    if (isCompressed(names[names.length - 1]!)) delete req.headers.range;
    isInside(folder, names).then(
      inside => inside ? send(req, res, next) : next(),
      (error: NodeJS.ErrnoException) => next(MISSING.includes(error.code!) ? undefined : error),
    );
  };
}

/**
 * The errors for a file that is not there: there is no such name, a file stands in place of a
 * folder, links form a circle, a name is too long.
 */
const MISSING = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'];

const isReading = ({ method }: express.Request) => method === 'GET' || method === 'HEAD';

/**
 * @param text the encoded path of a URL, below the folder
 * @returns the names in the path, with index.html as the last name if the path is a folder's; null
 * if the path is not UTF-8
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

/** Says whether the compression in pages.ts takes a file. The type of its name decides. */
function isCompressed(file: string): boolean {
  // The filter asks an answer only for its type.
  const answer = { getHeader: () => express.static.mime.lookup(file) };
  return compression.filter(undefined as never, answer as never);
}

const stat = promisify(lstat);
const resolve = promisify(realpath);

/**
 * Says whether a file lies in the folder: a symbolic link (on Windows also a junction) can lead out
 * of the folder. Nearly every file has no link on its way below the folder. For such a file the
 * function needs one lstat for each name, and no right to read the folders above.
 * @param names the names on the way to the file
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

/** Says whether the target of a link lies in the folder, and is a file that visitors get. */
async function leadsInside(folder: string, file: string): Promise<boolean> {
  const [home, real] = await Promise.all([resolve(folder), resolve(file)]);
  const names = path.relative(home, real).split(path.sep);
  // A path out of the folder begins with "..", or on Windows with another disk: "D:".
  return isServed(names);
}
